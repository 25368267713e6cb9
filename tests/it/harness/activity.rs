//! Events to fill a server with, and the time that they add up to.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::aw_server::{BucketSpec, EventSpec};

/// Seconds by the value of a label.
pub(crate) type Totals = BTreeMap<String, f64>;

/// Events by bucket; those of each bucket in the order of their start.
pub(crate) struct Activity {
    pub(crate) buckets: Vec<(BucketSpec, Vec<EventSpec>)>,
}

impl Activity {
    pub(crate) fn event_count(&self) -> usize {
        self.buckets.iter().map(|(_, events)| events.len()).sum()
    }

    /// Returns it without what lies after `end`.
    #[allow(
        dead_code,
        reason = "a test's days are over; an example's last one is going on"
    )]
    pub(crate) fn until(mut self, end: DateTime<Utc>) -> Self {
        for (_, events) in &mut self.buckets {
            events.retain(|event| event.start < end);
            for event in events {
                event.duration = event.duration.min(end - event.start);
            }
        }
        self
    }

    /// Returns the time in `[from, to)` that each app's windows were in front, at the keyboard or away from it.
    pub(crate) fn app_totals(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Totals {
        self.totals("currentwindow", |data| text(&data["app"]), from, to)
    }

    /// Returns the time in `[from, to)` in each AFK state.
    pub(crate) fn afk_totals(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Totals {
        self.totals("afkstatus", |data| text(&data["status"]), from, to)
    }

    /// Returns the time in `[from, to)` in the buckets of type `kind`, by what `key` makes of the events' data.
    pub(crate) fn totals(
        &self,
        kind: &str,
        key: impl Fn(&Value) -> String,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Totals {
        let mut totals = BTreeMap::<String, TimeDelta>::new();
        for event in self.events(kind) {
            let inside = event.end().min(to) - event.start.max(from);
            if inside > TimeDelta::zero() {
                *totals.entry(key(&event.data)).or_default() += inside;
            }
        }
        // Only here, so that nothing is rounded in between.
        let seconds = |(key, time): (_, TimeDelta)| (key, time.as_seconds_f64());
        totals.into_iter().map(seconds).collect()
    }

    /// The events of the bucket of type `kind`.
    pub(crate) fn events(&self, kind: &str) -> &[EventSpec] {
        self.buckets
            .iter()
            .find(|(bucket, _)| bucket.kind == kind)
            .map_or(&[], |(_, events)| events)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
