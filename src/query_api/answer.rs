//! What comes back, as JSON.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::metrics::{Labels, Sample};

/// What an instant query says of one label set.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// The labels; cut as those of a series of our own are, so that equal ones compare equal.
    pub labels: Labels,
    /// The value, which may be infinite or not a number.
    pub value: f64,
}

/// The samples of one label set.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The labels, as those of a [`Value`].
    pub labels: Labels,
    /// Samples, oldest first; what is stored twice comes twice. Never none.
    pub samples: Vec<Sample>,
}

/// The frame around every answer, which has one of the two.
#[derive(Deserialize)]
pub(super) struct Answer<T> {
    pub(super) data: Option<T>,
    pub(super) error: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct QueryData<T> {
    result: Vec<T>,
}

#[derive(Deserialize)]
pub(super) struct InVector {
    metric: BTreeMap<String, String>,
    /// Missing in a native histogram.
    value: Option<Pair>,
}

#[derive(Deserialize)]
pub(super) struct InMatrix {
    metric: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<Pair>,
}

#[derive(Deserialize)]
pub(super) struct TsdbData {
    #[serde(rename = "headStats")]
    head: Option<HeadStats>,
}

#[derive(Deserialize)]
struct HeadStats {
    #[serde(rename = "maxTime")]
    max_time: Option<i64>,
}

/// Seconds since the Unix epoch, and the value as text, which JSON's numbers cannot all be.
#[derive(Deserialize)]
struct Pair(f64, String);

impl Pair {
    fn sample(&self) -> Option<Sample> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounded, and the milliseconds of any year fit"
        )]
        let timestamp_ms = (self.0 * 1000.0).round() as i64;
        Some(Sample {
            timestamp_ms,
            value: self.1.parse().ok()?,
        })
    }
}

impl<T: DeserializeOwned> Answer<T> {
    /// Reads an answer; one that is none of this API, as a page for people is not, has neither.
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or(Self {
            data: None,
            error: None,
        })
    }
}

impl QueryData<InVector> {
    pub(super) fn values(self) -> Vec<Value> {
        let value = |InVector { metric, value }| {
            Some(Value {
                labels: Labels::new(metric),
                value: value?.sample()?.value,
            })
        };
        self.result.into_iter().filter_map(value).collect()
    }
}

impl QueryData<InMatrix> {
    /// Returns the series that have samples for which `is_wanted` holds, with these.
    pub(super) fn series(self, is_wanted: impl Fn(&Sample) -> bool) -> Vec<Series> {
        let series = |InMatrix { metric, values }| Series {
            labels: Labels::new(metric),
            samples: values
                .iter()
                .filter_map(Pair::sample)
                .filter(&is_wanted)
                .collect(),
        };
        self.result
            .into_iter()
            .map(series)
            .filter(|series| !series.samples.is_empty())
            .collect()
    }
}

impl TsdbData {
    /// Returns the time of the newest sample in the head, in milliseconds since the Unix epoch.
    pub(super) fn head_max_time(&self) -> Option<i64> {
        let max_time = self.head.as_ref()?.max_time?;
        // What an empty head says.
        (max_time != i64::MIN).then_some(max_time)
    }
}
