//! Events to fill a server with, and the time that they add up to.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::aw_server::{BucketSpec, EventSpec};

/// Events by bucket; those of each bucket in the order of their start.
pub(crate) struct Activity {
    pub(crate) buckets: Vec<(BucketSpec, Vec<EventSpec>)>,
}

impl Activity {
    pub(crate) fn event_count(&self) -> usize {
        self.buckets.iter().map(|(_, events)| events.len()).sum()
    }

    /// Returns the nanoseconds of `[from, to)` that each app's windows were in front, at the
    /// keyboard or away from it.
    pub(crate) fn app_nanoseconds(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> BTreeMap<String, i64> {
        nanoseconds_by(self.events("currentwindow"), text("app"), from, to)
    }

    /// Returns the nanoseconds of `[from, to)` in each AFK state.
    pub(crate) fn afk_nanoseconds(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> BTreeMap<String, i64> {
        nanoseconds_by(self.events("afkstatus"), text("status"), from, to)
    }

    /// Returns the nanoseconds of `[from, to)` in the buckets of type `kind`, by what `key` makes of the events' data.
    pub(crate) fn nanoseconds(
        &self,
        kind: &str,
        key: impl Fn(&Value) -> String,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> BTreeMap<String, i64> {
        nanoseconds_by(self.events(kind), key, from, to)
    }

    /// The events of the bucket of type `kind`.
    pub(crate) fn events(&self, kind: &str) -> &[EventSpec] {
        self.buckets
            .iter()
            .find(|(bucket, _)| bucket.kind == kind)
            .map_or(&[], |(_, events)| events)
    }
}

fn text(key: &str) -> impl Fn(&Value) -> String {
    move |data| data[key].as_str().unwrap_or_default().to_owned()
}

fn nanoseconds_by(
    events: &[EventSpec],
    key: impl Fn(&Value) -> String,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> BTreeMap<String, i64> {
    let mut totals = BTreeMap::new();
    for event in events {
        let inside = event.end().min(to) - event.start.max(from);
        if inside > TimeDelta::zero() {
            *totals.entry(key(&event.data)).or_default() +=
                inside.num_nanoseconds().expect("under 292 years");
        }
    }
    totals
}
