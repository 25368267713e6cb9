use std::collections::BTreeMap;
use std::time::Duration;

use super::check::{Check, Fault, Verdict};
use super::clock;
use super::length::{ago, words};
use crate::activitywatch::{Bucket, ReadError};
use crate::timeline::{Interval, Time};

/// How old the newest event of a watcher that runs may be: it reports every few seconds.
const FRESH: Duration = Duration::from_mins(15);

/// How far ahead an event may end: clocks are never quite the same.
const AHEAD: Duration = Duration::from_mins(1);

/// What is known of one ActivityWatch server.
#[derive(Debug, Clone)]
pub struct ServerFacts {
    /// Its address, without userinfo.
    pub address: String,
    /// Its version and the name of its machine, if it lets us in.
    pub info: Result<(String, String), ReadError>,
    /// Whether it was asked with an API key.
    pub has_key: bool,
    /// By how many seconds its clock is ahead of ours, if that is known.
    pub clock_ahead: Option<i64>,
    /// The devices that a pass reads.
    pub devices: Vec<DeviceFacts>,
    /// The ids of buckets that are left out, by the setting that does it.
    pub left_out: BTreeMap<&'static str, Vec<String>>,
    /// What else a pass would warn of.
    pub notices: Vec<String>,
    /// Buckets that could not be read.
    pub failed: Vec<ReadError>,
}

/// What is known of one device.
#[derive(Debug, Clone)]
pub struct DeviceFacts {
    /// Its name, as in the label `host`.
    pub host: String,
    /// Whether the server runs on it, so that its watchers run now.
    pub is_servers_own: bool,
    /// Its buckets.
    pub buckets: Vec<BucketFacts>,
}

/// What is known of one bucket.
#[derive(Debug, Clone)]
pub struct BucketFacts {
    /// The bucket.
    pub bucket: Bucket,
    /// From when to when there is activity in it, none before what `history` lets in; `None` if there is none, or
    /// nobody knows.
    pub extent: Option<Interval>,
    /// Up to when it has been sent; `None` if it never was.
    pub done_until: Option<Time>,
}

impl BucketFacts {
    /// Returns since when there is activity that has not been sent; `None` if there is none.
    pub(super) fn waiting_since(&self) -> Option<Time> {
        let extent = self.extent?;
        let from = self
            .done_until
            .unwrap_or(extent.start())
            .max(extent.start());
        (from < extent.end() || self.done_until.is_none()).then_some(from)
    }
}

pub(super) fn checks(facts: &ServerFacts, now: Time) -> Vec<Check> {
    let (version, hostname) = match &facts.info {
        Ok(info) => info,
        Err(error) => return refusal(error),
    };
    let mut checks = vec![Check::pass(
        "reachable",
        format!("ActivityWatch {version} on {hostname}"),
    )];
    if facts.has_key {
        checks.push(Check::pass("API key", "is taken"));
    }
    checks.extend(facts.clock_ahead.map(clock::check));
    if facts.devices.is_empty() && facts.failed.is_empty() {
        let none = if facts.left_out.is_empty() {
            Check::warn("buckets", "there is none: no watcher has reported yet")
                .advise("start aw-watcher-window and aw-watcher-afk, as aw-qt and aw-tauri do")
        } else {
            Check::warn("buckets", "all are left out").advise("change the settings named below")
        };
        checks.push(none);
    }
    for device in &facts.devices {
        checks.extend(of_device(device, now));
    }
    checks.extend(left_out(&facts.left_out));
    let notices = facts.notices.iter();
    checks.extend(notices.map(|notice| Check::hinted("buckets", Verdict::Warn, notice)));
    let failed = facts.failed.iter();
    checks.extend(failed.map(|error| Check::hinted("buckets", Verdict::Warn, &error.to_string())));
    checks
}

/// Returns what it means that a server does not let us in.
fn refusal(error: &ReadError) -> Vec<Check> {
    let key = |check: Check| {
        let answers = Check::pass("reachable", "somebody answers");
        vec![answers, check]
    };
    match error {
        ReadError::Unreachable { reason, .. } => vec![
            Check::fail(
                "reachable",
                Fault::Unreachable,
                format!("no answer: {reason}"),
            )
            .advise("start ActivityWatch")
            .fix(
                "or say in the settings file where it listens",
                "aw-url = \"http://127.0.0.1:5600\"",
            ),
        ],
        ReadError::Misconfigured {
            status: status @ (401 | 403),
            body,
            hint,
            ..
        } => key(
            Check::fail("API key", Fault::Settings, format!("HTTP {status}: {body}")).advise(hint),
        ),
        ReadError::Misconfigured {
            path,
            status,
            body,
            hint,
            ..
        } => vec![
            Check::fail(
                "reachable",
                Fault::Settings,
                format!(
                    "this is no ActivityWatch that can be read: HTTP {status} to `{path}`: {body}"
                ),
            )
            .advise(hint),
        ],
        ReadError::NoKey { reason, .. } => vec![Check::hinted(
            "API key",
            Verdict::Fail(Fault::Settings),
            reason,
        )],
        other => vec![Check::hinted(
            "reachable",
            Verdict::Fail(Fault::Unreachable),
            &other.to_string(),
        )],
    }
}

fn is_window(bucket: &BucketFacts) -> bool {
    bucket.bucket.kind == "currentwindow"
}

fn is_afk(bucket: &BucketFacts) -> bool {
    bucket.bucket.is_essential() && !is_window(bucket)
}

fn of_device(device: &DeviceFacts, now: Time) -> Vec<Check> {
    let find = |is: fn(&BucketFacts) -> bool| device.buckets.iter().find(|bucket| is(bucket));
    let mut checks = Vec::new();
    match find(is_window) {
        Some(bucket) => checks.push(freshness("windows", bucket, device.is_servers_own, now)),
        None if device.is_servers_own => checks.push(
            Check::warn("windows", "no bucket: there is no time by app and category").fix(
                "start the watcher, or tick it in aw-qt's menu",
                "aw-watcher-window",
            ),
        ),
        None => {}
    }
    match find(is_afk) {
        Some(bucket) => checks.push(freshness("AFK", bucket, device.is_servers_own, now)),
        None if find(is_window).is_some() => checks.push(
            Check::warn("AFK", "no bucket: the label `active` will be `unknown`").fix(
                "start the watcher, or tick it in aw-qt's menu",
                "aw-watcher-afk",
            ),
        ),
        None => {}
    }
    let others = device
        .buckets
        .iter()
        .filter(|bucket| !bucket.bucket.is_essential());
    let others: Vec<_> = others
        .map(|bucket| format!("{} {}", bucket.bucket.id, newest(bucket, now)))
        .collect();
    if !others.is_empty() {
        checks.push(Check::pass("others", others.join(", ")));
    }
    checks.push(waiting(device, now));
    checks
        .into_iter()
        .map(|check| check.of(&device.host))
        .collect()
}

/// Judges how new the events of a bucket are that should have some at any time.
fn freshness(name: &'static str, bucket: &BucketFacts, is_servers_own: bool, now: Time) -> Check {
    let id = &bucket.bucket.id;
    let found = format!("newest event {} in {id}", newest(bucket, now));
    let Some(extent) = bucket.extent else {
        return Check::warn(name, format!("no events in {id}"));
    };
    if extent.end() > now + AHEAD {
        return Check::warn(name, found).advise(
            "set the clock of the machine that it was written on; what is still to come is cut at the present",
        );
    }
    if is_servers_own && now.since(extent.end()) > FRESH {
        let watcher = &bucket.bucket.client;
        return Check::warn(name, found).fix(
            "start the watcher again, or tick it in aw-qt's menu",
            watcher,
        );
    }
    Check::pass(name, found)
}

fn newest(bucket: &BucketFacts, now: Time) -> String {
    bucket
        .extent
        .map_or_else(|| "(no events)".to_owned(), |extent| ago(extent.end(), now))
}

fn waiting(device: &DeviceFacts, now: Time) -> Check {
    let mut buckets = device.buckets.iter();
    let is_new = buckets.all(|bucket| bucket.done_until.is_none());
    let buckets = device.buckets.iter();
    let since = buckets.filter_map(BucketFacts::waiting_since).min();
    let found = match since {
        None => "nothing".to_owned(),
        Some(since) if is_new => format!("all of {}: nothing has been sent yet", last(since, now)),
        Some(since) => last(since, now),
    };
    Check::pass("waiting", found)
}

/// Returns the time since `since` in words.
fn last(since: Time, now: Time) -> String {
    let length = now.since(since);
    let date = &since.to_string()[..10];
    if length < Duration::from_hours(48) {
        format!("the last {}", words(length))
    } else {
        format!("the last {}, since {date}", words(length))
    }
}

fn left_out(by_setting: &BTreeMap<&'static str, Vec<String>>) -> Option<Check> {
    let parts: Vec<_> = by_setting
        .iter()
        .map(|(setting, ids)| format!("by `{setting}`: {}", ids.join(", ")))
        .collect();
    (!parts.is_empty()).then(|| Check::pass("left out", parts.join("; ")))
}
