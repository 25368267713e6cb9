//! The settings file: where it is, how it is read, and how the first one is written.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml::de::{DeTable, DeValue, Deserializer};

use super::{
    error::{Problem, SettingsError},
    mistake,
    origin::Origin,
    partial::PartialSettings,
    remote_write, shown,
};
use crate::dirs::Dirs;

/// What the first file says: every key, each with its default, commented out.
///
/// It is plain ASCII and every line is a comment, so that any part of it is a valid file: a crash while it is
/// written does no harm.
pub(super) const EXAMPLE: &str = include_str!("../../aw-sync-agent.toml.example");

/// Returns the path of the settings file; testing has its own, since on some systems both share a directory.
pub fn path(dirs: &Dirs, testing: bool) -> PathBuf {
    dirs.config.join(if testing {
        "aw-sync-agent-testing.toml"
    } else {
        "aw-sync-agent.toml"
    })
}

/// Writes the commented defaults to `path` unless there is a file; returns whether it was written.
///
/// # Errors
/// Whatever keeps the directory or the file from being made, such as a read-only home.
pub fn init(path: &Path) -> io::Result<bool> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)] // a password may be written into it later
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => file.write_all(EXAMPLE.as_bytes()).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// The layer that the file is, and the line of each of its keys.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) settings: PartialSettings,
    pub(super) origins: Vec<(String, Origin)>,
}

/// Reads the file at `path`; there may be none.
///
/// # Errors
/// [`SettingsError::File`] when it cannot be read, is not TOML, or has an unknown key or a value of the wrong type.
pub(super) fn read(path: &Path) -> Result<Option<File>, SettingsError> {
    match fs::read_to_string(path) {
        Ok(text) => parse(path, &text).map(Some),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => {
            let origin = Origin::File {
                path: path.to_owned(),
                line: None,
            };
            Err(SettingsError::new(origin, Problem::Unreadable(error)))
        }
    }
}

/// Whether there is no file, be it that there is no directory to hold it.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Reads `text`, the contents of the file at `path`.
pub(super) fn parse(path: &Path, text: &str) -> Result<File, SettingsError> {
    let line_of = |offset: usize| text[..offset].matches('\n').count() + 1;
    let origin = |line| Origin::File {
        path: path.to_owned(),
        line,
    };

    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map(|span| line_of(span.start));
        SettingsError::new(origin(line), mistake::syntax(error.message()))
    })?;
    let mut offsets = Vec::new();
    collect_offsets(table.get_ref(), "", &mut offsets);
    let settings = PartialSettings::deserialize(Deserializer::from(table)).map_err(|error| {
        let offset = error.span().map(|span| span.start);
        let key = offset.and_then(|offset| offsets.iter().rfind(|(_, start)| *start <= offset));
        let problem = mistake::value(error.message(), key.map_or("", |(key, _)| key));
        SettingsError::new(origin(offset.map(line_of)), problem)
    })?;
    let fault = |key: &str, problem| {
        let offset = offsets.iter().find(|(other, _)| other == key);
        let line = offset.map(|(_, offset)| line_of(*offset));
        Err(SettingsError::new(origin(line), problem))
    };
    let mut destinations = settings.remote_write.iter().flatten();
    let first = destinations.next();
    if settings.prometheus_url.is_some() && first.is_some_and(|table| table.url.is_some()) {
        return fault("prometheus-url", Problem::TwoUrls);
    }
    if settings.aw_api_key.is_some() && settings.aw_api_key_file.is_some() {
        return fault("aw-api-key", Problem::TwoApiKeys);
    }
    let origins = offsets
        .into_iter()
        .map(|(key, offset)| (key, origin(Some(line_of(offset)))))
        .collect();
    Ok(File { settings, origins })
}

/// Collects where each key stands, nested ones dotted, the tables of a list counted from 1 (`relabel[2].regex`).
///
/// A lone destination is not counted, so that its keys are the same however it is written.
fn collect_offsets(table: &DeTable<'_>, prefix: &str, offsets: &mut Vec<(String, usize)>) {
    for (name, value) in table {
        let key = match name.get_ref().as_ref() {
            "userId" => "user-id".to_owned(),
            name => format!("{prefix}{}", shown::key(name)),
        };
        offsets.push((key.clone(), name.span().start));
        let tables = match value.get_ref() {
            DeValue::Array(list) => &list[..],
            _ => std::slice::from_ref(value),
        };
        let is_numbered =
            value.get_ref().is_array() && (key != remote_write::TABLE || tables.len() > 1);
        for (table, number) in tables.iter().zip(1..) {
            let Some(keys) = table.get_ref().as_table() else {
                continue;
            };
            let key = if is_numbered {
                let key = format!("{key}[{number}]");
                offsets.push((key.clone(), table.span().start));
                key
            } else {
                key.clone()
            };
            collect_offsets(keys, &format!("{key}."), offsets);
        }
    }
    // A table is sorted by name; the search for the key around an offset needs the order of the file.
    offsets.sort_by_key(|(_, offset)| *offset);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        parse(Path::new("a.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn each_key_has_its_line() {
        let text = "cron = '@hourly'\nuserId = 'ada'\n\n[labels]\nteam = 'a'\n[[remote-write]]\nurl = 'http://a'";
        let file = parse(Path::new("a.toml"), text).unwrap();
        let lines: Vec<_> = file
            .origins
            .iter()
            .map(|(key, origin)| format!("{key} {origin}"))
            .collect();
        assert_eq!(
            lines,
            [
                "cron a.toml: line 1",
                "user-id a.toml: line 2",
                "labels a.toml: line 4",
                "labels.team a.toml: line 5",
                "remote-write a.toml: line 6",
                "remote-write.url a.toml: line 7",
            ]
        );
    }

    #[test]
    fn several_destinations_are_counted_and_one_is_not() {
        let keys = |text: &str| {
            let file = parse(Path::new("a.toml"), text).unwrap();
            let mut keys: Vec<_> = file.origins.into_iter().map(|(key, _)| key).collect();
            keys.sort();
            keys.join(" ")
        };
        let one = "remote-write remote-write.url";
        assert_eq!(keys("[remote-write]\nurl = 'http://a'"), one);
        assert_eq!(keys("[[remote-write]]\nurl = 'http://a'"), one);
        assert_eq!(
            keys(
                "[[remote-write]]\nurl = 'http://a'\n[[remote-write]]\nurl = 'http://b'\n[[remote-write.relabel]]\naction = 'drop'"
            ),
            "remote-write remote-write[1] remote-write[1].url remote-write[2] remote-write[2].relabel remote-write[2].relabel[1] remote-write[2].relabel[1].action remote-write[2].url"
        );
    }

    #[test]
    fn each_table_of_a_list_has_its_line() {
        for text in [
            "[[relabel]]\naction = 'keep'\n[[relabel]]\nregex = 'a'\naction = 'drop'",
            "relabel = [{ action = 'keep' },\n\n{ action = 'drop',\nregex = 'a' }]",
        ] {
            let file = parse(Path::new("a.toml"), text).unwrap();
            let line = |key: &str| {
                let mut origins = file.origins.iter().filter(|(other, _)| other == key);
                origins.next().unwrap().1.to_string()
            };
            assert_eq!(line("relabel"), "a.toml: line 1");
            assert_eq!(line("relabel[1]"), "a.toml: line 1");
            assert_eq!(line("relabel[2]"), "a.toml: line 3");
            assert_eq!(line("relabel[2].regex"), "a.toml: line 4");
        }
    }

    #[test]
    fn the_two_names_of_the_address_do_not_go_together() {
        insta::assert_snapshot!(message("prometheus-url = 'http://a'\nremote-write.url = 'http://b'"), @"
        a.toml: line 1: `prometheus-url` and the `url` of the first `remote-write` are two names of one setting
        hint: remove one of them; to send to both, write a table `[[remote-write]]` for each
        ");
    }

    #[test]
    fn a_key_and_a_file_of_a_key_do_not_go_together() {
        insta::assert_snapshot!(message("aw-api-key-file = 'key'\naw-api-key = 'hunter2'"), @"
        a.toml: line 2: `aw-api-key` and `aw-api-key-file` are two ways to give one key
        hint: remove one of them
        ");
    }

    #[test]
    fn a_byte_order_mark_is_accepted() {
        assert!(parse(Path::new("a.toml"), "\u{feff}cron = '@hourly'").is_ok());
    }

    #[test]
    fn the_first_file_is_written_once_for_its_owner_only() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("new/aw-sync-agent.toml");
        assert!(read(&path).unwrap().is_none());
        assert!(init(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), EXAMPLE);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        fs::write(&path, "min-data = 7").unwrap();
        assert!(!init(&path).unwrap());
        assert_eq!(read(&path).unwrap().unwrap().settings.min_data, Some(7));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_at_fault() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.toml");
        fs::write(&path, [0xff]).unwrap();
        let message = read(&path)
            .unwrap_err()
            .to_string()
            .replace(&root.path().display().to_string(), "DIR");
        insta::assert_snapshot!(message, @"
        DIR/a.toml: cannot be read: stream did not contain valid UTF-8
        hint: the user who runs the agent needs the right to read it, as UTF-8 text
        ");
    }
}
