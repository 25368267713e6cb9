use std::time::Duration;

use serde_json::Value;

use super::Event;
use super::official::{Page, Query};
use crate::timeline::Interval;

/// How far around a slice counters are read, one after the other until no count is cut. They are counted over seconds.
const MARGINS: [Duration; 3] = [
    Duration::from_mins(1),
    Duration::from_hours(1),
    // A little more than the longest, so that no event that fits is cut.
    Duration::from_secs(8 * 3600 + 1),
];

/// The longest time that one event may count over: the clock was wrong for any longer one. Well below the 24 hours
/// after which the Python server forgets an event's start.
const LONGEST_NANOS: i64 = 8 * 3600 * 1_000_000_000;

/// Returns the events of a bucket of counters that touch `range`, ascending, and others around it.
///
/// The servers cut the time of an event at the bounds that they are asked for, but not its counts, which would then be
/// counted in full in each slice. So all that count something come with their true start and end; an event that counts
/// over more than 8 hours is left out with a warning. `read` asks the server.
///
/// # Errors
/// Those of `read`.
pub(super) fn read_counters<E>(
    bucket: &str,
    range: Interval,
    read: impl Fn(Query) -> Result<Page, E>,
) -> Result<Vec<Event>, E> {
    let mut events = Vec::new();
    for margin in MARGINS {
        let wide = Interval::new(range.start() - margin, range.end() + margin);
        events = read(Query {
            start: Some(wide.start()),
            end: Some(wide.end()),
            limit: None,
        })?
        .events;
        let is_cut = |event: &Event| {
            event.interval.start().millis() <= wide.start().millis()
                || event.interval.end().millis() >= wide.end().millis()
        };
        let mut counting = events
            .iter()
            .filter(|event| counts(event) && event.interval.intersect(range).is_some());
        if !counting.any(is_cut) {
            break;
        }
    }
    let too_long = |event: &Event| counts(event) && event.interval.nanos() > LONGEST_NANOS;
    let (too_long, events): (Vec<_>, Vec<_>) = events.into_iter().partition(too_long);
    if let Some(first) = too_long.first() {
        log::warn!(
            "bucket `{bucket}`: {} events count over more than 8 hours and are left out, the first of {}",
            too_long.len(),
            first.interval.start()
        );
    }
    Ok(events)
}

/// Whether an event holds a number other than zero. Watchers join events in which nothing happened to one of any length.
fn counts(event: &Event) -> bool {
    event
        .data
        .values()
        .filter_map(Value::as_f64)
        .any(|number| number != 0.0)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use serde_json::json;

    use super::*;
    use crate::activitywatch::model::python_server;
    use crate::timeline::Time;

    const HOUR: i64 = 3_600_000;

    fn event(start_ms: i64, length_ms: i64, presses: u32) -> Event {
        let Value::Object(data) = json!({"presses": presses, "clicks": 0}) else {
            unreachable!("an object literal")
        };
        Event {
            id: Some(start_ms),
            interval: Interval::new(
                Time::from_millis(start_ms),
                Time::from_millis(start_ms + length_ms),
            ),
            data: data.into(),
        }
    }

    /// Reads an hour, which begins at a hundred, and tells in how many requests.
    fn hour(stored: &[Event], hour: i64) -> (Vec<Event>, u32) {
        let requests = Cell::new(0);
        let range = Interval::new(
            Time::from_millis((100 + hour) * HOUR),
            Time::from_millis((101 + hour) * HOUR),
        );
        let events = read_counters("input", range, |query| {
            requests.set(requests.get() + 1);
            Ok::<_, Infallible>(Page {
                events: python_server(stored, query),
                undecodable: 0,
            })
        });
        (events.unwrap(), requests.get())
    }

    #[test]
    fn an_event_across_the_edge_comes_whole_in_both_slices() {
        let stored = [event(101 * HOUR - 2_000, 5_000, 3)];
        assert_eq!(hour(&stored, 0), (stored.to_vec(), 1));
        assert_eq!(hour(&stored, 1), (stored.to_vec(), 1));
    }

    #[test]
    fn long_events_come_whole_too() {
        for length in [2, 50, 7 * 60] {
            let stored = [event(100 * HOUR + HOUR / 2, length * 60_000, 3)];
            assert_eq!(hour(&stored, 0).0, stored, "{length} min");
            assert_eq!(hour(&stored, length / 60).0, stored, "{length} min");
        }
    }

    #[test]
    fn hours_in_which_nothing_happened_cost_one_request() {
        let stored = [event(90 * HOUR, 20 * HOUR, 0)];
        assert_eq!(hour(&stored, 0).1, 1);
    }

    #[test]
    fn an_event_that_is_too_long_is_left_out_of_every_slice() {
        let stored = [event(98 * HOUR, 9 * HOUR, 3), event(104 * HOUR, 5_000, 1)];
        for place in -2..7 {
            let (events, _) = hour(&stored, place);
            assert!(
                events.iter().all(|event| event.id == stored[1].id),
                "hour {place}: {events:?}"
            );
        }
    }
}
