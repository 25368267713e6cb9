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
use crate::diagnosis::{AgentFacts, Check, End, Facts, Fault, Verdict, diagnose};
use crate::dirs::Dirs;
use crate::exit::Exit;
use crate::settings::{DestinationSettings, Loaded, SettingsError, masked_url};
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
/// `settings` is what came of reading `settings_file`. Of several destinations, the servers are seen as the first one
/// finds them.
pub async fn examine(
    settings: Result<Loaded, SettingsError>,
    settings_file: PathBuf,
    dirs: &Dirs,
    testing: bool,
) -> Report {
    let store = Store::new(&dirs.data, testing);
    let checkpoint = store.load();
    let destinations = settings.as_ref().map_or_else(
        |_| vec![None],
        |loaded| {
            loaded
                .settings
                .by_destination()
                .into_iter()
                .map(Some)
                .collect()
        },
    );
    let is_one_of_several = destinations.len() > 1;
    let mut report = Report { checks: Vec::new() };
    for destination in destinations {
        let destination = destination.as_ref();
        let url = destination.map(|one| one.destination.url.as_str());
        let endpoint = url.and_then(|url| checkpoint.as_ref().ok()?.endpoints.get(url).cloned());
        let endpoint = endpoint.unwrap_or_default();
        let agent = own::facts(
            &settings,
            settings_file.clone(),
            (&store, url),
            &checkpoint,
            &endpoint,
            dirs,
        );
        let mut checks = checks(agent, destination, &endpoint).await;
        if let (Some(destination), true) = (destination, is_one_of_several) {
            name_destination(&mut checks, &masked_url(&destination.destination.url));
        }
        let is_new = |check: &Check| match check.end {
            End::ActivityWatch => report.checks.is_empty(),
            End::Agent | End::Receiver => !report.checks.contains(check),
        };
        checks.retain(is_new);
        report.checks.extend(checks);
    }
    report.checks.sort_by_key(|check| match check.end {
        End::Agent => 0,
        End::ActivityWatch => 1,
        End::Receiver => 2,
    });
    report
}

/// Looks at both ends, if the settings tell where samples go.
async fn checks(
    agent: AgentFacts,
    destination: Option<&DestinationSettings>,
    endpoint: &Endpoint,
) -> Vec<Check> {
    let mut facts = Facts {
        agent,
        servers: Vec::new(),
        receiver: None,
    };
    if let Some(DestinationSettings {
        destination,
        settings,
    }) = destination
    {
        let now = Time::from(Utc::now());
        let (servers, receiver) = tokio::join!(
            servers::facts(settings, endpoint, now),
            receiver::facts(settings, destination)
        );
        (facts.servers, facts.receiver) = (servers, Some(receiver));
    }
    diagnose(&facts, Time::from(Utc::now()))
}

/// Has those of the agent's checks that are about one destination say which.
fn name_destination(checks: &mut [Check], url: &str) {
    for check in checks {
        if check.end == End::Agent && ["last pass", "unanswered", "refused"].contains(&check.name) {
            check.address = Some(url.to_owned());
        }
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
