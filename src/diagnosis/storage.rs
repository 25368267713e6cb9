//! What a receiver keeps of what it takes: how old it may be, for how long, and how often.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Ages;
use super::check::{Check, Fault};
use super::length::{ago, days, words};
use super::limits;
use super::receiver::{Kind, ReceiverFacts};
use crate::query_api::{duration, retention_period};
use crate::timeline::Time;

/// How far behind its newest sample Prometheus takes others in any case: half of a block.
const HEAD: Duration = Duration::from_hours(1);

/// By how much what waits, or its history, may be too old: time goes on while it is looked at.
const SLACK: Duration = Duration::from_mins(10);

/// How far ahead the newest sample may be.
const AHEAD: Duration = Duration::from_mins(5);

/// One sample a minute.
const STEP: Duration = Duration::from_mins(1);

/// What is advised at least, in days.
const MIN_WINDOW: u64 = 30;
const MIN_RETENTION: u64 = 10 * 365;

/// The first Prometheus that takes what is out of order.
const WITH_WINDOW: (u32, u32) = (2, 39);

pub(super) fn checks(facts: &ReceiverFacts, ages: Ages, now: Time) -> Vec<Check> {
    let mut checks = Vec::new();
    match facts.kind() {
        Kind::Prometheus if facts.is_agent() => checks.push(mode()),
        Kind::Prometheus => {
            checks.extend(future(facts, now));
            checks.extend(window(facts, ages, now));
            checks.extend(
                facts
                    .retention
                    .as_deref()
                    .map(|kept| prometheus_retention(kept, ages, now)),
            );
        }
        Kind::VictoriaMetrics | Kind::Vmagent => {
            let relay = facts
                .written_to
                .iter()
                .filter(|_| facts.kind() == Kind::Vmagent);
            checks.extend(relay.flat_map(|flags| limits::check(facts.labels, flags)));
            match &facts.asked {
                Some(flags) => {
                    checks.push(deduplication(flags));
                    checks.push(victoria_metrics_retention(flags, ages, now));
                    checks.extend(limits::check(facts.labels, flags));
                }
                None => checks.push(unknown_flags()),
            }
        }
        Kind::Other => {}
    }
    checks
}

/// Returns what there is to say of a Prometheus that only passes samples on.
fn mode() -> Check {
    Check::warn(
        "mode",
        "an agent, which keeps nothing and drops in silence what is older than its own start",
    )
    .advise("write to the Prometheus behind it in `prometheus-url`")
}

/// Judges a newest sample that is still to come, behind which nothing of today is new enough.
fn future(facts: &ReceiverFacts, now: Time) -> Option<Check> {
    let newest = facts.head_max.filter(|newest| *newest > now + AHEAD)?;
    let found = format!("its newest sample lies {} ahead", words(newest.since(now)));
    let reach = facts.window.unwrap_or_default().max(HEAD);
    let check = if newest - reach > now {
        let found = format!(
            "{found}, so it refuses all that is more than {} behind that, which is everything",
            words(reach)
        );
        Check::fail("newest sample", Fault::Settings, found)
    } else {
        Check::warn("newest sample", found)
    };
    Some(check.advise("find who writes with a wrong clock, or milliseconds as seconds; Prometheus forgets that sample once its time has passed, or with its data"))
}

fn window(facts: &ReceiverFacts, ages: Ages, now: Time) -> Option<Check> {
    let window = facts.window?;
    let newest = facts.head_max.unwrap_or(now);
    let reach = window.max(HEAD);
    let too_old = ages
        .waiting
        .filter(|waiting| *waiting < newest - reach - SLACK);
    let taken = format!(
        "takes what is up to {} behind its newest sample",
        words(reach)
    );
    let (found, needed) = match too_old {
        Some(waiting) => (
            format!(
                "{taken}, but what waits begins {}: the older part will be refused",
                ago(waiting, now)
            ),
            days(newest.since(waiting)) + 1,
        ),
        None if window < HEAD => (
            format!("{taken}: what waits longer, while it is off or away, will be refused"),
            0,
        ),
        None => return Some(Check::pass("old samples", taken)),
    };
    let check = Check::warn("old samples", found);
    let has_window = facts
        .build
        .as_ref()
        .and_then(|build| release(build.version.as_deref()?));
    if has_window.is_some_and(|release| release < WITH_WINDOW) {
        return Some(check.advise("update Prometheus: from 2.39 on it can take old samples"));
    }
    let needed = needed.max(MIN_WINDOW);
    let check = check.fix(
        "add to prometheus.yml and restart Prometheus",
        format!("storage:\n  tsdb:\n    out_of_order_time_window: {needed}d"),
    );
    Some(if too_old.is_some() && ages.waiting_is_new {
        let history = if window < HEAD {
            "1h".to_owned()
        } else {
            format!("{}h", window.as_secs() / 3600)
        };
        check.fix(
            "or leave older history out, in the settings file",
            format!("history = \"{history}\""),
        )
    } else {
        check
    })
}

/// Returns major and minor of `2.42.0+ds`.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

/// Judges a retention such as `15d`, `1y or 5GiB` or `5GiB`.
fn prometheus_retention(kept: &str, ages: Ages, now: Time) -> Check {
    let length = kept.split(" or ").find_map(duration);
    let flag = |days: u64| format!("--storage.tsdb.retention.time={days}d");
    retention(kept, length, ages, now, "start Prometheus with", flag)
}

fn victoria_metrics_retention(flags: &BTreeMap<String, String>, ages: Ages, now: Time) -> Check {
    let (kept, length) = retention_period(flags);
    let flag = |days: u64| format!("-retentionPeriod={days}d");
    retention(kept, length, ages, now, "start VictoriaMetrics with", flag)
}

fn retention(
    kept: &str,
    length: Option<Duration>,
    ages: Ages,
    now: Time,
    how: &str,
    flag: impl Fn(u64) -> String,
) -> Check {
    let is_over = |oldest: &Time| length.is_some_and(|length| *oldest < now - length - SLACK);
    let Some(oldest) = ages.oldest.filter(is_over) else {
        return Check::pass("retention", format!("keeps samples for {kept}"));
    };
    let found = format!(
        "keeps samples for {kept}, but your history begins {}: what is older is lost in silence",
        ago(oldest, now)
    );
    let needed = (days(now.since(oldest)) * 2).max(MIN_RETENTION);
    let check = Check::warn("retention", found).fix(how, flag(needed));
    let kept_days = length.map_or(0, |length| length.as_secs() / 86_400);
    check.fix(
        "or send no more than that, in the settings file",
        format!("history = \"{kept_days}d\""),
    )
}

fn deduplication(flags: &BTreeMap<String, String>) -> Check {
    const NAME: &str = "duplicates";
    let flag = "-dedup.minScrapeInterval=1ms";
    let set = flags.get("dedup.minScrapeInterval");
    let interval = set.and_then(|set| duration(set)).unwrap_or_default();
    if interval > STEP {
        let found = format!(
            "keeps one sample in {}, but there is one a minute: time is lost",
            words(interval)
        );
        Check::fail(NAME, Fault::Settings, found).fix("start VictoriaMetrics with", flag)
    } else if interval.is_zero() {
        Check::warn(
            NAME,
            "what has to be sent again after a lost answer is stored, and counted, twice",
        )
        .fix("start VictoriaMetrics with", flag)
    } else {
        Check::pass(NAME, "what is sent twice counts once")
    }
}

fn unknown_flags() -> Check {
    Check::warn("flags", "cannot be seen, so nobody knows how long samples are kept and whether one that is sent twice counts once")
        .fix("see that whoever stores them was started with", "-retentionPeriod=10y -dedup.minScrapeInterval=1ms")
}
