//! Where each value comes from.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use super::{
    environment,
    partial::PartialSettings,
    remote_write::{TABLE, key_in_table},
};

const PROMETHEUS_URL: &str = "prometheus-url";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag.
    Flag,
    /// The environment variable of this name.
    Environment(&'static str),
    /// The settings file.
    File {
        /// Path of the settings file.
        path: PathBuf,
        /// Line of the key, counted from 1, where it is known.
        line: Option<usize>,
    },
    /// A file of ActivityWatch's own, from which the value was found out.
    Found(PathBuf),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => formatter.write_str("command line"),
            Self::Environment(name) => write!(formatter, "environment variable {name}"),
            Self::File { path, line: None } => write!(formatter, "{}", path.display()),
            Self::File {
                path,
                line: Some(line),
            } => write!(formatter, "{}: line {line}", path.display()),
            Self::Found(path) => write!(formatter, "found in {}", path.display()),
            Self::Default => formatter.write_str("default"),
        }
    }
}

/// The origin of each value that is not a default, by its key; nested keys are dotted (`labels.team`).
#[derive(Debug, Default)]
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// Returns the origins of the layers merged; the keys of the file come with their own.
    pub(super) fn new(
        flags: &PartialSettings,
        environment: &PartialSettings,
        file: impl IntoIterator<Item = (String, Origin)>,
    ) -> Self {
        let mut origins: BTreeMap<String, Origin> = file.into_iter().collect();
        for key in environment.keys() {
            if let Some(name) = environment::variable(&key) {
                origins.insert(key, Origin::Environment(name));
            }
        }
        origins.extend(flags.keys().map(|key| (key, Origin::Flag)));
        // One value has two names, and its userinfo is a value of its own.
        let numbers = (1..)
            .map(|number| key_in_table(TABLE, Some(number)))
            .take_while(|table| origins.contains_key(table));
        let numbered: Vec<_> = numbers.collect();
        let tables = match &numbered[..] {
            [] => vec![TABLE.to_owned()],
            _ => numbered,
        };
        let first_url = format!("{}.url", tables[0]);
        if origins.contains_key(PROMETHEUS_URL) {
            copy(&mut origins, PROMETHEUS_URL, &first_url);
        } else {
            copy(&mut origins, &first_url, PROMETHEUS_URL);
        }
        for table in tables {
            if !origins.contains_key(&format!("{table}.basic-auth")) {
                for part in ["username", "password"] {
                    let part = format!("{table}.basic-auth.{part}");
                    copy(&mut origins, &format!("{table}.url"), &part);
                }
            }
        }
        Self(origins)
    }

    /// Notes that `key` was found out from the file at `path`.
    pub(super) fn found(&mut self, key: &str, path: PathBuf) {
        self.0.insert(key.to_owned(), Origin::Found(path));
    }

    /// Returns the origin of `key`; [`Origin::Default`] if nobody set it.
    pub fn of(&self, key: &str) -> Origin {
        self.0.get(key).cloned().unwrap_or(Origin::Default)
    }

    /// Returns the origin of `key`, or of the nearest table or list around it that has one.
    pub(super) fn near(&self, key: &str) -> Origin {
        let around = std::iter::successors(Some(key), |inner| {
            inner.rsplit_once(['.', '[']).map(|(table, _)| table)
        });
        let mut origins = around.filter_map(|key| self.0.get(key));
        origins.next().cloned().unwrap_or(Origin::Default)
    }
}

fn copy(origins: &mut BTreeMap<String, Origin>, from: &str, to: &str) {
    if let Some(origin) = origins.get(from).cloned() {
        origins.insert(to.to_owned(), origin);
    }
}
