//! Where each value comes from.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use super::{environment, partial::PartialSettings};

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
        if !origins.contains_key("prometheus-url") {
            copy(&mut origins, "remote-write.url", "prometheus-url");
        }
        if !origins.contains_key("remote-write.basic-auth") {
            for part in ["username", "password"] {
                copy(
                    &mut origins,
                    "prometheus-url",
                    &format!("remote-write.basic-auth.{part}"),
                );
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
