use std::collections::BTreeMap;
use std::time::Duration;

use super::Synchronizer;
use super::delivery::parcel_of;
use crate::checkpoint::{Journal, Sending, StoreError, Stretch};
use crate::metrics::{Labels, Sample, Series};
use crate::remote_write::Parcel;
use crate::timeline::{Interval, Time, utc_day, utc_day_end};

/// How far back what was sent is kept: as far as it is looked at again, and a day to spare.
const KEPT: Duration = Duration::from_hours(15 * 24);

impl Synchronizer {
    pub(super) fn journal(&self) -> Journal {
        self.store.journal()
    }

    /// Writes down what was sent of a stretch, before the checkpoint says so: what is written twice counts once.
    pub(super) fn write_down(&mut self, sending: &Sending) -> Result<(), StoreError> {
        let journal = self.journal();
        let is_new = !journal.exists();
        let kept_from = utc_day(self.now - KEPT);
        if sending.until > kept_from {
            journal.add(day(sending), sending.done.iter().map(Vec::as_slice))?;
        }
        let stretch = Stretch {
            from: sending.from.max(day(sending)),
            until: sending.until,
            at: self.now,
        };
        let endpoint = self.endpoint_mut();
        if is_new || endpoint.journal_since.is_none() {
            // What was sent before there was a journal is not in it.
            let sent = endpoint.devices.iter().map(|device| device.watermark).max();
            endpoint.journal_since = Some(sent.unwrap_or(Time::EPOCH));
        }
        // What was refused is in the journal too, and need not be looked for.
        if sending.refused.is_empty() && stretch.until > kept_from {
            endpoint.unconfirmed.push(stretch);
        }
        Ok(())
    }

    /// Forgets what is too old to be looked at again.
    pub(super) fn forget_old(&self) -> Result<(), StoreError> {
        self.journal().forget_before(self.now - KEPT)
    }

    /// Returns what was sent of `range`, which lies within a UTC day, ascending by labels.
    pub(super) fn sent(&self, range: Interval) -> Result<Vec<Series>, StoreError> {
        let journal = self.journal();
        let bodies = journal.of_day(range.start())?;
        let mut all = BTreeMap::<Labels, BTreeMap<i64, f64>>::new();
        for series in bodies
            .iter()
            .filter_map(|body| parcel_of(body))
            .flat_map(Parcel::into_series)
        {
            let samples = all.entry(series.labels).or_default();
            samples.extend(
                series
                    .samples
                    .iter()
                    .map(|sample| (sample.timestamp_ms, sample.value)),
            );
        }
        let of = |labels: &Labels, samples: &BTreeMap<i64, f64>, range: Interval| Series {
            labels: labels.clone(),
            samples: samples
                .range(range.start().millis()..range.end().millis())
                .map(|(&timestamp_ms, &value)| Sample {
                    timestamp_ms,
                    value,
                })
                .collect(),
        };
        let day = Interval::new(utc_day(range.start()), utc_day_end(range.start()));
        let whole = Parcel::new(all.iter().map(|(labels, samples)| of(labels, samples, day)));
        if let Some(whole) = whole {
            journal.join(range.start(), bodies.len(), &whole.batch().body)?;
        }
        let inside = all
            .iter()
            .map(|(labels, samples)| of(labels, samples, range));
        Ok(inside.filter(|series| !series.samples.is_empty()).collect())
    }
}

/// Returns the UTC day that all samples of a stretch belong to. It may begin on an earlier one, on which nothing
/// happened.
fn day(sending: &Sending) -> Time {
    utc_day(sending.until - Duration::from_nanos(1))
}
