use super::encode::{compress, encode};
use crate::metrics::Series;

/// How many samples a request holds at most. A larger one is not faster, and is slower to settle when its answer is
/// lost.
const MAX_SAMPLES: usize = 10_000;

/// How large a request is at most before compression. Receivers take 32 MiB; proxies in front of them often less.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// One request, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The body: a snappy block.
    pub body: Vec<u8>,
    /// How many samples it holds, at least one.
    pub samples: usize,
    /// The timestamp of its oldest sample, in milliseconds since the Unix epoch.
    pub oldest_ms: i64,
    /// The timestamp of its newest sample, in milliseconds since the Unix epoch.
    pub newest_ms: i64,
}

/// Splits `series` into requests, in order of time: each holds all series of its stretch.
///
/// Split by time and by nothing else, because a receiver without an out-of-order window refuses what lies behind the
/// newest sample that it has. Only a stretch that cannot be split, a single timestamp, may exceed the limits.
pub fn batches(series: &[Series]) -> impl Iterator<Item = Batch> {
    batches_within(series, MAX_SAMPLES, MAX_BYTES)
}

fn batches_within(
    series: &[Series],
    max_samples: usize,
    max_bytes: usize,
) -> impl Iterator<Item = Batch> {
    let samples = series.iter().flat_map(|series| &series.samples);
    let mut newest_first: Vec<i64> = samples.map(|sample| sample.timestamp_ms).collect();
    newest_first.sort_unstable_by(|one, other| other.cmp(one));
    let runs = newest_first.chunk_by(|one, other| one == other);
    let mut rest: Vec<(i64, usize)> = runs.map(|run| (run[0], run.len())).collect();
    // The stretch taken last was too large in bytes: take fewer samples until one fits.
    let mut allowed = max_samples;
    std::iter::from_fn(move || {
        loop {
            let taken = take(&rest, allowed)?;
            let stretch = &rest[rest.len() - taken..];
            let (newest_ms, oldest_ms) = (stretch[0].0, stretch[taken - 1].0);
            let samples = stretch.iter().map(|(_, count)| count).sum();
            let message = encode(series, oldest_ms, newest_ms + 1);
            if message.len() > max_bytes && taken > 1 {
                allowed = samples / 2;
                continue;
            }
            rest.truncate(rest.len() - taken);
            return Some(Batch {
                body: compress(&message),
                samples,
                oldest_ms,
                newest_ms,
            });
        }
    })
}

/// Returns how many timestamps from the end of `rest`, the oldest, make up at most `max_samples`; at least one, `None`
/// if there are none.
fn take(rest: &[(i64, usize)], max_samples: usize) -> Option<usize> {
    let sums = rest.iter().rev().scan(0, |sum, (_, count)| {
        *sum += count;
        Some(*sum)
    });
    let fitting = sums.take_while(|&sum| sum <= max_samples).count();
    (!rest.is_empty()).then_some(fitting.max(1))
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::metrics::{Labels, Sample};
    use crate::remote_write::WriteRequest;

    fn series(app: &str, timestamps: impl IntoIterator<Item = i64>) -> Series {
        let samples = timestamps
            .into_iter()
            .map(|timestamp_ms| Sample {
                timestamp_ms,
                value: 1.5,
            })
            .collect();
        Series {
            labels: Labels::new([
                ("__name__", "aw_window_seconds".to_owned()),
                ("app", app.to_owned()),
            ]),
            samples,
        }
    }

    fn decoded(batch: &Batch) -> WriteRequest {
        let message = snap::raw::Decoder::new()
            .decompress_vec(&batch.body)
            .unwrap();
        WriteRequest::decode(message.as_slice()).unwrap()
    }

    fn shape(batches: &[Batch]) -> Vec<(usize, i64)> {
        batches
            .iter()
            .map(|batch| (batch.samples, batch.newest_ms))
            .collect()
    }

    #[test]
    fn a_request_carries_labels_and_samples() {
        let batches: Vec<_> = batches(&[series("vim", [30_000, 90_000])]).collect();
        let label = |name: &str, value: &str| super::super::Label {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let request = decoded(&batches[0]);
        assert_eq!(
            request.timeseries[0].labels,
            [label("__name__", "aw_window_seconds"), label("app", "vim")]
        );
        let samples: Vec<_> = request.timeseries[0]
            .samples
            .iter()
            .map(|sample| (sample.timestamp, sample.value))
            .collect();
        assert_eq!(samples, [(30_000, 1.5), (90_000, 1.5)]);
        assert_eq!(shape(&batches), [(2, 90_000)]);
    }

    #[test]
    fn requests_are_split_by_time_only() {
        let all = [series("ed", [1, 2, 3, 4]), series("vim", [2, 3])];
        let batches: Vec<_> = batches_within(&all, 3, MAX_BYTES).collect();
        assert_eq!(shape(&batches), [(3, 2), (3, 4)]);
        assert_eq!(decoded(&batches[1]).timeseries.len(), 2);
        assert_eq!(batches_within(&[], 3, MAX_BYTES).count(), 0);
    }

    #[test]
    fn a_single_timestamp_is_never_split() {
        let all = [series("ed", [1, 2]), series("vim", [1])];
        assert_eq!(
            shape(&batches_within(&all, 1, MAX_BYTES).collect::<Vec<_>>()),
            [(2, 1), (1, 2)]
        );
        assert_eq!(
            shape(&batches_within(&all, 10, 1).collect::<Vec<_>>()),
            [(2, 1), (1, 2)]
        );
    }

    #[test]
    fn large_requests_are_split_until_they_fit() {
        let long = "x".repeat(1000);
        let all: Vec<_> = (0..8)
            .map(|minute| series(&format!("{minute}{long}"), [minute]))
            .collect();
        let batches: Vec<_> = batches_within(&all, 100, 3000).collect();
        assert_eq!(shape(&batches), [(2, 1), (2, 3), (2, 5), (2, 7)]);
    }
}
