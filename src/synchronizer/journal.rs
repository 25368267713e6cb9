use std::collections::BTreeMap;
use std::time::Duration;

use md5::{Digest, Md5};

use super::Synchronizer;
use super::delivery::parcel_of;
use crate::checkpoint::{Journal, Sending, StoreError, Stretch};
use crate::metrics::{Labels, Sample, Series};
use crate::remote_write::Parcel;
use crate::settings::Settings;
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
        let stretch = Stretch {
            from: sending.from.max(day(sending)),
            until: sending.until,
            at: self.now,
            resent: self.findings.resent,
        };
        let naming = self.naming();
        let endpoint = self.endpoint_mut();
        if is_new || endpoint.journal_since.is_none() || endpoint.naming != Some(naming) {
            // What was sent before there was a journal is not in it, and what was sent under other names is not found.
            let sent = endpoint.devices.iter().map(|device| device.watermark).max();
            endpoint.journal_since = Some(sent.unwrap_or(Time::EPOCH));
            endpoint.naming = Some(naming);
            // Before there is a journal, which then stands for all that was ever sent.
            self.save()?;
        }
        journal.add(day(sending), sending.done.iter().map(Vec::as_slice))?;
        // What was refused is in the journal too, and need not be looked for.
        if sending.refused.is_empty() {
            self.endpoint_mut().unconfirmed.push(stretch);
        }
        Ok(())
    }

    /// Returns a hash of all that decides whose a series is.
    fn naming(&self) -> u64 {
        let Settings {
            user,
            labels,
            hosts,
            relabel,
            ..
        } = &self.settings;
        let text = format!("{user:?}{labels:?}{hosts:?}{:?}", relabel.configs());
        let digest: [u8; 16] = Md5::digest(text).into();
        u64::from_be_bytes(std::array::from_fn(|place| digest[place]))
    }

    /// Forgets what is too old to be looked at again, and what does not wait to be seen. What was sent last tells how old
    /// something is: the clock may have been wrong.
    pub(super) fn forget_old(&mut self) -> Result<(), StoreError> {
        let endpoint = self.endpoint_mut();
        let newest = endpoint.devices.iter().filter_map(|device| device.newest);
        let Some(newest) = newest.max() else {
            return Ok(());
        };
        let waiting = endpoint.unconfirmed.iter().map(|stretch| stretch.from);
        let before = waiting.min().unwrap_or(newest).min(newest - KEPT);
        self.journal().forget_before(before)
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
        if Journal::are_many(bodies.len()) {
            let day = Interval::new(utc_day(range.start()), utc_day_end(range.start()));
            let whole = all.iter().map(|(labels, samples)| of(labels, samples, day));
            if let Some(whole) = Parcel::new(whole) {
                journal.join(range.start(), &whole.batch().body)?;
            }
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
