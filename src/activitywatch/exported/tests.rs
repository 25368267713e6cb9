use std::cmp::Reverse;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::activitywatch::model;
use crate::activitywatch::pace::Pace;
use crate::timeline::flood;

fn bucket(id: &str, kind: &str, hostname: &str, events: &[Value]) -> Value {
    json!({id: {"type": kind, "client": "c", "hostname": hostname, "events": events}})
}

/// Exports of these buckets, one after the other.
fn exported(exports: &[Value]) -> Exported {
    let mut exported = Exported::default();
    for buckets in exports {
        let export = json!({ "buckets": buckets }).to_string();
        exported.add("e.json", export.as_bytes()).unwrap();
    }
    exported
}

/// The events of a bucket as a server exports them: the newest first, with ids or without.
fn newest_first(events: &[Event], has_ids: bool) -> Vec<Value> {
    let mut events: Vec<&Event> = events.iter().collect();
    events.sort_by_key(|event| Reverse((event.interval.start(), event.id)));
    let written = |event: &Event| {
        let seconds = event.interval.nanos() / 1_000_000;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53 ms")]
        let seconds = seconds as f64 / 1e3;
        let start = event.interval.start().to_string();
        let mut written = json!({"timestamp": start, "duration": seconds, "data": &*event.data});
        if has_ids {
            written["id"] = json!(event.id);
        }
        written
    };
    events.into_iter().map(written).collect()
}

fn second(second: u32, length: u32, app: &str) -> Value {
    let start = format!("2026-01-01T00:00:{second:02}Z");
    json!({"timestamp": start, "duration": length, "data": {"app": app}})
}

/// When the events of bucket `w` begin and end, in seconds.
fn times(exported: &Exported, query: Query) -> Vec<(i64, i64)> {
    let first = exported.buckets["w"].events[0].0.start();
    let seconds = |time: Time| (time.nanos() - first.nanos()) / 1_000_000_000;
    let events = exported.events("w", query).unwrap().events;
    events
        .iter()
        .map(|event| {
            (
                seconds(event.interval.start()),
                seconds(event.interval.end()),
            )
        })
        .collect()
}

#[test]
fn what_several_exports_have_counts_once() {
    let old = [second(5, 1, "b"), second(0, 5, "a"), second(0, 5, "a")];
    let new = [second(6, 1, "a"), second(5, 9, "b"), second(0, 5, "a")];
    let both = exported(&[
        bucket("w", "currentwindow", "h", &old),
        bucket("w", "currentwindow", "h", &new),
    ]);
    // What one server has twice stays twice, and what has grown since is there at both lengths.
    let all = [(0, 5), (0, 5), (5, 6), (5, 14), (6, 7)];
    assert_eq!(times(&both, Query::default()), all);
    assert!(both.has_events("w", 5).unwrap());
    assert!(!both.has_events("w", 6).unwrap());
}

#[test]
fn queries_are_answered_as_by_a_server_that_cuts_nothing() {
    let events = [second(30, 5, "c"), second(20, 5, "b"), second(0, 50, "a")];
    let exported = exported(&[bucket("w", "currentwindow", "h", &events)]);
    let first = exported.buckets["w"].events[0].0.start();
    let at = |second| Some(first + std::time::Duration::from_secs(second));
    let asked = |start, end, limit| times(&exported, Query { start, end, limit });
    assert_eq!(asked(None, at(29), None), [(0, 50), (20, 25)]);
    assert_eq!(asked(at(26), None, None), [(0, 50), (30, 35)]);
    assert_eq!(asked(at(25), at(30), Some(2)), [(20, 25), (30, 35)]);
    assert_eq!(asked(at(50), None, None), [(0, 50)]);
    assert_eq!(asked(at(51), None, None), []);
    assert!(matches!(
        exported.events("x", Query::default()),
        Err(ReadError::Vanished { .. })
    ));
}

#[test]
fn buckets_without_a_machine_belong_to_the_only_one() {
    let on = |id: &str, hostname: &str| bucket(id, "t", hostname, &[]);
    for (hostnames, expected) in [
        (vec!["laptop", "unknown", "laptop", ""], "laptop"),
        (vec!["laptop", "desk", "unknown"], "unknown"),
        (vec!["unknown"], "unknown"),
    ] {
        let buckets: Vec<Value> = hostnames
            .iter()
            .zip(0..)
            .map(|(hostname, id)| on(&format!("b{id}"), hostname))
            .collect();
        assert_eq!(exported(&buckets).hostname(), expected, "{hostnames:?}");
    }
}

proptest! {
    #[test]
    fn a_slice_counts_as_that_of_a_server(
        stored in model::events(12, (0_u8..3).prop_map(|app| Map::from_iter([("app".to_owned(), app.into())]))),
        chosen in prop::collection::vec(any::<bool>(), 1..20),
        has_ids in any::<bool>(),
    ) {
        let exported = exported(&[bucket("w", "currentwindow", "h", &newest_first(&stored, has_ids))]);
        let bucket = exported.buckets["w"].bucket.clone();
        for range in model::slices(&stored, &chosen) {
            let counted = |events: &[Event]| -> Vec<(Interval, Data)> {
                let events = events.iter().map(|event| (event.interval, &event.data));
                let flooded = flood(events, |one, other| one == other).into_iter();
                flooded
                    .filter_map(|(interval, data)| Some((interval.intersect(range)?, data.clone())))
                    .collect()
            };
            let of_file = exported.slice(&bucket, range, None, &mut Pace::default()).unwrap();
            prop_assert_eq!(counted(&of_file), counted(&model::read(&stored, range)));
        }
    }
}
