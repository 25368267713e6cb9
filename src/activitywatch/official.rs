//! The official client's terms: queries go into its names, and out come its buckets and events.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::data::KnownData;
use super::{Bucket, Event};
use crate::timeline::{Interval, Time};

/// What an id may hold unencoded: RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Which events of a bucket to read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Query {
    /// Events that end before it are left out, those that began before it come back cut.
    pub(super) start: Option<Time>,
    /// Events that begin after it are left out, those that end after it come back cut.
    pub(super) end: Option<Time>,
    /// At most so many, the newest.
    pub(super) limit: Option<usize>,
}

/// What a query brought.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Ascending by start, then end, then id.
    pub(super) events: Vec<Event>,
    /// How many more there were that do not decode.
    pub(super) undecodable: usize,
}

/// Returns the name to ask the official client for, so that it makes a ranged read.
///
/// The client has no ranges. It pastes the name into `…/buckets/{name}/events`, so the name brings the whole query
/// with it, and the tail `/events` ends as the value of a parameter that both servers ignore.
pub(super) fn ranged_name(bucket: &str, query: Query) -> String {
    let rounded = |millis| {
        DateTime::<Utc>::from(Time::from_millis(millis))
            .to_rfc3339_opts(SecondsFormat::Millis, true)
    };
    let parameters = [
        query
            .start
            .map(|start| format!("start={}", rounded(start.millis()))),
        query.end.map(|end| {
            format!(
                "end={}",
                rounded((end + Duration::from_nanos(999_999)).millis())
            )
        }),
        query.limit.map(|limit| format!("limit={limit}")),
        Some("_=".to_owned()),
    ];
    let parameters: Vec<String> = parameters.into_iter().flatten().collect();
    format!(
        "{}/events?{}",
        utf8_percent_encode(bucket, ENCODED),
        parameters.join("&")
    )
}

/// Returns what the agent wants to know of a bucket.
pub(super) fn bucket(listed: aw_client_rust::Bucket) -> Bucket {
    let synced = is_synced(&listed.id, &listed.data);
    Bucket {
        id: listed.id,
        kind: listed._type,
        client: listed.client,
        hostname: listed.hostname,
        synced,
    }
}

/// Whether aw-sync brought a bucket from another machine.
pub(super) fn is_synced(id: &str, data: &Map<String, Value>) -> bool {
    id.contains("-synced-from-") || data.contains_key("$aw.sync.origin")
}

/// Returns events of the official client as they are here, in their order; those that have equal data share them.
pub fn events(read: Vec<aw_client_rust::Event>) -> Vec<Event> {
    let mut known = KnownData::default();
    let event = |read| event(read, &mut known);
    read.into_iter().map(event).collect()
}

/// Returns an event with its interval, its data shared with those of `known`; a negative duration counts as zero.
pub(super) fn event(read: aw_client_rust::Event, known: &mut KnownData) -> Event {
    let start = Time::from(read.timestamp);
    // Durations come as floating-point seconds and the client cuts them to nanoseconds, which turns 2.3 s into
    // 2.299999999 s. Watchers and the Python server count in microseconds at most, so the lost nanosecond is known.
    let nanos =
        read.duration
            .num_nanoseconds()
            .unwrap_or(if read.duration < chrono::TimeDelta::zero() {
                0
            } else {
                i64::MAX
            });
    let nanos = if nanos % 1000 == 999 {
        nanos + 1
    } else {
        nanos
    };
    let duration = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
    Event {
        id: read.id,
        interval: Interval::new(start, start + duration),
        data: known.shared(read.data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ranged_read_is_smuggled_into_the_name() {
        let query = Query {
            start: Some(Time::from_nanos(1_500_001)),
            end: Some(Time::from_nanos(2_000_001)),
            limit: Some(3),
        };
        assert_eq!(
            ranged_name("a/b?c#d%20ü", query),
            "a%2Fb%3Fc%23d%2520%C3%BC/events?start=1970-01-01T00:00:00.001Z&end=1970-01-01T00:00:00.003Z&limit=3&_="
        );
        assert_eq!(ranged_name("x", Query::default()), "x/events?_=");
    }

    #[test]
    fn durations_survive_the_clients_rounding() {
        let read = |seconds: f64| {
            let json = serde_json::json!({"id": 1, "timestamp": "1970-01-01T00:00:00Z", "duration": seconds, "data": {}});
            event(
                serde_json::from_value(json).unwrap(),
                &mut KnownData::default(),
            )
            .interval
            .nanos()
        };
        assert_eq!(read(2.3), 2_300_000_000);
        assert_eq!(read(0.000_001), 1_000);
        assert_eq!(read(-5.0), 0);
        assert_eq!(read(1e12), i64::MAX);
    }
}
