//! `config import`: the settings of aw-sync-suite's Go agent as a file of ours.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

use crate::{
    dirs::Dirs,
    migration::{self, Imported, MigrationError},
    settings::{self, SettingsError},
};

/// Prints the settings file that `files` come to, later ones counting more, and returns what was left out and what has
/// to be put right in it before it can be used.
///
/// Nothing is written: the file that is there may hold the only copy of a password.
///
/// # Errors
/// [`ImportError`], before anything is printed, or that of `out`.
pub fn import(
    files: &[PathBuf],
    dirs: &Dirs,
    out: &mut impl Write,
) -> Result<Vec<Remark>, ImportError> {
    let texts = files.iter().map(|path| {
        fs::read_to_string(path).map_err(|reason| ImportError::Unreadable {
            path: path.clone(),
            reason,
        })
    });
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    let Imported { settings, left_out } =
        migration::import(&texts).map_err(|(number, reason)| ImportError::Foreign {
            path: files[number].clone(),
            reason,
        })?;
    out.write_all(settings.as_bytes())
        .map_err(ImportError::Output)?;
    let faulty = settings::check(&settings, dirs).err();
    Ok(left_out
        .into_iter()
        .map(Remark::LeftOut)
        .chain(faulty.map(|error| Remark::Faulty(Box::new(error))))
        .collect())
}

/// What a person should know of the file that was printed.
#[derive(Debug, thiserror::Error)]
pub enum Remark {
    /// Something has no counterpart.
    #[error("left out: {0}")]
    LeftOut(String),
    /// The file cannot be used as it is.
    #[error("what was printed is not complete yet: {0}")]
    Faulty(Box<SettingsError>),
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be read.
    #[error("{}: cannot be read: {reason}", path.display())]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// A file is something else.
    #[error("{}: {reason}", path.display())]
    Foreign {
        /// Path of the file.
        path: PathBuf,
        /// What it is not.
        reason: MigrationError,
    },
    /// The output is closed or full.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, path::Path};

    use regex::Regex;

    use super::*;
    use crate::metrics::relabel::{Rules, without_meta};
    use crate::settings::PartialSettings;

    const FILTERS: &str = r"
Filters:
  - Filter:
    watchers: [aw-watcher-window]
    target: [{key: app, value: '^Chrom|fox$'}, {key: title, value: 'mail; inbox|^Mail'}]
    plain-replace: [{key: title, value: none}, {key: app, value: 'Cost $5'}]
  - Filter:
    target: [{key: app, value: 'Secret'}]
    drop: true
  - Filter:
    target: [{key: app, value: '[0-9]'}, {key: title, value: '.*'}]
    regex-replace: [{key: app, from: ' ([0-9]+)\.[0-9]+', value: ' v$1 ($0)'}]
  - Filter:
    target: [{key: app, value: 'v1'}]
    plain-replace: [{key: app, value: one}]
";

    /// What the Go agent makes of an event by these filters: the app that leaves, if it does.
    fn of_the_go_agent(client: &str, app: &str, title: Option<&str>) -> Option<String> {
        let found = |pattern: &str, text: &str| Regex::new(pattern).unwrap().is_match(text);
        let mut app = app.to_owned();
        if client == "aw-watcher-window"
            && found("^Chrom|fox$", &app)
            && title.is_some_and(|title| found("mail; inbox|^Mail", title))
        {
            "Cost $5".clone_into(&mut app);
        }
        if found("Secret", &app) {
            return None;
        }
        if found("[0-9]", &app) && title.is_some() {
            let version = Regex::new(r" ([0-9]+)\.[0-9]+").unwrap();
            app = version.replace_all(&app, " v$1 ($0)").into_owned();
        }
        if found("v1", &app) {
            "one".clone_into(&mut app);
        }
        Some(app)
    }

    fn of_ours(rules: &Rules, client: &str, app: &str, title: Option<&str>) -> Option<String> {
        let label = |name: &'static str, value: &str| (Cow::from(name), value.to_owned());
        let mut labels = vec![label("__bucket_client", client), label("app", app)];
        labels.extend(title.map(|title| label("__data_title", title)));
        labels.sort();
        let left = without_meta(rules.apply(labels)?);
        assert!(left.iter().all(|(name, _)| name == "app"), "{left:?}");
        left.into_iter().next().map(|(_, value)| value)
    }

    #[test]
    fn imported_filters_do_what_they_did() {
        let imported = migration::import(&[FILTERS.to_owned()]).unwrap();
        assert_eq!(imported.left_out, Vec::<String>::new());
        let partial: PartialSettings = toml::from_str(&imported.settings).unwrap();
        let rules = Rules::new(partial.relabel.unwrap()).unwrap();
        for client in ["aw-watcher-window", "aw-watcher-web"] {
            for app in [
                "Chromium",
                "firefox",
                "A Chrome",
                "Secret Mail",
                "App 1.2",
                "App 3.4 5.6x",
                "v1",
                "x v12",
                "foxes",
            ] {
                for title in [
                    None,
                    Some("Mail"),
                    Some("My mail; inbox (2)"),
                    Some("about Mail"),
                    Some("line\nbreak"),
                    Some(""),
                ] {
                    let expected = if app.contains("5.6") && title.is_some_and(|t| !t.is_empty()) {
                        // Of several places a rule replaces the first.
                        Some("App v3 ( 3.4) 5.6x".to_owned())
                    } else if title == Some("") {
                        // A label that is empty is none.
                        of_the_go_agent(client, app, None)
                    } else {
                        of_the_go_agent(client, app, title)
                    };
                    let ours = of_ours(&rules, client, app, title);
                    assert_eq!(ours, expected, "{client}, {app}, {title:?}");
                }
            }
        }
    }

    /// What is printed and said of one file, with its directory as `DIR`.
    fn import_text(text: &str) -> (String, Vec<String>) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("aw-sync-settings.yaml");
        fs::write(&path, text).unwrap();
        let mut out = Vec::new();
        let remarks = import(&[path], &Dirs::below(root.path()), &mut out).unwrap();
        let said = |remark: &Remark| {
            let directory = root.path().display().to_string();
            remark.to_string().replace(&directory, "DIR")
        };
        (
            String::from_utf8(out).unwrap(),
            remarks.iter().map(said).collect(),
        )
    }

    #[test]
    fn what_the_settings_will_not_take_is_said_at_once() {
        let (printed, said) = import_text(
            "Settings: {prometheusUrl: 'http://desk.lan:9090', prometheusAuth: hunter2}",
        );
        assert!(printed.contains("hunter2"), "{printed}");
        insta::assert_snapshot!(said.join("\n"), @"
        what was printed is not complete yet: DIR/config/aw-sync-agent/aw-sync-agent.toml: line 5: `remote-write.authorization`: http://desk.lan:9090/api/v1/write is not encrypted, so whoever is on the way could read the password or token
        hint: use https://, or, if that network is safe, set `insecure-credentials = true` under `[remote-write]`
        ");
    }

    #[test]
    fn what_is_printed_is_a_settings_file() {
        let (_, said) = import_text(&format!(
            "Settings: {{awUrl: 'http://127.0.0.1:5600', userId: ada}}\n{FILTERS}"
        ));
        assert_eq!(said, Vec::<String>::new());
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = import(
            &[PathBuf::from("/nowhere/a.yaml")],
            &Dirs::below(Path::new("/nowhere")),
            &mut Vec::new(),
        );
        insta::assert_snapshot!(error.unwrap_err(), @"/nowhere/a.yaml: cannot be read: No such file or directory (os error 2)");
    }
}
