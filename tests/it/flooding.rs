//! Flood against ActivityWatch's own, `aw_transform.flood` of the pinned aw-core, on random lists of events.

use std::io::Write as _;
use std::process::{Command, Stdio};

use aw_sync_agent::timeline::{Interval, Time, flood};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::harness::python_of_activitywatch;

const SECOND_MICROS: i64 = 1_000_000;
const CASES: usize = 2_000;

/// Start and end in microseconds, which is what Python counts in, and data.
type Events = Vec<(i64, i64, u8)>;

/// Answers each line of events with a line of flooded ones.
///
/// `Event` cuts every timestamp that it is given to milliseconds. With the argument `whole` it does not, which shows
/// the algorithm alone.
const SCRIPT: &str = r#"
import json, logging, sys
from datetime import datetime, timedelta, timezone
import aw_core.models
from aw_transform.flood import flood

logging.disable(logging.CRITICAL)
if sys.argv[1] == "whole":
    aw_core.models._timestamp_parse = lambda timestamp: timestamp
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICRO = timedelta(microseconds=1)

for line in sys.stdin.read().splitlines():
    events = [
        aw_core.models.Event(timestamp=EPOCH + start * MICRO, duration=(end - start) * MICRO, data={"data": data})
        for start, end, data in json.loads(line)
    ]
    print(json.dumps([
        [(event.timestamp - EPOCH) // MICRO, (event.timestamp + event.duration - EPOCH) // MICRO, event.data["data"]]
        for event in flood(events)
    ]))
"#;

fn flooded_by_activitywatch(cases: &[Events], timestamps: &str) -> Vec<Events> {
    let mut python = Command::new(python_of_activitywatch())
        .args(["-c", SCRIPT, timestamps])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Written whole before anything is read: the script answers only then, too.
    let mut stdin = python.stdin.take().unwrap();
    for case in cases {
        writeln!(stdin, "{}", serde_json::to_string(case).unwrap()).unwrap();
    }
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let flooded: Vec<Events> = output
        .stdout
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(flooded.len(), cases.len());
    flooded
}

fn flooded(events: &Events) -> Events {
    let time = |micros| Time::from_nanos(micros * 1000);
    let micros = |time: Time| time.nanos() / 1000;
    let events = events
        .iter()
        .map(|&(start, end, data)| (Interval::new(time(start), time(end)), data));
    flood(events, u8::eq)
        .into_iter()
        .map(|(interval, data)| (micros(interval.start()), micros(interval.end()), data))
        .collect()
}

/// Lists of events on a grid of `unit` microseconds, each placed by where the one before it ended or started, so that
/// all the rules are met and most of their edges.
fn events(unit: i64) -> impl Strategy<Value = Events> {
    let second = SECOND_MICROS / unit;
    let gap = prop_oneof![
        3 => Just(0),
        2 => -2..=2_i64,
        3 => (-2..=2_i64).prop_map(move |off| 5 * second + off),
        3 => (-2..=2_i64).prop_map(move |off| -second / 10 + off),
        5 => 0..7 * second,
        5 => -second / 5..second / 5,
        3 => -40 * second..2 * second,
        1 => 0..600 * second,
    ];
    let length = prop_oneof![
        4 => Just(0),
        2 => 0..=4_i64,
        3 => 0..second / 5,
        4 => 0..20 * second,
        1 => 0..400 * second,
    ];
    let event = (gap, any::<bool>(), length, 0_u8..3);
    prop::collection::vec(event, 1..12).prop_map(move |steps| {
        let mut last = (1_000_000 * second, 1_000_000 * second);
        steps
            .into_iter()
            .map(|(gap, from_start, length, data)| {
                let base = if from_start && gap < 2 * second {
                    last.0
                } else {
                    last.1
                };
                last = (base + gap, base + gap + length);
                (last.0 * unit, last.1 * unit, data)
            })
            .collect()
    })
}

fn cases(strategy: &impl Strategy<Value = Events>) -> Vec<Events> {
    let mut runner = TestRunner::deterministic();
    (0..CASES)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

/// Even numbers throughout, so that the middle of a gap is on the grid, too.
#[test]
fn flood_is_that_of_activitywatch() {
    for (unit, timestamps) in [(2_000, "cut"), (2, "whole")] {
        let cases = cases(&events(unit));
        for (case, expected) in cases
            .iter()
            .zip(flooded_by_activitywatch(&cases, timestamps))
        {
            assert_eq!(flooded(case), expected, "{timestamps} timestamps: {case:?}");
        }
    }
}

/// Whether two edges are so close to one of the two limits of flood that a millisecond decides.
fn is_close_to_a_limit(events: &Events) -> bool {
    events.iter().any(|&(_, end, _)| {
        events.iter().any(|&(start, _, _)| {
            let gap = start - end;
            [5 * SECOND_MICROS, -SECOND_MICROS / 10]
                .iter()
                .any(|limit| (gap - limit).abs() <= 3_000)
        })
    })
}

/// Microseconds per data.
fn totals(events: &Events) -> [i64; 3] {
    let mut totals = [0; 3];
    for &(start, end, data) in events {
        totals[usize::from(data)] += end - start;
    }
    totals
}

/// What the agent leaves out of aw-core's flood: the fractions of a millisecond that timestamps lose there.
///
/// Where an event shorter than such a fraction shares a tiny overlap, they decide whether it takes its half with it.
#[test]
fn cut_timestamps_make_no_more_than_two_milliseconds_an_event() {
    let mut cases = cases(&events(2));
    for (start, end, _) in cases.iter_mut().flatten() {
        let fraction = *start % 1000;
        (*start, *end) = (*start - fraction, *end - fraction);
    }
    cases.retain(|case| !is_close_to_a_limit(case));
    let mut shared = 0;
    for (case, expected) in cases.iter().zip(flooded_by_activitywatch(&cases, "cut")) {
        let rounding = 2_000 * i64::try_from(case.len()).unwrap();
        for (ours, theirs) in totals(&flooded(case)).into_iter().zip(totals(&expected)) {
            let off = (ours - theirs).abs();
            assert!(off <= rounding + 50_000, "{off} µs: {case:?}");
            shared += usize::from(off > rounding);
        }
    }
    assert!(shared <= cases.len() / 100, "{shared} of {}", cases.len());
}
