//! What can be wrong with settings.

use super::{
    api_key::ApiKeyError, origin::Origin, remote_write::DestinationProblem, schedule::ScheduleError,
};
use crate::metrics::{ExportError, RuleError, relabel::RelabelError};
use std::path::PathBuf;

/// Settings that the agent cannot work with.
///
/// Each message is complete, the cause included, because it ends in a `hint:` line: whoever prints it must not append
/// a chain of sources.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The settings file is at fault. The daemon tries again: the file can be mended while it waits.
    #[error("{origin}: {problem}")]
    File {
        /// Path of the file, with the line where it is known.
        origin: Origin,
        /// What is wrong.
        problem: Box<Problem>,
    },
    /// A flag or an environment variable is at fault. Waiting is no use: these cannot change in a running process.
    #[error("{origin}: {problem}")]
    Invocation {
        /// The flag or variable.
        origin: Origin,
        /// What is wrong.
        problem: Box<Problem>,
    },
}

impl SettingsError {
    pub(super) fn new(origin: Origin, problem: Problem) -> Self {
        let problem = Box::new(problem);
        match origin {
            Origin::Flag | Origin::Environment(_) => Self::Invocation { origin, problem },
            Origin::File { .. } | Origin::Found(_) | Origin::Default => {
                Self::File { origin, problem }
            }
        }
    }
}

/// A problem with the value of `key`, whose origin is still to be looked up.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) key: String,
    pub(super) problem: Problem,
}

impl Problem {
    pub(super) fn of(self, key: impl Into<String>) -> Fault {
        Fault {
            key: key.into(),
            problem: self,
        }
    }
}

/// What is wrong with one value, with a hint how to put it right. Values that may hold a secret are masked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file is there but cannot be read.
    #[error(
        "cannot be read: {0}\n\
         hint: the user who runs the agent needs the right to read it, as UTF-8 text"
    )]
    Unreadable(std::io::Error),
    /// The file is not TOML, or a value has another type than its key wants.
    #[error("{message}\nhint: {hint}")]
    Malformed {
        /// What was found, and what was expected.
        message: String,
        /// How it is written.
        hint: String,
    },
    /// There is no such key.
    #[error("unknown key `{key}`\nhint: {hint}")]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The key that is closest to it, or all keys.
        hint: String,
    },
    /// Not an address.
    #[error(
        "`{key}`: `{url}` is not a URL: {reason}\n\
         hint: a URL is a scheme, a host and maybe a port, as in `http://127.0.0.1:9090`"
    )]
    Url {
        /// The key.
        key: &'static str,
        /// The address, without its userinfo.
        url: String,
        /// What the parser says.
        reason: String,
    },
    /// An address that is neither HTTP nor HTTPS.
    #[error(
        "`{key}`: `{url}` does not begin with http:// or https://\n\
         hint: write it like `{suggestion}`"
    )]
    Scheme {
        /// The key.
        key: &'static str,
        /// The address, without its userinfo.
        url: String,
        /// The address as it may be meant.
        suggestion: String,
    },
    /// A file that names its first destination twice.
    #[error(
        "`prometheus-url` and the `url` of the first `remote-write` are two names of one setting\n\
         hint: remove one of them; to send to both, write a table `[[remote-write]]` for each"
    )]
    TwoUrls,
    /// A file that gives the key of ActivityWatch's servers twice.
    #[error(
        "`aw-api-key` and `aw-api-key-file` are two ways to give one key\n\
         hint: remove one of them"
    )]
    TwoApiKeys,
    /// A key for no server: each has a user or password, which is sent in the same header.
    #[error(
        "`{key}` is for no server, since each address of `aw-url` has a user or password\n\
         hint: a request carries one of them; remove the one that the server does not want"
    )]
    UnusedApiKey {
        /// The key of the settings.
        key: &'static str,
    },
    /// A file that has no key for ActivityWatch's servers; the message comes with its hint.
    #[error("{0}")]
    ApiKey(ApiKeyError),
    /// More than one way to prove who is sending.
    #[error(
        "`remote-write` has more than one of userinfo in its URL, `basic-auth` and `authorization`\n\
         hint: keep the one that the receiver expects"
    )]
    TwoCredentials,
    /// A user or password in the address of the query API.
    #[error(
        "`remote-write.query-url` has a user or a password in it\n\
         hint: remove them: queries are sent with the credentials of `remote-write`"
    )]
    QueryCredentials,
    /// A destination that cannot be sent to as it is written; the message comes with its hint.
    #[error("{0}")]
    Destination(DestinationProblem),
    /// A header's name that HTTP does not take.
    #[error(
        "`remote-write.headers`: `{0}` is not a header name\n\
         hint: use letters, digits and `-`, as in `X-Scope-OrgID`"
    )]
    HeaderName(String),
    /// A header that the agent sets itself.
    #[error(
        "`remote-write.headers`: `{0}` is a header that the agent sets itself\n\
         hint: remove it"
    )]
    HeaderTaken(String),
    /// Credentials among the headers.
    #[error(
        "`remote-write.headers`: `authorization` has a key of its own\n\
         hint: use `authorization` or `basic-auth` of `remote-write`"
    )]
    AuthorizationHeader,
    /// Basic authorization by the key for tokens.
    #[error(
        "`remote-write.authorization`: the type `Basic` has a key of its own\n\
         hint: use `basic-auth` with `username` and `password`"
    )]
    BasicScheme,
    /// A value that cannot be sent in a header; it may be a secret, so it is not shown.
    #[error(
        "`{0}` has characters that a header cannot carry\n\
         hint: look for a line break or a control character"
    )]
    NotAHeaderValue(String),
    /// Not a schedule; the message comes with its hint.
    #[error("{0}")]
    Schedule(ScheduleError),
    /// A rule on labels that cannot be applied; the message comes with its hint.
    #[error("{0}")]
    Relabel(RelabelError),
    /// Not a pattern of watchers.
    #[error(
        "`{key}`: `{pattern}` is not a pattern: {reason}\n\
         hint: `*` stands for any text, `?` for one character, `[ab]` for a or b, \
         as in `aw-watcher-web-*`"
    )]
    Pattern {
        /// The key.
        key: &'static str,
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Not a length of time.
    #[error(
        "`{key}`: `{value}` is not a length of time: {reason}\n\
         hint: write a number with its unit, like `90s`, `5m`, `12h` or `30d`"
    )]
    Duration {
        /// The key.
        key: &'static str,
        /// The value as written.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Not a log level.
    #[error(
        "`log-level`: `{0}` is not a level\n\
         hint: write one of off, error, warn, info, debug, trace"
    )]
    Level(String),
    /// A day begins at no time of the day.
    #[error(
        "`start-of-day`: `{0}` is not a time of the day\n\
         hint: write hours and minutes, like `04:00`"
    )]
    StartOfDay(String),
    /// Not a number.
    #[error("`{key}`: `{value}` is not a whole number\nhint: write it in digits, like `5`")]
    Number {
        /// The key.
        key: &'static str,
        /// The value as written.
        value: String,
    },
    /// A label's name that Prometheus does not take.
    #[error(
        "`labels`: `{0}` is not a label name\n\
         hint: use letters, digits and `_`, begin with a letter or one `_`, as in `team_name`"
    )]
    LabelName(String),
    /// A label that the agent sets itself.
    #[error(
        "`labels`: `{0}` is a label that the agent sets itself\n\
         hint: choose another name, like `my_{0}`"
    )]
    LabelTaken(String),
    /// A value that must not be empty.
    #[error("`{0}` is empty\nhint: give it a value, or remove it")]
    Empty(String),
    /// A label's value that is too long to be one.
    #[error(
        "`{key}` has {bytes} bytes\n\
         hint: shorten it to 1024 bytes, the most that a label value may have"
    )]
    TooLong {
        /// The key.
        key: String,
        /// Its length in UTF-8.
        bytes: usize,
    },
    /// A category of ours whose regex is none; the reason comes with its hint.
    #[error("`category`: `{name}`: {reason}")]
    Category {
        /// The category, joined.
        name: String,
        /// What is wrong.
        reason: RuleError,
    },
    /// The file of categories is not one; the reason comes with its hint.
    #[error("`categories-file`: {path}: {reason}", path = path.display())]
    CategoriesFile {
        /// Path of the file.
        path: PathBuf,
        /// What is wrong.
        reason: ExportError,
    },
    /// The file of categories cannot be read.
    #[error(
        "`categories-file`: {path}: cannot be read: {reason}\n\
         hint: a path without a root begins at the directory of the settings file",
        path = path.display()
    )]
    CategoriesFileUnreadable {
        /// Path of the file.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
}
