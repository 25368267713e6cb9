//! What rules make of facts, each a table.

mod answers;
mod ends;
mod storage;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::*;
use crate::query_api::{BuildInfo, QueryError};
use crate::remote_write::{Answer, Outcome, Probe, classify};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

fn now() -> Time {
    Time::from_millis(1_795_500_000_000)
}

/// Nothing has been sent of a history this long.
fn new_history(length: Duration) -> Ages {
    Ages {
        waiting: Some(now() - length),
        waiting_is_new: true,
        oldest: Some(now() - length),
    }
}

/// What is not well, as verdict, name, and what to type.
fn unwell(checks: &[Check]) -> Vec<String> {
    let unwell = checks.iter().filter(|check| check.verdict != Verdict::Pass);
    let line = |check: &Check| {
        let texts = check.fixes.iter().filter_map(|fix| fix.text.clone());
        let texts: Vec<_> = texts.collect();
        format!(
            "{} {}: {}",
            check.verdict.word(),
            check.name,
            texts.join(" | ")
        )
        .trim_end()
        .to_owned()
    };
    unwell.map(line).collect()
}

fn flags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

/// A Prometheus that bears everything.
fn prometheus() -> ReceiverFacts {
    ReceiverFacts {
        address: "http://127.0.0.1:9090/api/v1/write".to_owned(),
        probe: Probe {
            outcome: Outcome::Delivered,
            is_victoria_metrics: false,
            date: None,
        },
        clock_ahead: Some(0),
        way: Way::Here,
        has_credentials: false,
        labels: 7,
        query: Ok(()),
        build: Some(BuildInfo {
            application: None,
            version: Some("3.5.3+ds1".to_owned()),
        }),
        flags: Some(flags(&[("enable-feature", "")])),
        retention: Some("10y".to_owned()),
        window: Some(3650 * DAY),
        head_max: Some(now()),
        written_to: None,
        asked: None,
        victoria_metrics_version: None,
    }
}

/// A VictoriaMetrics whose flags are these.
fn victoria_metrics(pairs: &[(&str, &str)]) -> ReceiverFacts {
    ReceiverFacts {
        probe: Probe {
            is_victoria_metrics: true,
            ..prometheus().probe
        },
        build: None,
        flags: None,
        retention: None,
        window: None,
        head_max: None,
        written_to: Some(flags(pairs)),
        asked: Some(flags(pairs)),
        ..prometheus()
    }
}

fn unavailable() -> Outcome {
    Outcome::Unavailable {
        maybe_stored: false,
        retry_after: None,
        reason: "Connection refused".to_owned(),
    }
}

fn answered(status: u16, body: &str) -> Outcome {
    let answer = Answer {
        status,
        body,
        ..Answer::default()
    };
    classify(&answer, SystemTime::UNIX_EPOCH)
}

fn with_outcome(outcome: Outcome) -> ReceiverFacts {
    let mut facts = prometheus();
    facts.probe.outcome = outcome;
    facts
}

fn of_receiver(facts: &ReceiverFacts, ages: Ages) -> Vec<String> {
    unwell(&receiver::checks(facts, ages, now()))
}
