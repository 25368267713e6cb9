use std::collections::HashMap;
use std::time::Duration;

use super::counters::read_counters;
use super::official::{Page, Query};
use super::slice::{begun_in, read_slice};
use super::{Bucket, Event, ReadError};
use crate::timeline::Interval;

/// How many events one answer is to bring at most. Few buckets have as many in a day, and decoding them takes some 10 MB.
const MOST_EVENTS: usize = 10_000;

/// The longest stretch that is read at once: a slice is no longer.
const LONGEST: Duration = Duration::from_hours(24);

/// The shortest, which is read whatever it holds. A server that cannot answer for it within the client's 30 s is as good
/// as away.
const SHORTEST: Duration = Duration::from_hours(1);

/// How much of a bucket is read at once: it follows the density of the events and what the server can answer for.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    length: Duration,
    /// What `length` may grow to.
    longest: Duration,
    most_events: usize,
}

/// Why a stretch was not read.
#[derive(Debug)]
enum Stop {
    /// It has more events than one answer is to bring. Those that came, the newest, are of so long a time.
    Crowded(Duration),
    Failed(ReadError),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Failed(error)
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::of(MOST_EVENTS)
    }
}

impl Pace {
    fn of(most_events: usize) -> Self {
        Self {
            length: LONGEST,
            longest: LONGEST,
            most_events,
        }
    }

    /// Returns what [`read_slice`] or [`read_counters`] would return for `range`, read in as many stretches as it takes.
    ///
    /// `read` asks the server, and `is_there` whether it answers anything at all: one that does, but not this, is asked
    /// for less.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn read(
        &mut self,
        bucket: &Bucket,
        range: Interval,
        mut begun: Option<Vec<Event>>,
        read: impl Fn(Query) -> Result<Page, ReadError>,
        is_there: impl Fn() -> bool,
    ) -> Result<Vec<Event>, ReadError> {
        let mut stretches = Vec::new();
        let mut start = range.start();
        loop {
            let stretch = Interval::new(start, range.end().min(start + self.length));
            let length = stretch.end().since(start);
            match self.read_stretch(bucket, stretch, begun.clone(), &read) {
                Ok(more) => {
                    if more.len() < self.most_events / 4 {
                        self.length = self.longest.min(self.length * 2);
                    }
                    start = stretch.end();
                    if start >= range.end() {
                        stretches.push(more);
                        return Ok(joined(stretches));
                    }
                    begun = (!bucket.is_counter()).then(|| begun_in(&more, start));
                    stretches.push(more);
                }
                Err(Stop::Crowded(time)) => {
                    // Whole seconds, and somewhat fewer events than were too many.
                    let fitting = Duration::from_secs(time.as_secs() * 3 / 4);
                    self.length = fitting.min(length / 2).max(SHORTEST);
                }
                Err(Stop::Failed(ReadError::Unreachable { .. }))
                    if length > SHORTEST && is_there() =>
                {
                    log::info!(
                        "bucket `{}`: no answer for a stretch of {}, so it is read by the hour",
                        bucket.id,
                        humantime::format_duration(length)
                    );
                    (self.length, self.longest) = (SHORTEST, SHORTEST);
                }
                Err(Stop::Failed(error)) => return Err(error),
            }
        }
    }

    fn read_stretch(
        &self,
        bucket: &Bucket,
        stretch: Interval,
        begun: Option<Vec<Event>>,
        read: impl Fn(Query) -> Result<Page, ReadError>,
    ) -> Result<Vec<Event>, Stop> {
        let is_shortest = stretch.end().since(stretch.start()) <= SHORTEST;
        let read = |query: Query| {
            if query.limit.is_some() || is_shortest {
                return Ok(read(query)?);
            }
            let limit = Some(self.most_events);
            let page = read(Query { limit, ..query })?;
            if page.events.len() + page.undecodable < self.most_events {
                return Ok(page);
            }
            let oldest = page.events.first().map(|event| event.interval.start());
            let end = stretch.end();
            Err(Stop::Crowded(end.since(oldest.unwrap_or(end).min(end))))
        };
        if bucket.is_counter() {
            read_counters(&bucket.id, stretch, read)
        } else {
            read_slice(stretch, begun, read)
        }
    }
}

/// Returns the events of stretches that follow each other, ascending. One that is in several was cut in each.
fn joined(mut stretches: Vec<Vec<Event>>) -> Vec<Event> {
    if stretches.len() == 1 {
        return stretches.swap_remove(0);
    }
    let mut events: Vec<Event> = Vec::new();
    let mut places = HashMap::new();
    for event in stretches.into_iter().flatten() {
        let place = match event.id {
            Some(id) => *places.entry(id).or_insert(events.len()),
            None => events.len(),
        };
        match events.get_mut(place) {
            Some(known) => known.interval = known.interval.hull(event.interval),
            None => events.push(event),
        }
    }
    events.sort_by_key(|event| (event.interval, event.id));
    events
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::activitywatch::model::{self, python_server, steps_of};
    use crate::timeline::{Time, utc_day_end};

    const HOUR: i64 = 3_600_000;

    fn bucket(kind: &str) -> Bucket {
        Bucket {
            id: "b".to_owned(),
            kind: kind.to_owned(),
            client: String::new(),
            hostname: String::new(),
            synced: false,
        }
    }

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else {
            unreachable!("an object literal")
        };
        object
    }

    fn hours(from: i64, to: i64) -> Interval {
        Interval::new(Time::from_millis(from * HOUR), Time::from_millis(to * HOUR))
    }

    /// A server with `stored` that answers for at most so long a stretch, and what it was asked for.
    struct Server {
        stored: Vec<Event>,
        answers_for: Duration,
        is_there: bool,
        asked: RefCell<Vec<Interval>>,
        most: Cell<usize>,
    }

    impl Server {
        fn of(stored: Vec<Event>) -> Self {
            Self {
                stored,
                answers_for: Duration::MAX,
                is_there: true,
                asked: RefCell::default(),
                most: Cell::default(),
            }
        }

        /// A second of something else each minute of these hours.
        fn busy_for(hours: i64) -> Self {
            let event = |minute: i64| Event {
                id: Some(minute),
                interval: Interval::new(
                    Time::from_millis(minute * 60_000),
                    Time::from_millis(minute * 60_000 + 1_000),
                ),
                data: object(json!({"app": minute % 2})).into(),
            };
            Self::of((0..hours * 60).map(event).collect())
        }

        fn read(&self, pace: &mut Pace, range: Interval) -> Result<Vec<Event>, ReadError> {
            self.read_of("currentwindow", pace, range)
        }

        fn read_of(
            &self,
            kind: &str,
            pace: &mut Pace,
            range: Interval,
        ) -> Result<Vec<Event>, ReadError> {
            let answer = |query: Query| {
                if let (Some(start), Some(end)) = (query.start, query.end) {
                    self.asked.borrow_mut().push(Interval::new(start, end));
                    if end.since(start) > self.answers_for {
                        return Err(ReadError::Unreachable {
                            url: String::new(),
                            reason: "operation timed out".to_owned(),
                        });
                    }
                }
                let events = python_server(&self.stored, query);
                self.most.set(self.most.get().max(events.len()));
                Ok(Page {
                    events,
                    undecodable: 0,
                })
            };
            pace.read(&bucket(kind), range, None, answer, || self.is_there)
        }
    }

    #[test]
    fn a_day_that_is_not_crowded_is_read_at_once() {
        let server = Server::busy_for(24);
        let day = hours(0, 24);
        let events = server.read(&mut Pace::of(1441), day).unwrap();
        assert_eq!(events, model::read(&server.stored, day));
        assert_eq!(server.asked.borrow().len(), 1);
    }

    #[test]
    fn no_answer_brings_more_than_it_is_to() {
        let server = Server::busy_for(24);
        let mut pace = Pace::of(200);
        let events = server.read(&mut pace, hours(0, 24)).unwrap();
        assert_eq!(events, server.stored);
        assert_eq!(server.most.get(), 200);
        // One of which tells only that the day is too much, then ten of two hours and a half.
        assert_eq!(server.asked.borrow().len(), 11);
    }

    #[test]
    fn an_hour_is_read_however_crowded_it_is() {
        let server = Server::busy_for(2);
        assert_eq!(
            server.read(&mut Pace::of(10), hours(0, 24)).unwrap(),
            server.stored
        );
    }

    #[test]
    fn stretches_grow_again_where_little_happens() {
        let server = Server::busy_for(24);
        let mut pace = Pace::of(200);
        for day in 0..3 {
            server
                .read(&mut pace, hours(24 * day, 24 * day + 24))
                .unwrap();
        }
        server.asked.borrow_mut().clear();
        server.read(&mut pace, hours(72, 96)).unwrap();
        assert_eq!(server.asked.borrow().len(), 1);
    }

    #[test]
    fn a_slow_server_is_asked_for_an_hour_at_a_time_from_then_on() {
        let server = Server {
            answers_for: Duration::from_hours(3),
            ..Server::busy_for(48)
        };
        let mut pace = Pace::default();
        for day in [hours(0, 24), hours(24, 48)] {
            let events = server.read(&mut pace, day).unwrap();
            assert_eq!(steps_of(&events, day), steps_of(&server.stored, day));
        }
        assert_eq!(server.asked.borrow().len(), 1 + 2 * 24);
    }

    #[test]
    fn a_server_that_does_not_answer_for_an_hour_is_away() {
        let server = Server {
            answers_for: Duration::ZERO,
            ..Server::busy_for(24)
        };
        let read = server.read(&mut Pace::default(), hours(0, 24));
        assert!(matches!(read, Err(ReadError::Unreachable { .. })));
        assert_eq!(server.asked.borrow().len(), 2);
    }

    #[test]
    fn a_server_that_answers_nothing_is_not_asked_again() {
        let server = Server {
            answers_for: Duration::ZERO,
            is_there: false,
            ..Server::busy_for(24)
        };
        let read = server.read(&mut Pace::default(), hours(0, 24));
        assert!(matches!(read, Err(ReadError::Unreachable { .. })));
        assert_eq!(server.asked.borrow().len(), 1);
    }

    #[test]
    fn counters_are_whole_and_counted_once() {
        let presses = |place: i64| Event {
            id: Some(place),
            interval: Interval::new(
                Time::from_millis(place * 7 * 60_000),
                Time::from_millis((place + 1) * 7 * 60_000),
            ),
            data: object(json!({"presses": place + 1})).into(),
        };
        let server = Server::of((0..200).map(presses).collect());
        let events = server
            .read_of("os.hid.input", &mut Pace::of(20), hours(0, 24))
            .unwrap();
        assert!(server.asked.borrow().len() > 8);
        let inside = |events: Vec<Event>| -> Vec<Event> {
            let day = hours(0, 24);
            let inside = |event: &Event| event.interval.intersect(day).is_some();
            events.into_iter().filter(inside).collect()
        };
        assert_eq!(inside(events), inside(server.stored.clone()));
    }

    proptest! {
        #[test]
        fn the_pace_changes_no_step(
            stored in model::events(60, (0_u8..3).prop_map(|app| object(json!({ "app": app })))),
            most_events in 4_usize..40,
        ) {
            let server = Server::of(stored);
            let mut pace = Pace::of(most_events);
            let mut start = Time::EPOCH;
            while start < model::whole().end() {
                let day = Interval::new(start, utc_day_end(start));
                let events = server.read(&mut pace, day).unwrap();
                let (steps, truth) = (steps_of(&events, day), steps_of(&server.stored, day));
                // Days of steps are too long a message.
                prop_assert_eq!(steps.iter().zip(&truth).find(|(step, true_step)| step != true_step), None);
                prop_assert_eq!(steps.len(), truth.len());
                start = day.end();
            }
        }
    }
}
