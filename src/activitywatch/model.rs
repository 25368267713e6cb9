//! A bucket of the Python server in memory, for tests: what a slice of it reads as, and generated contents.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::Event;
use super::official::{Page, Query};
use super::slice::read_slice;
use crate::timeline::{Interval, Time, flood, split};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// Returns what reading `range` of a bucket gives.
pub(crate) fn read(stored: &[Event], range: Interval) -> Vec<Event> {
    read_after(stored, range, None)
}

/// Returns what reading `range` of a bucket gives if the slice before it has told what has `begun`.
pub(super) fn read_after(
    stored: &[Event],
    range: Interval,
    begun: Option<Vec<Event>>,
) -> Vec<Event> {
    let page = |query| Page {
        events: python_server(stored, query),
        undecodable: 0,
    };
    read_slice(range, begun, |query| Ok::<_, Infallible>(page(query))).unwrap()
}

/// Answers as the Python server does: cut at the bounds, one millisecond more at the end, the 24-hour rule.
pub(super) fn python_server(stored: &[Event], query: Query) -> Vec<Event> {
    let end = query.end.map(|end| end + Duration::from_millis(1));
    let mut answer: Vec<Event> = stored
        .iter()
        .filter(|event| end.is_none_or(|end| event.interval.start() <= end))
        .filter(|event| {
            query.start.is_none_or(|start| {
                event.interval.end() >= start
                    && event.interval.start() >= start - Duration::from_hours(24)
            })
        })
        .cloned()
        .collect();
    answer.sort_by_key(|event| std::cmp::Reverse(event.interval.start()));
    answer.truncate(query.limit.unwrap_or(usize::MAX));
    for event in &mut answer {
        let start = query.start.map_or(event.interval.start(), |start| {
            event.interval.start().max(start)
        });
        event.interval = Interval::new(
            start,
            end.map_or(event.interval.end(), |end| event.interval.end().min(end)),
        );
    }
    answer.sort_by_key(|event| (event.interval, event.id));
    answer
}

/// Returns the nanoseconds per app and step within `range`.
pub(super) fn steps_of(events: &[Event], range: Interval) -> BTreeMap<(String, i64), i64> {
    let mut steps = BTreeMap::new();
    for (interval, data) in flood(
        events.iter().map(|event| (event.interval, &event.data)),
        |one, other| one == other,
    ) {
        for (step, nanos) in interval.intersect(range).into_iter().flat_map(split) {
            *steps
                .entry((data["app"].to_string(), step.timestamp_ms()))
                .or_default() += nanos;
        }
    }
    steps
}

/// Up to `count` events from `data`, each placed by where the one before it ended or by an edge of a step, so that gaps
/// of about 5 s, tiny overlaps, events inside others and events longer than a day come up. Starts are unlike.
pub(crate) fn events(
    count: usize,
    data: impl Strategy<Value = Map<String, Value>>,
) -> impl Strategy<Value = Vec<Event>> {
    let gap = prop_oneof![
        2 => Just(0),
        1 => Just(1),
        2 => 5 * SECOND - 2..=5 * SECOND + 2,
        4 => 0..7 * SECOND,
        3 => -SECOND / 5..SECOND / 5,
        2 => -2 * MINUTE..0,
        2 => 0..20 * MINUTE,
        1 => 0..700 * MINUTE,
    ];
    let length = prop_oneof![
        3 => Just(0),
        2 => 0..SECOND,
        6 => 0..5 * MINUTE,
        1 => 0..1_700 * MINUTE,
    ];
    let near_a_step = prop::option::weighted(0.3, -6 * SECOND..6 * SECOND);
    prop::collection::vec((gap, near_a_step, length, data), 0..count).prop_map(|events| {
        let mut end = 10 * MINUTE;
        let mut placed: Vec<Event> = Vec::with_capacity(events.len());
        for ((gap, near_a_step, length, data), id) in events.into_iter().zip(1..) {
            let step = (end / MINUTE + 1) * MINUTE;
            let mut start = near_a_step.map_or(end + gap, |off| step + off).max(0);
            while placed
                .iter()
                .any(|event| event.interval.start().millis() == start)
            {
                start += 1;
            }
            end = start + length;
            placed.push(Event {
                id: Some(id),
                interval: Interval::new(Time::from_millis(start), Time::from_millis(end)),
                data: data.into(),
            });
        }
        placed
    })
}

/// Cuts the first four days into slices at those edges of steps near which something begins or ends, each if `chosen`.
pub(crate) fn slices<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    chosen: &[bool],
) -> Vec<Interval> {
    let near = |time: Time| (time.millis() + MINUTE / 2) / MINUTE;
    let minutes: BTreeSet<i64> = events
        .into_iter()
        .flat_map(|event| [event.interval.start(), event.interval.end()])
        .map(near)
        .filter(|minute| (1..whole().end().millis() / MINUTE).contains(minute))
        .collect();
    let cuts = minutes
        .into_iter()
        .zip(chosen.iter().cycle())
        .filter(|(_, chosen)| **chosen)
        .map(|(minute, _)| Time::from_millis(minute * MINUTE));
    let mut start = whole().start();
    let mut slices: Vec<Interval> = Vec::new();
    for end in cuts.chain([whole().end()]) {
        slices.push(Interval::new(start, end));
        start = end;
    }
    slices
}

/// The first four days: what [`slices`] cuts.
pub(crate) fn whole() -> Interval {
    Interval::new(Time::EPOCH, Time::from_millis(4 * 24 * 60 * MINUTE))
}
