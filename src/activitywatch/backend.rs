use std::collections::BTreeMap;
use std::time::SystemTime;

use super::official::{Page, Query};
use super::pace::Pace;
use super::slice::BEGUN_BEFORE;
use super::{Bucket, Event, ReadError, Server};
use crate::timeline::{Interval, Time};

/// Where buckets and events come from: a server, or what it exported once. Every call blocks.
pub(super) trait Backend: Send + Sync {
    /// Its name in messages, in `[hosts]` and in the checkpoint: of a server, the address.
    fn url(&self) -> &str;

    /// Returns what it has.
    ///
    /// # Errors
    /// Those that concern all of a server.
    fn list(&self) -> Result<Server, ReadError>;

    /// Returns the events of a bucket that `query` asks for, cut at its bounds or not.
    ///
    /// # Errors
    /// Any [`ReadError`].
    fn events(&self, bucket: &str, query: Query) -> Result<Page, ReadError>;

    /// Returns whether a bucket has at least `count` events, those that do not decode among them.
    ///
    /// # Errors
    /// Any [`ReadError`].
    fn has_events(&self, bucket: &str, count: usize) -> Result<bool, ReadError>;

    /// Returns what its clock says, in whole seconds; `None` if it does not tell.
    ///
    /// # Errors
    /// Any [`ReadError`].
    fn clock(&self) -> Result<Option<SystemTime>, ReadError> {
        Ok(None)
    }

    /// Returns when the newest event of `bucket`, that which began last, ends; `None` if there is none.
    ///
    /// # Errors
    /// Any [`ReadError`].
    fn newest(&self, bucket: &str) -> Result<Option<Time>, ReadError> {
        let query = Query {
            limit: Some(1),
            ..Query::default()
        };
        let page = self.events(bucket, query)?;
        Ok(page.events.last().map(|event| event.interval.end()))
    }

    /// Returns when what goes on in a bucket at `time` has begun; `time` if nothing does.
    ///
    /// # Errors
    /// Any [`ReadError`].
    fn running_since(&self, bucket: &str, time: Time) -> Result<Time, ReadError> {
        // Without `start`: with it, the Python server leaves out what began a day before.
        let query = Query {
            start: None,
            end: Some(time),
            limit: Some(BEGUN_BEFORE),
        };
        let running = self.events(bucket, query)?.events.into_iter();
        let starts = running
            .filter(|event| event.interval.end() >= time)
            .map(|event| event.interval.start());
        Ok(starts.min().unwrap_or(time).min(time))
    }

    /// Runs a query of ActivityWatch's own language over a period, and returns the lists of events that its `RETURN` is
    /// a dictionary of, each ascending by start. An event that does not decode is skipped with a warning.
    ///
    /// # Errors
    /// [`ReadError::Unreachable`], or [`ReadError::Query`] if it cannot be done; an export cannot.
    fn query(
        &self,
        _period: Interval,
        _lines: &[String],
    ) -> Result<BTreeMap<String, Vec<Event>>, ReadError> {
        Err(ReadError::Query {
            url: self.url().to_owned(),
            reason: "an export answers no queries".to_owned(),
        })
    }

    /// Returns the events of a bucket that decide what counts in `range`, read at `pace`. What the slice right before it
    /// has told of what has `begun` need not be asked for.
    ///
    /// # Errors
    /// Any [`ReadError`].
    fn slice(
        &self,
        bucket: &Bucket,
        range: Interval,
        begun: Option<Vec<Event>>,
        pace: &mut Pace,
    ) -> Result<Vec<Event>, ReadError> {
        let read = |query| self.events(&bucket.id, query);
        pace.read(bucket, range, begun, read, || self.clock().is_ok())
    }
}
