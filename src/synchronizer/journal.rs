use std::collections::BTreeMap;
use std::time::Duration;

use super::Synchronizer;
use super::delivery::parcel_of;
use crate::checkpoint::{Entry, Fate, Journal, Sending, StoreError, Stretch};
use crate::metrics::{Labels, Sample, Series};
use crate::remote_write::Parcel;
use crate::settings::Settings;
use crate::stable_hash::stable_hash;
use crate::timeline::{Interval, Time, utc_day, utc_day_end};

/// How far back what was sent is kept: as far as it is looked at again, and a day to spare.
const KEPT: Duration = Duration::from_hours(15 * 24);

/// What was sent of a stretch of time: of each label set the samples, and what came of them in the end.
type Sent = BTreeMap<Labels, BTreeMap<i64, (f64, Fate)>>;

impl Synchronizer {
    pub(super) fn journal(&self) -> Journal {
        self.store.journal()
    }

    /// Writes down what was sent of a stretch, before the checkpoint says so: what is written twice counts once.
    pub(super) fn write_down(&mut self, sending: &Sending) -> Result<(), StoreError> {
        let journal = self.journal();
        let stretch = Stretch {
            from: sending.from.max(day(sending)),
            until: sending.until,
            // A pass may take long, and what the receiver could still lose counts from its answer on.
            at: self.findings.answered.unwrap_or(self.now),
            resent: self.findings.resent,
        };
        let naming = self.naming();
        let endpoint = self.endpoint_mut();
        if endpoint.journal_since.is_none() || endpoint.naming != Some(naming) {
            // What was sent before there was a journal is not in it, and what was sent under other names is not found.
            let sent = endpoint.devices.iter().map(|device| device.watermark).max();
            endpoint.journal_since = Some(sent.unwrap_or(Time::EPOCH));
            endpoint.naming = Some(naming);
            // Before there is a journal, which then stands for all that was ever sent.
            self.save()?;
        }
        let endpoint = self.endpoint_mut();
        journal.add(day(sending), &mut endpoint.days, &sending.done)?;
        if sending.delivered > 0 {
            endpoint.unconfirmed.push(stretch);
        }
        Ok(())
    }

    /// Whether what is in the journal was sent under the names that are sent now.
    pub(super) fn journal_has_names(&self) -> bool {
        self.endpoint()
            .is_some_and(|endpoint| endpoint.naming == Some(self.naming()))
    }

    /// Returns a hash of all that decides whose a series is, and of how the journal is written.
    fn naming(&self) -> u64 {
        let Settings {
            user,
            labels,
            hosts,
            relabel,
            ..
        } = &self.settings;
        let text = format!("2{user:?}{labels:?}{hosts:?}{:?}", relabel.configs());
        stable_hash(&text)
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
        let journal = self.journal();
        let endpoint = self.endpoint_mut();
        // What is forgotten is not known to be nothing.
        let since = endpoint.journal_since;
        endpoint.journal_since = since.map(|since| since.max(utc_day(before)));
        journal.forget_before(before, &mut endpoint.days)
    }

    /// Returns what was sent of `range`, which lies within a UTC day, ascending by labels; what was refused too. `None` if
    /// that is not known, of which a person has been told then.
    pub(super) fn sent(&mut self, range: Interval) -> Result<Option<Vec<Series>>, StoreError> {
        let sent = self.sent_of_day(range.start())?;
        Ok(sent.map(|sent| series(&sent, range, |_| true)))
    }

    /// Returns what was sent of `range` and acknowledged, as [`Self::sent`] does.
    pub(super) fn delivered(&mut self, range: Interval) -> Result<Option<Vec<Series>>, StoreError> {
        let sent = self.sent_of_day(range.start())?;
        Ok(sent.map(|sent| series(&sent, range, |fate| fate == Fate::Delivered)))
    }

    fn sent_of_day(&mut self, time: Time) -> Result<Option<Sent>, StoreError> {
        let journal = self.journal();
        let days = self.endpoint().map(|endpoint| endpoint.days.clone());
        let Some(entries) = journal.of_day(time, &days.unwrap_or_default())? else {
            let day = &time.to_string()[..10];
            self.notify([format!(
                "what was sent of {day} is not known, since {} is missing or damaged: what comes late of that day is not sent, and nobody looks whether it has arrived\nhint: `aw-sync-agent backfill --since {day} --until {day}` asks the receiver, and sends what it does not have",
                journal.path(time).display()
            )]);
            return Ok(None);
        };
        let mut sent = Sent::new();
        for Entry { body, fate } in &entries {
            for series in parcel_of(body).into_iter().flat_map(Parcel::into_series) {
                let samples = series.samples.iter();
                let samples = samples.map(|sample| (sample.timestamp_ms, (sample.value, *fate)));
                sent.entry(series.labels).or_default().extend(samples);
            }
        }
        if Journal::are_many(entries.len()) {
            let day = Interval::new(utc_day(time), utc_day_end(time));
            let joined = |fate| {
                let of_fate = series(&sent, day, |other| other == fate);
                let body = Parcel::new(of_fate)?.batch().body;
                Some(Entry { body, fate })
            };
            let fates = [Fate::Delivered, Fate::Refused].into_iter();
            let joined: Vec<Entry> = fates.filter_map(joined).collect();
            journal.join(time, &joined)?;
        }
        Ok(Some(sent))
    }
}

/// Returns what of `sent` lies within `range` and has met a fate that is wanted.
fn series(sent: &Sent, range: Interval, is_wanted: impl Fn(Fate) -> bool) -> Vec<Series> {
    let series = sent.iter().map(|(labels, samples)| Series {
        labels: labels.clone(),
        samples: samples
            .range(range.start().millis()..range.end().millis())
            .filter(|(_, (_, fate))| is_wanted(*fate))
            .map(|(&timestamp_ms, &(value, _))| Sample {
                timestamp_ms,
                value,
            })
            .collect(),
    });
    series.filter(|series| !series.samples.is_empty()).collect()
}

/// Returns the UTC day that all samples of a stretch belong to. It may begin on an earlier one, on which nothing
/// happened.
fn day(sending: &Sending) -> Time {
    utc_day(sending.until - Duration::from_nanos(1))
}
