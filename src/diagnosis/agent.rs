use std::path::PathBuf;
use std::time::Duration;

use super::check::{Check, Fault, Verdict};
use super::length::ago;
use crate::checkpoint::Failure;
use crate::timeline::Time;

/// A pass that long ago was not the last one of a schedule that runs.
const STALE: Duration = Duration::from_hours(24);

/// What is known of the agent itself. A failure comes as its message, the hint included.
#[derive(Debug, Clone)]
pub struct AgentFacts {
    /// The settings file.
    pub settings_file: PathBuf,
    /// What is worth knowing about the settings, or why there are none.
    pub settings: Result<Vec<String>, String>,
    /// The directory of the state.
    pub state_directory: PathBuf,
    /// Whether a file can be written there.
    pub writable: Result<(), String>,
    /// Whether the checkpoint can be read.
    pub checkpoint: Result<(), String>,
    /// When a pass last delivered everything.
    pub last_success: Option<Time>,
    /// What kept the last pass from it.
    pub last_failure: Option<Failure>,
    /// How many samples a request without an answer has, if there is one.
    pub unanswered: Result<Option<usize>, String>,
    /// Who works with the state.
    pub holder: Option<String>,
    /// What the receiver has refused.
    pub refused: Vec<RefusedRange>,
}

/// A time of which the receiver has not taken everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRange {
    /// The device.
    pub host: String,
    /// Its beginning.
    pub from: Time,
    /// Its end.
    pub until: Time,
    /// How many samples.
    pub samples: u64,
    /// The receiver's words.
    pub reason: String,
}

pub(super) fn checks(facts: &AgentFacts, now: Time) -> Vec<Check> {
    let mut checks = settings(facts);
    checks.push(state(facts));
    checks.push(running(facts));
    if facts.settings.is_ok() && facts.checkpoint.is_ok() {
        checks.push(last_pass(facts, now));
    }
    checks.extend(unanswered(facts));
    checks.extend(facts.refused.iter().map(refused));
    checks
}

fn settings(facts: &AgentFacts) -> Vec<Check> {
    match &facts.settings {
        Ok(warnings) => {
            let warnings = warnings
                .iter()
                .map(|warning| Check::hinted("settings", Verdict::Warn, warning));
            let file = facts.settings_file.display().to_string();
            [Check::pass("settings", file)]
                .into_iter()
                .chain(warnings)
                .collect()
        }
        Err(message) => vec![Check::hinted(
            "settings",
            Verdict::Fail(Fault::Settings),
            message,
        )],
    }
}

fn state(facts: &AgentFacts) -> Check {
    let directory = facts.state_directory.display();
    if let Err(message) = &facts.checkpoint {
        return Check::hinted("state", Verdict::Fail(Fault::State), message);
    }
    let Err(reason) = &facts.writable else {
        return Check::pass("state", directory.to_string());
    };
    let found = format!("{directory} cannot be written to: {reason}");
    let check = Check::fail("state", Fault::State, found);
    if cfg!(unix) {
        check.fix(
            "give it to the user who runs the agent",
            format!("sudo chown -R \"$USER\" '{directory}'"),
        )
    } else {
        check.advise("let the user who runs the agent write there")
    }
}

fn running(facts: &AgentFacts) -> Check {
    match &facts.holder {
        Some(holder) => Check::pass("running", holder),
        None => Check::warn("running", "no: nothing is sent until it is started").fix(
            "once the rest is well, have aw-qt or aw-tauri start it",
            "aw-sync-agent autostart enable",
        ),
    }
}

fn last_pass(facts: &AgentFacts, now: Time) -> Check {
    if let Some(Failure { at, message }) = &facts.last_failure {
        let message = format!("failed {}: {message}", ago(*at, now));
        return Check::hinted("last pass", Verdict::Warn, &message);
    }
    let check = match facts.last_success {
        Some(time) if now.since(time) <= STALE => {
            let found = format!("delivered everything {}", ago(time, now));
            return Check::pass("last pass", found);
        }
        Some(time) => Check::warn(
            "last pass",
            format!("the last that delivered everything was {}", ago(time, now)),
        ),
        None => Check::warn("last pass", "none has delivered everything yet"),
    };
    if facts.holder.is_some() {
        return check;
    }
    // What a receiver refuses on the first pass stays out: its settings come first.
    check.fix("once the rest is well, make one", "aw-sync-agent sync")
}

fn unanswered(facts: &AgentFacts) -> Option<Check> {
    match &facts.unanswered {
        // It may just be on its way.
        Ok(Some(_)) if facts.holder.is_some() => None,
        Ok(Some(samples)) => Some(
            Check::warn(
                "unanswered",
                format!(
                    "a request of {samples} samples; the next pass finds out what became of it"
                ),
            )
            .fix("make one now", "aw-sync-agent sync"),
        ),
        Ok(None) => None,
        Err(message) => Some(Check::hinted(
            "unanswered",
            Verdict::Fail(Fault::State),
            message,
        )),
    }
}

fn refused(range: &RefusedRange) -> Check {
    let RefusedRange {
        host,
        from,
        until,
        samples,
        reason,
    } = range;
    Check::warn(
        "refused",
        format!("{samples} samples of {from} to {until}: {reason}"),
    )
    .of(host)
}
