use std::collections::BTreeSet;

use prost::Message;
use thiserror::Error;

use super::Batch;
use super::encode::{compress, encode};
use super::proto::{TimeSeries, WriteRequest};
use crate::metrics::{Labels, Sample, Series};

/// How many times its size a snappy block can hold, rounded up: its most effective element makes 64 bytes out of 3.
const MOST_EXPANSION: usize = 22;

/// A body that no request of ours has.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct BodyError(String);

/// The samples of one request, to be sent in parts where it is not taken as a whole. Never without samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Parcel(Vec<Series>);

impl Parcel {
    /// Returns a parcel of `series`, of which those without samples are left out; `None` if nothing is left.
    pub fn new(series: impl IntoIterator<Item = Series>) -> Option<Self> {
        let filled = series
            .into_iter()
            .filter(|series| !series.samples.is_empty());
        let series: Vec<Series> = filled.collect();
        (!series.is_empty()).then_some(Self(series))
    }

    /// Returns what a body of a [`Batch`] holds.
    ///
    /// # Errors
    /// [`BodyError`] if it is none.
    pub fn of_body(body: &[u8]) -> Result<Self, BodyError> {
        let message = decompress(body)?;
        let request = WriteRequest::decode(message.as_slice())
            .map_err(|error| BodyError(error.to_string()))?;
        Self::new(request.timeseries.into_iter().map(series))
            .ok_or_else(|| BodyError("no samples".to_owned()))
    }

    /// Returns the request that carries it, whatever its size.
    pub fn batch(&self) -> Batch {
        Batch {
            body: compress(&encode(&self.0, i64::MIN, i64::MAX)),
            samples: self.samples(),
            oldest_ms: self.timestamps().first().copied().unwrap_or_default(),
            newest_ms: self.timestamps().last().copied().unwrap_or_default(),
        }
    }

    /// Its series, ascending by labels.
    pub fn series(&self) -> &[Series] {
        &self.0
    }

    /// Returns its series, ascending by labels.
    pub fn into_series(self) -> Vec<Series> {
        self.0
    }

    /// How many samples it has, at least one.
    pub fn samples(&self) -> usize {
        self.0.iter().map(|series| series.samples.len()).sum()
    }

    /// Returns the parts before `time_ms` and from then on.
    pub fn split_at(self, time_ms: i64) -> (Option<Self>, Option<Self>) {
        let (before, from): (Vec<_>, Vec<_>) = self
            .0
            .into_iter()
            .map(|Series { labels, samples }| {
                let (before, from) = samples
                    .into_iter()
                    .partition(|sample: &Sample| sample.timestamp_ms < time_ms);
                let part = |samples| Series {
                    labels: labels.clone(),
                    samples,
                };
                (part(before), part(from))
            })
            .unzip();
        (Self::new(before), Self::new(from))
    }

    /// Returns the older and the newer half of its timestamps.
    ///
    /// # Errors
    /// The parcel itself if it has but one.
    pub fn halves_by_time(self) -> Result<[Self; 2], Self> {
        let timestamps: Vec<i64> = self.timestamps().into_iter().collect();
        if timestamps.len() < 2 {
            return Err(self);
        }
        match self.split_at(timestamps[timestamps.len() / 2]) {
            (Some(older), Some(newer)) => Ok([older, newer]),
            (Some(whole), None) | (None, Some(whole)) => Err(whole),
            (None, None) => unreachable!("a parcel has samples"),
        }
    }

    /// Returns the first and the second half of its series.
    ///
    /// # Errors
    /// The parcel itself if it has but one.
    pub fn halves_by_series(mut self) -> Result<[Self; 2], Self> {
        if self.0.len() < 2 {
            return Err(self);
        }
        let second = self.0.split_off(self.0.len() / 2);
        Ok([self, Self(second)])
    }

    /// Returns it without the series with these labels, and these.
    pub fn without(self, labels: &BTreeSet<Labels>) -> (Option<Self>, Option<Self>) {
        let (named, others): (Vec<_>, Vec<_>) = self
            .0
            .into_iter()
            .partition(|series| labels.contains(&series.labels));
        (Self::new(others), Self::new(named))
    }

    fn timestamps(&self) -> BTreeSet<i64> {
        let samples = self.0.iter().flat_map(|series| &series.samples);
        samples.map(|sample| sample.timestamp_ms).collect()
    }
}

/// Returns what a snappy block holds.
fn decompress(body: &[u8]) -> Result<Vec<u8>, BodyError> {
    let failed = |error: snap::Error| BodyError(error.to_string());
    let length = snap::raw::decompress_len(body).map_err(failed)?;
    // The decoder would set aside as much memory as a damaged block claims to need: up to 4 GiB.
    if length > body.len().saturating_mul(MOST_EXPANSION) {
        let size = body.len();
        return Err(BodyError(format!("{length} bytes are not in {size}")));
    }
    snap::raw::Decoder::new()
        .decompress_vec(body)
        .map_err(failed)
}

fn series(TimeSeries { labels, samples }: TimeSeries) -> Series {
    Series {
        labels: Labels::new(labels.into_iter().map(|label| (label.name, label.value))),
        samples: samples
            .into_iter()
            .map(|sample| Sample {
                timestamp_ms: sample.timestamp,
                value: sample.value,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::remote_write::batches;

    fn parcel(series: &[(&str, &[i64])]) -> Parcel {
        let series = series.iter().map(|(app, timestamps)| Series {
            labels: Labels::new([
                ("__name__", "aw_window_seconds".to_owned()),
                ("app", (*app).to_owned()),
            ]),
            samples: timestamps
                .iter()
                .map(|&timestamp_ms| Sample {
                    timestamp_ms,
                    value: 0.1,
                })
                .collect(),
        });
        Parcel::new(series).unwrap()
    }

    #[test]
    fn what_was_sent_is_read_back_bit_by_bit() {
        let parcel = parcel(&[("ed", &[1, 2, 3]), ("vim", &[2])]);
        let batch = batches(parcel.series()).next().unwrap();
        assert_eq!(Parcel::of_body(&batch.body).unwrap(), parcel);
        assert_eq!(parcel.batch(), batch);
        for bad in [&b""[..], b"\x00", b"nonsense"] {
            assert!(Parcel::of_body(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_damaged_length_sets_no_memory_aside() {
        let message = |body: &[u8]| Parcel::of_body(body).unwrap_err().to_string();
        let four_gib = b"\xff\xff\xff\xff\x0f\x04ab";
        assert_eq!(message(four_gib), "4294967295 bytes are not in 8");
        // As much as there can be in so little.
        let packed = compress(&vec![b'a'; 1 << 20]);
        assert_eq!(decompress(&packed).unwrap().len(), 1 << 20);
    }

    #[test]
    fn halves_are_by_time_or_by_series() {
        let whole = parcel(&[("ed", &[1, 2, 3]), ("vim", &[3])]);
        let older = parcel(&[("ed", &[1])]);
        let newer = parcel(&[("ed", &[2, 3]), ("vim", &[3])]);
        assert_eq!(whole.clone().halves_by_time(), Ok([older.clone(), newer]));
        assert_eq!(older.clone().halves_by_time(), Err(older));
        let (ed, vim) = (parcel(&[("ed", &[1, 2, 3])]), parcel(&[("vim", &[3])]));
        assert_eq!(whole.halves_by_series(), Ok([ed.clone(), vim]));
        assert_eq!(ed.clone().halves_by_series(), Err(ed));
    }

    #[test]
    fn series_can_be_taken_out() {
        let whole = parcel(&[("ed", &[1]), ("vim", &[3])]);
        let vim = parcel(&[("vim", &[3])]);
        let named = [vim.series()[0].labels.clone()].into();
        assert_eq!(
            whole.without(&named),
            (Some(parcel(&[("ed", &[1])])), Some(vim.clone()))
        );
        assert_eq!(vim.clone().without(&named), (None, Some(vim)));
    }

    proptest! {
        #[test]
        fn halving_loses_nothing(series in prop::collection::btree_map("[a-d]", prop::collection::btree_set(0_i64..9, 1..6), 1..4), by_time in any::<bool>()) {
            let series: Vec<(String, Vec<i64>)> = series.into_iter().map(|(app, stamps)| (app, stamps.into_iter().collect())).collect();
            let series: Vec<(&str, &[i64])> = series.iter().map(|(app, stamps)| (app.as_str(), stamps.as_slice())).collect();
            let whole = parcel(&series);
            let halves = if by_time { whole.clone().halves_by_time() } else { whole.clone().halves_by_series() };
            if let Ok([one, other]) = halves {
                prop_assert_eq!(one.samples() + other.samples(), whole.samples());
                prop_assert!(!by_time || one.batch().newest_ms < other.batch().oldest_ms);
            }
        }
    }
}
