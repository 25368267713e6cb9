use std::time::Duration;

use super::ReadError;
use super::official::{Page, Query};
use super::slice::BEGUN_BEFORE;
use crate::timeline::{Time, utc_day};

/// How near the answer has to be: the length of a slice.
const DAY: Duration = Duration::from_hours(24);

/// Returns a time in `[from, until)` before which nothing of the bucket happens after `from`, less than a day too
/// early; `None` if nothing happens before `until` at all.
///
/// `read` asks the server, for one event at a time. After the epoch nothing is near, so from there the newest events lead
/// back to the first: a week costs seven requests, a year some twenty. After a known time the next activity is mostly near,
/// and the stretch is doubled until something lies in it.
///
/// # Errors
/// Those of `read`.
pub(super) fn first_activity(
    from: Time,
    until: Time,
    read: impl Fn(Query) -> Result<Page, ReadError>,
) -> Result<Option<Time>, ReadError> {
    if from >= until {
        return Ok(None);
    }
    if from > Time::EPOCH {
        // Without `start`: with it, the Python server leaves out what began a day before and still goes on.
        let begun = read(Query {
            start: None,
            end: Some(from),
            limit: Some(BEGUN_BEFORE),
        })?;
        if begun
            .events
            .iter()
            .any(|event| event.interval.end() >= from)
        {
            return Ok(Some(from));
        }
    }
    // When the newest event in a stretch begins, at the latest.
    let newest_in = |start: Time, end: Time| -> Result<Option<Time>, ReadError> {
        let page = read(Query {
            start: Some(start),
            end: Some(end),
            limit: Some(1),
        })?;
        let start_of_one_unknown = (page.undecodable > 0).then_some(end);
        let start_of_newest = page
            .events
            .first()
            .map(|event| event.interval.start().max(start));
        Ok(start_of_newest.or(start_of_one_unknown))
    };
    let near = if from > Time::EPOCH {
        forwards(from, until, newest_in)?
    } else {
        backwards(from, until, newest_in)?
    };
    let Some((mut empty_until, mut found)) = near else {
        return Ok(None);
    };
    while found.since(empty_until) > DAY {
        let middle = empty_until + found.since(empty_until) / 2;
        match newest_in(empty_until, middle)? {
            Some(earlier) => found = earlier,
            None => empty_until = middle,
        }
    }
    // A slice ends at midnight, and one that nothing happens in is not worth its reads.
    let midnight = utc_day(found);
    if midnight > empty_until && newest_in(empty_until, midnight)?.is_none() {
        empty_until = midnight;
    }
    Ok((empty_until < until).then_some(empty_until))
}

/// Returns a time before which nothing happens after `from`, and a later one at which something does.
fn forwards(
    from: Time,
    until: Time,
    newest_in: impl Fn(Time, Time) -> Result<Option<Time>, ReadError>,
) -> Result<Option<(Time, Time)>, ReadError> {
    let mut empty_until = from;
    let mut stretch = DAY;
    while empty_until < until {
        let end = (empty_until + stretch).min(until);
        if let Some(found) = newest_in(empty_until, end)? {
            return Ok(Some((empty_until, found)));
        }
        empty_until = end;
        stretch = stretch.saturating_mul(2);
    }
    Ok(None)
}

/// Returns the same as [`forwards`], as near to `until` as the activity allows.
fn backwards(
    from: Time,
    until: Time,
    newest_in: impl Fn(Time, Time) -> Result<Option<Time>, ReadError>,
) -> Result<Option<(Time, Time)>, ReadError> {
    let Some(mut found) = newest_in(from, until)? else {
        return Ok(None);
    };
    let mut stretch = DAY;
    loop {
        let before = found - stretch;
        if before <= from {
            return Ok(Some((from, found)));
        }
        match newest_in(from, before)? {
            Some(earlier) => found = earlier,
            None => return Ok(Some((before, found))),
        }
        stretch = stretch.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::activitywatch::Data;
    use crate::activitywatch::Event;
    use crate::timeline::Interval;

    fn day(day: i64) -> Time {
        Time::from_millis(day * 24 * 3_600_000)
    }

    /// The answer for events that begin at `starts` and last a second, and how many requests it took.
    fn search(starts: &[Time], from: Time, until: Time) -> (Option<Time>, u32) {
        search_beside(starts, None, from, until)
    }

    /// The same with an event beside them that does not decode.
    fn search_beside(
        starts: &[Time],
        undecodable: Option<Time>,
        from: Time,
        until: Time,
    ) -> (Option<Time>, u32) {
        let requests = Cell::new(0);
        let found = first_activity(from, until, |query| {
            requests.set(requests.get() + 1);
            let inside = |start: &&Time| {
                query.start.is_none_or(|from| **start >= from)
                    && query.end.is_none_or(|end| **start <= end)
            };
            let newest = starts
                .iter()
                .chain(&undecodable)
                .filter(inside)
                .max()
                .copied();
            if newest.is_some() && newest == undecodable {
                return Ok(Page {
                    events: vec![],
                    undecodable: 1,
                });
            }
            let event = |start| Event {
                id: None,
                interval: Interval::new(start, start + Duration::from_secs(1)),
                data: Data::default(),
            };
            Ok(Page {
                events: newest.map(event).into_iter().collect(),
                undecodable: 0,
            })
        });
        (found.unwrap(), requests.get())
    }

    #[test]
    fn an_event_that_does_not_decode_hides_nothing() {
        for bad in [day(0), day(100), day(500), day(20_000)] {
            let (found, requests) =
                search_beside(&[day(400), day(401)], Some(bad), day(0), day(20_100));
            let first = bad.min(day(400));
            assert!(
                found.is_some_and(|found| found <= first && first.since(found) <= DAY),
                "{bad}: {found:?}"
            );
            assert!(requests <= 32, "{bad}: {requests} requests");
        }
    }

    #[test]
    fn an_event_that_goes_on_counts_from_the_start() {
        // As the Python server answers for an event that began two days before.
        let running = Event {
            id: None,
            interval: Interval::new(day(3), day(9)),
            data: Data::default(),
        };
        let found = first_activity(day(5), day(20), |query| {
            let events = if query.start.is_none() {
                vec![running.clone()]
            } else {
                vec![]
            };
            Ok(Page {
                events,
                undecodable: 0,
            })
        });
        assert_eq!(found.unwrap(), Some(day(5)));
    }

    #[test]
    fn the_answer_is_less_than_a_day_early() {
        for first in [0, 1, 2, 9, 3650, 19_999] {
            let (found, requests) = search(&[day(first), day(20_000)], day(0), day(20_100));
            let found = found.unwrap();
            assert!(
                found <= day(first) && day(first).since(found) <= DAY,
                "day {first}: {found}"
            );
            assert!(requests <= 32, "day {first}: {requests} requests");
        }
    }

    #[test]
    fn a_new_bucket_costs_few_requests_from_the_epoch() {
        for (days, most) in [(1, 4), (7, 7), (365, 20)] {
            let starts: Vec<Time> = (0..24 * days)
                .map(|hour| day(20_000 - days) + Duration::from_hours(hour.cast_unsigned()))
                .collect();
            let (found, requests) = search(&starts, day(0), day(20_000));
            let early = starts[0].since(found.unwrap());
            assert!(early <= DAY, "{days} days: {early:?} early");
            assert!(requests <= most, "{days} days: {requests} requests");
        }
    }

    #[test]
    fn nothing_is_found_in_few_requests() {
        assert_eq!(search(&[], day(0), day(20_000)), (None, 1));
        assert_eq!(search(&[], day(1), day(20_000)), (None, 16));
        assert_eq!(search(&[day(5)], day(3), day(3)), (None, 0));
        assert_eq!(search(&[day(2)], day(3), day(5)).0, None);
    }
}
