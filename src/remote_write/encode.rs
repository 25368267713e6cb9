use prost::Message;

use super::proto::{Label, Sample, TimeSeries, WriteRequest};
use crate::metrics::{self, Series};

/// Returns the request that carries all of `series` whose samples lie in `[from_ms, until_ms)`, not compressed.
pub(super) fn encode(series: &[Series], from_ms: i64, until_ms: i64) -> Vec<u8> {
    let timeseries = series
        .iter()
        .filter_map(|series| time_series(series, from_ms, until_ms))
        .collect();
    WriteRequest { timeseries }.encode_to_vec()
}

/// Returns `message` as a raw snappy block, the one encoding of remote write 1.0. The framed format is refused.
pub(super) fn compress(message: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new()
        .compress_vec(message)
        .expect("a request is far below snappy's 4 GiB")
}

fn time_series(series: &Series, from_ms: i64, until_ms: i64) -> Option<TimeSeries> {
    let from = series
        .samples
        .partition_point(|sample| sample.timestamp_ms < from_ms);
    let until = series
        .samples
        .partition_point(|sample| sample.timestamp_ms < until_ms);
    let samples = series
        .samples
        .get(from..until)
        .filter(|samples| !samples.is_empty())?;
    let label = |(name, value): (&str, &str)| Label {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let sample = |sample: &metrics::Sample| Sample {
        value: sample.value,
        timestamp: sample.timestamp_ms,
    };
    Some(TimeSeries {
        labels: series.labels.iter().map(label).collect(),
        samples: samples.iter().map(sample).collect(),
    })
}
