//! `doctor`: looks at both ends and all between, and says what to type where something is wrong.
//!
//! Stores nothing anywhere: the receiver is sent a request that holds nothing.

mod own;
mod print;
mod receiver;
mod servers;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use chrono::Utc;
use serde::Serialize;

use crate::checkpoint::{Endpoint, Store};
use crate::diagnosis::{Check, Facts, Fault, Verdict, diagnose};
use crate::dirs::Dirs;
use crate::exit::Exit;
use crate::settings::{Loaded, SettingsError};
use crate::timeline::Time;

pub use print::{print, print_json};

/// How long anybody may take to answer. Somebody waits at the terminal.
const LIMIT: Duration = Duration::from_secs(10);

/// What was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Each thing that was looked at, end by end.
    pub checks: Vec<Check>,
}

impl Report {
    /// Returns how the command ends. Warnings are no failure.
    pub fn exit(&self) -> Exit {
        let fails = |fault| {
            let mut checks = self.checks.iter();
            checks.any(|check| check.verdict == Verdict::Fail(fault))
        };
        if fails(Fault::Settings) {
            Exit::Usage
        } else if fails(Fault::State) {
            Exit::State
        } else if fails(Fault::Unreachable) {
            Exit::Unreachable
        } else {
            Exit::Done
        }
    }
}

/// Looks at everything. Whoever does not answer hides nobody else; settings that are wrong hide both ends.
///
/// `settings` is what came of reading `settings_file`.
///
/// # Panics
/// If the settings have no destination, which validation rules out.
pub async fn examine(
    settings: Result<Loaded, SettingsError>,
    settings_file: PathBuf,
    dirs: &Dirs,
    testing: bool,
) -> Report {
    let store = Store::new(&dirs.data, testing);
    let now = Time::from(Utc::now());
    let destination = settings.as_ref().ok().map(|loaded| {
        loaded
            .settings
            .remote_write
            .first()
            .expect("settings have a destination")
    });
    let checkpoint = store.load();
    let endpoint = match (&checkpoint, destination) {
        (Ok(checkpoint), Some(destination)) => {
            checkpoint.endpoints.get(destination.url.as_str()).cloned()
        }
        _ => None,
    };
    let endpoint = endpoint.unwrap_or_else(Endpoint::default);
    let agent = own::facts(
        &settings,
        settings_file,
        &store,
        &checkpoint,
        &endpoint,
        dirs,
    );
    let facts = match (&settings, destination) {
        (Ok(Loaded { settings, .. }), Some(destination)) => {
            let (servers, receiver) = tokio::join!(
                servers::facts(settings, &endpoint, now),
                receiver::facts(settings, destination)
            );
            Facts {
                agent,
                servers,
                receiver: Some(receiver),
            }
        }
        _ => Facts {
            agent,
            servers: Vec::new(),
            receiver: None,
        },
    };
    Report {
        checks: diagnose(&facts, Time::from(Utc::now())),
    }
}

/// Returns by how many seconds a clock is ahead of ours that showed `date`, cut to seconds, between `before` and
/// `after`.
fn seconds_ahead(date: SystemTime, before: SystemTime, after: SystemTime) -> i64 {
    let whole = |apart: Duration| i64::try_from(apart.as_secs()).unwrap_or(i64::MAX);
    if let Ok(ahead) = date.duration_since(after) {
        return whole(ahead);
    }
    let latest = date + Duration::from_secs(1);
    before
        .duration_since(latest)
        .map_or(0, |behind| -whole(behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_compared_with_all_the_time_that_a_request_took() {
        let at = |millis: u64| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        for (date, expected) in [
            (100_000, 0),
            (99_000, 0),
            (97_000, -2),
            (104_000, 0),
            (107_000, 2),
        ] {
            let ahead = seconds_ahead(at(date), at(100_500), at(104_900));
            assert_eq!(ahead, expected, "{date}");
        }
    }

    #[test]
    fn what_a_person_has_to_change_comes_before_what_may_pass() {
        let report = |faults: &[Fault]| {
            let check = |fault: &Fault| Check {
                end: crate::diagnosis::End::Agent,
                address: None,
                host: None,
                name: "settings",
                verdict: Verdict::Fail(*fault),
                found: String::new(),
                fixes: Vec::new(),
            };
            Report {
                checks: faults.iter().map(check).collect(),
            }
        };
        let all = [Fault::Unreachable, Fault::State, Fault::Settings];
        assert_eq!(report(&all).exit(), Exit::Usage);
        assert_eq!(report(&all[..2]).exit(), Exit::State);
        assert_eq!(report(&all[..1]).exit(), Exit::Unreachable);
        assert_eq!(report(&[]).exit(), Exit::Done);
    }
}
