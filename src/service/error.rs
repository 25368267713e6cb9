use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why the service is not what was asked for. Each message is complete, with a `hint:` line where there is one.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// This system has no such services, or none that are known here.
    #[error(
        "{} is not found on PATH\n\
         hint: {hint}",
        tool.display()
    )]
    NoTool {
        /// The program that is missing.
        tool: PathBuf,
        /// What to do without it.
        hint: &'static str,
    },
    /// Nobody runs services of this user now.
    #[error(
        "the services of this user cannot be managed: {said}\n\
         hint: log in as that user rather than by su or sudo; where nobody logs in, `loginctl enable-linger USER` \
         starts its services with the system"
    )]
    NoManager {
        /// What the system's program said.
        said: String,
    },
    /// The system's program could not do it.
    #[error("`{command}` failed: {said}{}", hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default())]
    Failed {
        /// What was run.
        command: String,
        /// What it said, or how it ended.
        said: String,
        /// What to do.
        hint: Option<&'static str>,
    },
    /// The service, or its file, is somebody else's.
    #[error(
        "{}: is there already and was not made by `aw-sync-agent service install`\n\
         hint: remove it first; nothing was changed",
        path.display()
    )]
    Foreign {
        /// The file, or where there is none, the service.
        path: PathBuf,
    },
    /// It has never run.
    #[error("there is no log yet\nhint: `aw-sync-agent service start` starts it")]
    NoLog,
    /// Flags that would have no effect.
    #[error(
        "{}: the service has the flags that it was installed with\n\
         hint: give all that it shall have to `aw-sync-agent service install`",
        flags.join(", ")
    )]
    IdleFlags {
        /// Their names: a value may be a secret.
        flags: Vec<String>,
    },
    /// The service's file cannot hold this.
    #[error(
        "{what}: cannot be written into a service's file\n\
         hint: only UTF-8 text without control characters can"
    )]
    Unwritable {
        /// The path or flag.
        what: String,
    },
    /// The system refuses.
    #[error("{}: cannot be {action}: {source}\nhint: check owner and mode of the file and its folder", path.display())]
    Io {
        /// What was tried, for example `read`.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody reads what is shown.
    #[error("cannot print: {0}")]
    Output(io::Error),
}
