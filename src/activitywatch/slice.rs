use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::Event;
use super::official::{Page, Query};
use crate::timeline::{Interval, Time};

/// How far around a slice events are read. ActivityWatch closes gaps of up to 5 s between events, and its Python server
/// counts in milliseconds; nothing further away changes what lies inside.
pub(super) const MARGIN: Duration = Duration::from_millis(5_001);

/// How many events that began before a slice are looked at to begin with. Mostly the newest of them decides what is
/// still running.
pub(super) const BEGUN_BEFORE: usize = 10;

/// How many are looked at to the utmost, where so many in a row have equal data or no length.
const MOST_BEGUN_BEFORE: usize = 640;

/// Returns the events of a bucket that touch `range` or decide what counts in it, ascending by start, end and id.
///
/// Events come with their true starts, so that resolving overlaps gives the same within `range` however time is sliced.
/// They reach beyond `range` on both sides and have to be cut. `read` asks the server.
///
/// Three reads, since the servers cut events at the bounds that they are asked for and the Python server forgets those
/// that began more than 24 hours before `start`: what began before the range, without `start`; the range with a margin;
/// and, rarely, how far an event reaches that only the first read knows of. Where the slice right before this one has
/// been read, it has told what the first read would ([`begun_in`]), which is `begun` then.
///
/// # Errors
/// Those of `read`.
pub(super) fn read_slice<E>(
    range: Interval,
    begun: Option<Vec<Event>>,
    read: impl Fn(Query) -> Result<Page, E>,
) -> Result<Vec<Event>, E> {
    let begun = match begun {
        Some(begun) => begun,
        None => begun_before(range.start(), &read)?,
    };
    let wide = Interval::new(range.start() - MARGIN, range.end() + MARGIN);
    let mut events = read(Query {
        start: Some(wide.start()),
        end: Some(wide.end()),
        limit: None,
    })?
    .events;

    // Cut at the margin and older than all that is known to have begun before: it began earlier than those did.
    let earliest = begun.first().map_or(wide.start(), |event| {
        event.interval.start().min(wide.start())
    });
    let mut starts: HashMap<i64, Time> = begun
        .iter()
        .filter_map(|event| Some((event.id?, event.interval.start())))
        .collect();
    for event in &mut events {
        if event.interval.start().millis() <= wide.start().millis() {
            let start = event
                .id
                .and_then(|id| starts.remove(&id))
                .unwrap_or(earliest);
            event.interval = event.interval.hull(Interval::new(start, start));
        }
    }

    let known: HashSet<i64> = events.iter().filter_map(|event| event.id).collect();
    let forgotten = begun
        .into_iter()
        .filter(|event| event.id.is_none_or(|id| !known.contains(&id)));
    let forgotten: Vec<Event> = forgotten
        .map(|event| extended(event, &events, range, wide.end(), &read))
        .collect::<Result<_, _>>()?;
    events.extend(forgotten);
    events.sort_by_key(|event| (event.interval, event.id));
    Ok(events)
}

/// Returns the newest events that began before `time`, ascending, back to one that ends the look at what is running
/// then: an event with a length cuts all older ones with other data.
fn begun_before<E>(time: Time, read: impl Fn(Query) -> Result<Page, E>) -> Result<Vec<Event>, E> {
    let mut limit = BEGUN_BEFORE;
    loop {
        let page = read(Query {
            start: None,
            end: Some(time),
            limit: Some(limit),
        })?;
        let is_all = page.events.len() + page.undecodable < limit;
        if is_all || is_decided(&page.events) || limit >= MOST_BEGUN_BEFORE {
            return Ok(page.events);
        }
        limit *= 4;
    }
}

/// Whether one of these events cuts all that began before them.
fn is_decided(events: &[Event]) -> bool {
    let mut lasting = events.iter().filter(|event| !event.interval.is_empty());
    lasting
        .next()
        .is_some_and(|first| lasting.any(|other| other.data != first.data))
}

/// Returns of the events of a slice, as [`read_slice`] returned them, those that the slice after it has to know, which
/// begins at `time`, where the first one ends.
pub(super) fn begun_in(events: &[Event], time: Time) -> Vec<Event> {
    let begun = events.partition_point(|event| event.interval.start() < time);
    let mut limit = BEGUN_BEFORE;
    loop {
        let newest = &events[begun.saturating_sub(limit)..begun];
        if newest.len() == begun || is_decided(newest) || limit >= MOST_BEGUN_BEFORE {
            return newest.to_vec();
        }
        limit *= 4;
    }
}

/// Returns `event`, which began before the slice and is not among its `events`, with its end, as far as that counts.
///
/// An event that has ended before the slice comes back as it is: it may still have cut an older one.
fn extended<E>(
    event: Event,
    events: &[Event],
    range: Interval,
    wide_end: Time,
    read: impl Fn(Query) -> Result<Page, E>,
) -> Result<Event, E> {
    if event.interval.end() < range.start() {
        return Ok(event);
    }
    let begin_inside = |other: &&Event| other.interval.start() > range.start();
    let cut = events
        .iter()
        .filter(begin_inside)
        .find(|other| !other.interval.is_empty() && other.data != event.data);
    // Beyond the cut: an event cut right there would look like a tiny overlap, which flood shares instead of cutting.
    let end = cut.map_or(wide_end, |cut| wide_end.min(cut.interval.start() + MARGIN));
    let newer = events
        .iter()
        .filter(begin_inside)
        .take_while(|other| other.interval.start() <= end)
        .count();
    let reached = read(Query {
        start: None,
        end: Some(end),
        limit: Some(newer + MOST_BEGUN_BEFORE),
    })?;
    let reached = reached
        .events
        .into_iter()
        .find(|other| other.id.is_some() && other.id == event.id);
    Ok(reached.unwrap_or(event))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::activitywatch::model::{self, steps_of};

    const HOUR: i64 = 3_600_000;

    fn data(app: u8) -> serde_json::Map<String, serde_json::Value> {
        let serde_json::Value::Object(data) = json!({ "app": app }) else {
            unreachable!("an object literal")
        };
        data
    }

    fn event(id: i64, start_ms: i64, length_ms: i64, app: u8) -> Event {
        Event {
            id: Some(id),
            interval: Interval::new(
                Time::from_millis(start_ms),
                Time::from_millis(start_ms + length_ms),
            ),
            data: data(app).into(),
        }
    }

    /// The steps of `range` when it is read in one slice.
    fn steps(stored: &[Event], range: Interval) -> BTreeMap<(String, i64), i64> {
        steps_of(&model::read(stored, range), range)
    }

    /// What the steps are when nothing is sliced or forgotten.
    fn truth(stored: &[Event], range: Interval) -> BTreeMap<(String, i64), i64> {
        steps_of(stored, range)
    }

    fn days(from: i64, to: i64) -> Interval {
        Interval::new(
            Time::from_millis(from * 24 * HOUR),
            Time::from_millis(to * 24 * HOUR),
        )
    }

    #[test]
    fn an_event_longer_than_a_day_is_not_lost() {
        let stored = [event(1, 10 * HOUR, 70 * HOUR, 1)];
        for day in 0..4 {
            assert_eq!(
                steps(&stored, days(day, day + 1)),
                truth(&stored, days(day, day + 1)),
                "day {day}"
            );
        }
    }

    #[test]
    fn a_long_event_ends_where_the_next_one_begins() {
        let stored = [
            event(1, 10 * HOUR, 70 * HOUR, 1),
            event(2, 60 * HOUR, HOUR, 2),
            event(3, 59 * HOUR, 0, 3),
        ];
        assert_eq!(steps(&stored, days(2, 3)), truth(&stored, days(2, 3)));
        assert_eq!(steps(&stored, days(3, 4)), BTreeMap::new());
    }

    #[test]
    fn what_an_ended_event_has_cut_does_not_come_back() {
        let stored = [
            event(1, 10 * HOUR, 30 * HOUR, 1),
            event(2, 12 * HOUR, HOUR, 2),
        ];
        assert_eq!(steps(&stored, days(1, 2)), BTreeMap::new());
    }

    #[test]
    fn many_events_of_equal_data_hide_nothing() {
        let hour = |id, start, app| event(id, start * HOUR, 60_000, app);
        let long = event(1, 0, 80 * HOUR, 1);
        let short: Vec<_> = (2..14).map(|id| hour(id, id, 1)).collect();
        let empty: Vec<_> = (2..14).map(|id| event(id, id * HOUR, 0, 1)).collect();
        let cut: Vec<_> = [hour(2, 1, 2)]
            .into_iter()
            .chain((3..15).map(|id| hour(id, id, 1)))
            .collect();
        for others in [short, empty, cut] {
            let stored: Vec<_> = std::iter::once(long.clone()).chain(others).collect();
            for day in 0..4 {
                assert_eq!(
                    steps(&stored, days(day, day + 1)),
                    truth(&stored, days(day, day + 1)),
                    "day {day}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn slicing_changes_no_step(
            events in prop::collection::vec((0_i64..96 * HOUR, prop_oneof![Just(0), 0..HOUR, 0..60 * HOUR], 0_u8..3), 0..12),
            chosen in prop::collection::vec(any::<bool>(), 1..20),
        ) {
            let stored: Vec<_> = events.into_iter().zip(1..).map(|((start, length, app), id)| event(id, start, length, app)).collect();
            sliced_as_whole(&stored, &chosen)?;
        }

        #[test]
        fn slicing_changes_no_step_of_crowded_events(
            stored in model::events(60, (0_u8..3).prop_map(data)),
            chosen in prop::collection::vec(any::<bool>(), 1..20),
        ) {
            sliced_as_whole(&stored, &chosen)?;
        }
    }

    fn sliced_as_whole(stored: &[Event], chosen: &[bool]) -> Result<(), TestCaseError> {
        let (mut sliced, mut in_a_row) = (BTreeMap::new(), BTreeMap::new());
        let mut begun = None;
        for range in model::slices(stored, chosen) {
            sliced.extend(steps(stored, range));
            let events = model::read_after(stored, range, begun);
            in_a_row.extend(steps_of(&events, range));
            begun = Some(begun_in(&events, range.end()));
        }
        prop_assert!(
            in_a_row == sliced,
            "slices in a row differ from those that know nothing"
        );
        let truth = truth(stored, model::whole());
        // Days of steps are too long a message.
        let first = sliced
            .iter()
            .zip(&truth)
            .find(|(sliced, truth)| sliced != truth);
        prop_assert_eq!(first, None);
        prop_assert_eq!(sliced.len(), truth.len());
        Ok(())
    }
}
