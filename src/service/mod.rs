//! The agent as a service, which the system starts: a systemd unit of the user, a launchd agent, or a Windows service.
//!
//! The first two are one file that names the program and its flags, and a program of the system that is told about it.
//! Windows keeps its services itself.

mod error;
mod notify;
mod tail;

pub use error::ServiceError;
pub use notify::Notifier;
pub use tail::show_log;

#[cfg(any(windows, test))]
pub use self::windows::{Files, Installed, Launch, Manager, Profile, State, Windows};
#[cfg(windows)]
pub use self::windows::{Process, Scm};
#[cfg(unix)]
pub use self::{launchd::Launchd, systemd::Systemd};

#[cfg(unix)]
mod file;
#[cfg(unix)]
mod launchd;
#[cfg(unix)]
mod systemd;
mod tool;
#[cfg(any(windows, test))]
mod windows;

/// The service's name; that of the testing mode is another, so that both can be installed.
const fn name(testing: bool) -> &'static str {
    if testing {
        "aw-sync-agent-testing"
    } else {
        "aw-sync-agent"
    }
}
