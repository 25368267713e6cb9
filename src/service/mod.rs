//! The agent as a service of the user, which the system starts at login: a systemd unit or a launchd agent.
//!
//! Both are one file that names the program and its flags, and a program of the system that is told about it.

mod error;
mod notify;

pub use error::ServiceError;
pub use notify::Notifier;

#[cfg(unix)]
pub use self::{launchd::Launchd, systemd::Systemd};

#[cfg(unix)]
mod file;
#[cfg(unix)]
mod launchd;
#[cfg(unix)]
mod systemd;
#[cfg(unix)]
mod tool;

/// The service's name; that of the testing mode is another, so that both can be installed.
#[cfg(unix)]
const fn name(testing: bool) -> &'static str {
    if testing {
        "aw-sync-agent-testing"
    } else {
        "aw-sync-agent"
    }
}
