//! Finding the key of the server where the server itself is told about it.

use std::path::PathBuf;

use reqwest::Url;
use serde::Deserialize;

use super::{Server, port, read, rust_files, server_address, tauri_files};
use crate::activitywatch::is_loopback;
use crate::dirs::Dirs;
use crate::settings::secret::Secret;

/// Returns the key that aw-server-rust's configuration has for the server at `url`, and the file that it stands in.
///
/// Only if `url` is where that very server listens, on this machine: its key is for nobody else.
pub(in crate::settings) fn find(
    dirs: &Dirs,
    testing: bool,
    url: &Url,
) -> Option<(Secret, PathBuf)> {
    if !is_loopback(url) {
        return None;
    }
    let wanted = server_address(url.host_str(), url.port_or_known_default(), testing);
    let wanted = Url::parse(&wanted)
        .ok()
        .filter(|_| url.scheme() == "http")?;
    // aw-tauri runs the same server with the same configuration, but has a port of its own.
    let tauri_ports: Vec<u16> = tauri_files(dirs, testing)
        .filter_map(|path| read::<Server>(&path, None)?.port)
        .collect();
    rust_files(dirs, testing).find_map(|path| {
        let RustServer {
            address,
            port,
            auth,
        } = read(&path, None)?;
        let ports = std::iter::once(port).chain(tauri_ports.iter().copied().map(Some));
        let is_wanted = ports
            .map(|port| server_address(address.as_deref(), port, testing))
            .any(|address| Url::parse(&address).is_ok_and(|url| url == wanted));
        let key = auth.api_key.filter(|key| !key.expose().is_empty())?;
        is_wanted.then_some((key, path))
    })
}

/// What aw-server-rust's file says.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RustServer {
    address: Option<String>,
    #[serde(deserialize_with = "port")]
    port: Option<u16>,
    auth: Auth,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    /// An empty one asks for none.
    api_key: Option<Secret>,
}

#[cfg(test)]
mod tests {
    use super::super::tests::dirs;
    use super::*;

    const RUST: &str = "config/aw-server-rust/config.toml";
    const RUST_TESTING: &str = "config/aw-server-rust/config-testing.toml";
    const TAURI: &str = "config/aw-tauri/config.toml";
    const AUTH: &str = "[auth]\napi_key = 'hunter2'";

    /// Whether the key is found for the server at `url`.
    fn is_for(url: &str, files: &[(&str, &str)], testing: bool) -> bool {
        let root = tempfile::tempdir().unwrap();
        let found = find(
            &dirs(root.path(), files),
            testing,
            &Url::parse(url).unwrap(),
        );
        found.is_some_and(|(key, _)| key.expose() == "hunter2")
    }

    #[test]
    fn a_key_is_for_the_server_whose_file_names_it() {
        let with = |lines: &str| format!("{lines}\n{AUTH}");
        for (lines, url, expected) in [
            ("", "http://127.0.0.1:5600", true),
            ("", "http://localhost:5600/prefix", true),
            ("", "http://127.0.0.1:5601", false),
            ("", "http://127.0.0.1:5666", false),
            ("", "http://127.0.0.2:5600", false),
            ("", "http://[::1]:5600", false),
            ("", "http://desk.lan:5600", false),
            ("", "https://127.0.0.1:5600", false),
            ("", "http://127.0.0.1", false),
            ("port = 5601", "http://127.0.0.1:5601", true),
            ("port = 5601", "http://127.0.0.1:5600", false),
            ("port = 80", "http://127.0.0.1", true),
            ("address = '0.0.0.0'", "http://127.0.0.1:5600", true),
            ("address = '::1'", "http://[::1]:5600", true),
            ("address = 'desk.lan'", "http://desk.lan:5600", false),
            ("address = '10.0.0.5'", "http://127.0.0.1:5600", false),
        ] {
            let files = [(RUST, &*with(lines))];
            assert_eq!(is_for(url, &files, false), expected, "{lines} {url}");
        }
    }

    #[test]
    fn testing_has_a_key_of_its_own() {
        for (file, url, testing, expected) in [
            (RUST_TESTING, "http://127.0.0.1:5666", true, true),
            (RUST_TESTING, "http://127.0.0.1:5600", true, false),
            (RUST_TESTING, "http://127.0.0.1:5666", false, false),
            (RUST, "http://127.0.0.1:5666", true, false),
            (RUST, "http://127.0.0.1:5600", true, false),
        ] {
            let found = is_for(url, &[(file, AUTH)], testing);
            assert_eq!(found, expected, "{file} {url} {testing}");
        }
    }

    #[test]
    fn the_server_within_aw_tauri_has_the_key_and_another_port() {
        let files = [(RUST, AUTH), (TAURI, "port = 5604")];
        for (url, testing, expected) in [
            ("http://127.0.0.1:5604", false, true),
            ("http://127.0.0.1:5600", false, true),
            ("http://127.0.0.1:5605", false, false),
            ("http://127.0.0.1:5604", true, false),
        ] {
            assert_eq!(is_for(url, &files, testing), expected, "{url} {testing}");
        }
    }

    #[test]
    fn a_file_that_asks_for_no_key_is_passed_over() {
        for text in [
            "",
            "[auth]",
            "[auth]\napi_key = ''",
            "[auth]\napi_key = 5",
            "auth = 5",
            "[auth",
            "#[auth]\n#api_key = 'hunter2'",
        ] {
            let url = "http://127.0.0.1:5600";
            assert!(!is_for(url, &[(RUST, text)], false), "{text}");
            let files = [("roaming/aw-server-rust/config.toml", text), (RUST, AUTH)];
            assert!(is_for(url, &files, false), "{text}");
        }
    }
}
