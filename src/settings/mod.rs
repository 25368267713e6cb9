//! Settings: read in layers, merged key by key, validated once.
//!
//! The flags are stronger than the environment, and that is stronger than the file; see [`load`]. What comes out is
//! typed and has been checked, so nobody else deals with defaults, bad values or where a value came from.

mod api_key;
mod aw_server;
mod categories;
mod discovery;
mod duration;
mod environment;
mod error;
pub mod file;
mod headers;
mod labels;
mod mistake;
mod one_or_many;
mod origin;
mod partial;
mod relabel;
mod remote_write;
mod resolve;
mod schedule;
mod secret;
mod shown;
mod url;
mod watchers;

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::NaiveTime;
use log::LevelFilter;

use crate::dirs::Dirs;
use crate::metrics::{CategoryRule, SkippedRule, relabel::Rules};

pub use self::{
    api_key::{ApiKey, ApiKeyError},
    aw_server::AwServer,
    categories::CategoriesFile,
    discovery::{server_address, server_files},
    environment::VARIABLES,
    error::{Problem, SettingsError},
    origin::{Origin, Origins},
    partial::PartialSettings,
    remote_write::{
        Authorization, BasicAuth, DestinationProblem, PartialRemoteWrite, Place, Proxy,
        RemoteWrite, SecretError, SecretSource, TlsConfig,
    },
    schedule::{Schedule, ScheduleError},
    secret::{Secret, masked_url},
    url::is_loopback,
    watchers::Watchers,
};

/// Settings that have been validated.
#[derive(Clone, PartialEq)]
pub struct Settings {
    /// The ActivityWatch servers to read; at least one, each once.
    pub aw_servers: Vec<AwServer>,
    /// The destinations to send to; at least one, each address once.
    pub remote_write: Vec<RemoteWrite>,
    /// When the daemon syncs.
    pub schedule: Schedule,
    /// The only watchers to take; `None` takes all.
    pub included_watchers: Option<Watchers>,
    /// The watchers to leave out, even if included.
    pub excluded_watchers: Watchers,
    /// A bucket with fewer events is left out.
    pub min_data: usize,
    /// The label `user`; not empty.
    pub user: String,
    /// How old time must be before it is final.
    pub settle: Duration,
    /// How far back the first pass goes; `None` is to the first event.
    pub history: Option<Duration>,
    /// How long a pause is a break; at least a minute.
    pub min_break: Duration,
    /// When a day begins by the clock; `None` is as in ActivityWatch.
    pub start_of_day: Option<NaiveTime>,
    /// Whether buckets synced from other machines are taken.
    pub synced_buckets: bool,
    /// The name of this machine, as it ends in the label `host`.
    pub machine: String,
    /// How many label sets a device may have on a UTC day; later ones are folded.
    pub series_budget: usize,
    /// How much is logged.
    pub log_level: LevelFilter,
    /// Labels for every series; names are valid and none is one of the agent's own, values are not empty.
    pub labels: BTreeMap<String, String>,
    /// New names of hosts, by the name that ActivityWatch reports; not empty.
    pub hosts: BTreeMap<String, String>,
    /// Categories that take the place of the server's.
    pub categories_file: Option<CategoriesFile>,
    /// Further categories; each can be compiled.
    pub category: Vec<CategoryRule>,
    /// Rules on labels for all destinations.
    pub relabel: Rules,
    /// Whether ActivityWatch's testing instance is meant.
    pub testing: bool,
}

/// One destination, and what the settings come to for it.
#[derive(Clone)]
pub struct DestinationSettings {
    /// The destination.
    pub destination: RemoteWrite,
    /// The settings; the rules on labels are those for all, then those of the destination.
    pub settings: Settings,
}

impl Settings {
    /// Returns each destination with what the settings come to for it, in order.
    pub fn by_destination(&self) -> Vec<DestinationSettings> {
        let of_one = |destination: &RemoteWrite| DestinationSettings {
            destination: destination.clone(),
            settings: Self {
                relabel: self.relabel.then(&destination.relabel),
                ..self.clone()
            },
        };
        self.remote_write.iter().map(of_one).collect()
    }

    /// Returns each key with its value as TOML, in the order of the example file, with secrets masked.
    pub fn shown(&self) -> Vec<(String, String)> {
        shown::settings(self)
    }
}

impl fmt::Debug for Settings {
    /// Formats what may be shown; addresses of servers may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.shown()).finish()
    }
}

/// Settings, with what is worth knowing about how they came about.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Where each value comes from.
    pub origins: Origins,
    /// What went wrong without being a reason to stop.
    pub warnings: Vec<Warning>,
}

/// What went wrong without being a reason to stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// The first settings file could not be written; the defaults hold all the same.
    #[error(
        "{path}: cannot be written: {reason}\n\
         hint: nothing is lost, the defaults hold; to change them, use flags or environment variables",
        path = path.display()
    )]
    NotWritten {
        /// Path of the settings file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// A key goes out where others can read it.
    #[error(
        "{url}: the API key is sent in clear text to another machine\n\
         hint: use an address with https://, or a tunnel such as `ssh -L`"
    )]
    KeyInClear {
        /// Address of the server.
        url: String,
    },
    /// A rule of the categories' file is none.
    #[error("categories-file: {0}")]
    Category(SkippedRule),
}

/// Loads settings: `flags` over the environment over the file, then the defaults.
///
/// Where there is no file, one with commented defaults is written. `environment` returns the value of a variable, so
/// that this function depends on nothing that its caller did not hand over, but for the files under `dirs`, those of
/// `categories-file` and `aw-api-key-file`, and the computer's name.
///
/// # Errors
/// [`SettingsError::File`] when the file must be mended first, and [`SettingsError::Invocation`] when a flag or
/// variable must be; the first problem found, in both cases.
pub fn load(
    flags: PartialSettings,
    environment: impl Fn(&str) -> Option<String>,
    dirs: &Dirs,
) -> Result<Loaded, SettingsError> {
    let testing = flags.testing.unwrap_or(false);
    let environment = environment::read(environment)?;
    let path = file::path(dirs, testing);
    let (file, mut warnings) = match file::read(&path)? {
        Some(file) => (file, Vec::new()),
        None => (file::File::default(), first_start(&path)),
    };
    let mut origins = Origins::new(&flags, &environment, file.origins);
    let partial = flags.or(environment).or(file.settings);

    let found = discovery::find(dirs, testing);
    if let (None, Some(path)) = (&partial.aw_url, found.file) {
        origins.found("aw-url", path);
    }
    match resolve::resolve(partial, found.url, &dirs.config, &origins) {
        Ok(mut settings) => {
            for server in &mut settings.aw_servers {
                if let Some(path) = server.find_api_key(dirs, testing) {
                    origins.found("aw-api-key", path);
                }
            }
            let servers = settings.aw_servers.iter();
            warnings.extend(servers.filter_map(AwServer::warning));
            let skipped = settings
                .categories_file
                .iter()
                .flat_map(|file| file.skipped.clone());
            warnings.extend(skipped.map(Warning::Category));
            Ok(Loaded {
                settings,
                origins,
                warnings,
            })
        }
        Err(fault) => Err(SettingsError::new(origins.near(&fault.key), fault.problem)),
    }
}

/// Checks `text` as the file of settings that it is to become, with no other layer.
///
/// # Errors
/// [`SettingsError::File`] with the line where it must be mended.
pub fn check(text: &str, dirs: &Dirs) -> Result<(), SettingsError> {
    let path = file::path(dirs, false);
    let file = file::parse(&path, text)?;
    let nothing = PartialSettings::default();
    let found = discovery::find(dirs, false).url;
    let origins = Origins::new(&nothing, &nothing, file.origins);
    match resolve::resolve(file.settings, found, &dirs.config, &origins) {
        Ok(_) => Ok(()),
        Err(fault) => Err(SettingsError::new(origins.near(&fault.key), fault.problem)),
    }
}

fn first_start(path: &Path) -> Vec<Warning> {
    match file::init(path) {
        Ok(_) => Vec::new(),
        Err(reason) => vec![Warning::NotWritten {
            path: path.to_owned(),
            reason,
        }],
    }
}

#[cfg(test)]
mod tests;
