//! Finding the ActivityWatch server where its own programs are told about it.
//!
//! The order is the one in which ActivityWatch's clients would look; the first file that speaks decides. A file that
//! is missing or broken says nothing: it belongs to another program, which will complain about it itself.

use std::{
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use reqwest::Url;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use toml::Table;

use crate::dirs::Dirs;

pub(super) mod api_key;

/// The server that a search ended at.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    pub(super) url: Url,
    /// The file that named it; none if it is where ActivityWatch listens by default.
    pub(super) file: Option<PathBuf>,
}

/// Returns the address of an ActivityWatch server, the missing half as it is by default.
///
/// A server that listens everywhere (`0.0.0.0`) is reached at this machine, and `localhost` becomes the literal
/// address because the servers listen on IPv4 only.
pub fn server_address(host: Option<&str>, port: Option<u16>, testing: bool) -> String {
    let port = port.unwrap_or(if testing { 5666 } else { 5600 });
    match host.map_or("127.0.0.1", str::trim) {
        "" | "localhost" | "0.0.0.0" => format!("http://{}:{port}", Ipv4Addr::LOCALHOST),
        ipv6 if ipv6.contains(':') && !ipv6.starts_with('[') => format!("http://[{ipv6}]:{port}"),
        host => format!("http://{host}:{port}"),
    }
}

/// Searches ActivityWatch's own configuration for the server.
pub(super) fn find(dirs: &Dirs, testing: bool) -> Found {
    for (path, section) in places(dirs, testing) {
        if let Some(url) =
            read(&path, section).and_then(|server: Server| server.url(&path, testing))
        {
            return Found {
                url,
                file: Some(path),
            };
        }
    }
    let url =
        Url::parse(&server_address(None, None, testing)).expect("the default address is a URL");
    Found { url, file: None }
}

/// Returns the files in which ActivityWatch may say where its server is and what key it wants, whether or not they are
/// there.
pub fn server_files(dirs: &Dirs, testing: bool) -> Vec<PathBuf> {
    places(dirs, testing).map(|(path, _)| path).collect()
}

/// Where the server may be named, in the order of search: the file, and the table in it if it is not the whole file.
fn places(
    dirs: &Dirs,
    testing: bool,
) -> impl Iterator<Item = (PathBuf, Option<&'static str>)> + use<'_> {
    let section = if testing { "server-testing" } else { "server" };
    let client = dirs.base_config.join("aw-client/aw-client.toml");
    let python = dirs.base_config.join("aw-server/aw-server.toml");
    std::iter::once((client, Some(section)))
        .chain(rust_files(dirs, testing).map(|path| (path, None)))
        .chain([(python, Some(section))])
        .chain(tauri_files(dirs, testing).map(|path| (path, None)))
}

/// Where aw-server-rust may have its configuration, in the order of search.
fn rust_files(dirs: &Dirs, testing: bool) -> impl Iterator<Item = PathBuf> {
    let file = if testing {
        "config-testing.toml"
    } else {
        "config.toml"
    };
    dirs.rust_configs
        .iter()
        .map(move |base| base.join("aw-server-rust").join(file))
}

/// Where aw-tauri may have its configuration; its port is that of its normal server, even when it was started with
/// `--testing`.
fn tauri_files(dirs: &Dirs, testing: bool) -> impl Iterator<Item = PathBuf> {
    dirs.rust_configs
        .iter()
        .map(|base| base.join("aw-tauri/config.toml"))
        .filter(move |_| !testing)
}

/// What a file says about the server.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Server {
    /// Only aw-client's file has it; the others name the address to listen on.
    hostname: Option<String>,
    #[serde(deserialize_with = "port")]
    port: Option<u16>,
}

impl Server {
    fn url(self, path: &Path, testing: bool) -> Option<Url> {
        if self.hostname.is_none() && self.port.is_none() {
            return None;
        }
        let address = server_address(self.hostname.as_deref(), self.port, testing);
        Url::parse(&address)
            .inspect_err(|error| log::debug!("{}: ignored: {address}: {error}", path.display()))
            .ok()
    }
}

/// Reads a port; ActivityWatch writes it as text in some files and as a number in others, and people mix them up.
fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Port {
        Number(u16),
        Text(String),
    }
    match Port::deserialize(deserializer)? {
        Port::Number(port) => Ok(Some(port)),
        Port::Text(text) => text.trim().parse().map(Some).map_err(D::Error::custom),
    }
}

fn read<T: DeserializeOwned>(path: &Path, section: Option<&str>) -> Option<T> {
    let ignored =
        |reason: &dyn std::fmt::Display| log::debug!("{}: ignored: {reason}", path.display());
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            ignored(&error);
            return None;
        }
    };
    let mut table: Table = text
        .parse()
        .inspect_err(|error: &toml::de::Error| ignored(&error.message()))
        .ok()?;
    let server = match section {
        Some(section) => table.remove(section)?,
        None => table.into(),
    };
    server
        .try_into()
        .inspect_err(|error: &toml::de::Error| ignored(&error.message()))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "config/aw-client/aw-client.toml";
    const RUST: &str = "config/aw-server-rust/config.toml";
    const RUST_TESTING: &str = "config/aw-server-rust/config-testing.toml";
    const PYTHON: &str = "config/aw-server/aw-server.toml";
    const TAURI: &str = "config/aw-tauri/config.toml";

    /// Writes `files` below `root` and returns the directories of a user who has them.
    pub(super) fn dirs(root: &Path, files: &[(&str, &str)]) -> Dirs {
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut dirs = Dirs::below(root);
        dirs.rust_configs.insert(0, root.join("roaming"));
        dirs
    }

    fn found(files: &[(&str, &str)], testing: bool) -> (String, Option<String>) {
        let root = tempfile::tempdir().unwrap();
        let dirs = dirs(root.path(), files);
        let Found { url, file } = find(&dirs, testing);
        let file = file.map(|path| {
            path.strip_prefix(root.path())
                .unwrap()
                .display()
                .to_string()
        });
        (url.into(), file)
    }

    #[test]
    fn the_first_file_that_speaks_decides() {
        let client = (CLIENT, "[server]\nhostname = 'localhost'\nport = '5601'");
        let rust = (RUST, "port = 5602");
        let python = (PYTHON, "[server]\nhost = 'localhost'\nport = '5603'");
        let tauri = (TAURI, "port = 5604\n[autostart]\nenabled = true");
        let all = [client, rust, python, tauri];
        for (skip, port, file) in [
            (0, 5601, CLIENT),
            (1, 5602, RUST),
            (2, 5603, PYTHON),
            (3, 5604, TAURI),
        ] {
            let expected = (format!("http://127.0.0.1:{port}/"), Some(file.to_owned()));
            assert_eq!(found(&all[skip..], false), expected);
        }
        assert_eq!(
            found(&[], false),
            ("http://127.0.0.1:5600/".to_owned(), None)
        );
    }

    #[test]
    fn testing_has_its_own_sections_files_and_port() {
        let client = (
            CLIENT,
            "[server]\nport = '5601'\n[server-testing]\nport = 5667",
        );
        let rust = (RUST_TESTING, "port = 5668");
        let python = (
            PYTHON,
            "[server]\nport = '5603'\n[server-testing]\nport = '5669'",
        );
        let normal = [
            (CLIENT, "[server]\nport = '5601'"),
            (RUST, "port = 5602"),
            (TAURI, "port = 5604"),
        ];
        for (files, port) in [
            (&[client, rust][..], 5667),
            (&[rust, python], 5668),
            (&[python], 5669),
            (&normal, 5666),
        ] {
            assert_eq!(found(files, true).0, format!("http://127.0.0.1:{port}/"));
        }
    }

    #[test]
    fn on_windows_the_first_directory_of_the_rust_server_decides() {
        let files = [
            ("roaming/aw-server-rust/config.toml", "port = 5700"),
            (RUST, "port = 5602"),
        ];
        assert_eq!(found(&files, false).0, "http://127.0.0.1:5700/");
    }

    #[test]
    fn what_is_broken_or_silent_is_passed_over() {
        for text in [
            "",
            "[server",
            "[server]",
            "server = 5",
            "[server]\nport = 'many'",
            "[server]\nport = 70000",
            "[server]\nhostname = 'bad host'",
            "[client]\ncommit_interval = 10",
        ] {
            let files = [(CLIENT, text), (RUST, "port = 5602")];
            assert_eq!(found(&files, false).1.as_deref(), Some(RUST), "{text}");
        }
    }

    #[test]
    fn addresses_are_those_that_a_client_can_reach() {
        for (host, port, address) in [
            (None, None, "http://127.0.0.1:5600"),
            (Some("localhost"), Some(5700), "http://127.0.0.1:5700"),
            (Some("0.0.0.0"), None, "http://127.0.0.1:5600"),
            (Some("desk.lan"), None, "http://desk.lan:5600"),
            (Some("::1"), Some(1), "http://[::1]:1"),
            (Some("[::1]"), Some(1), "http://[::1]:1"),
        ] {
            assert_eq!(server_address(host, port, false), address);
        }
        assert_eq!(server_address(None, None, true), "http://127.0.0.1:5666");
    }
}
