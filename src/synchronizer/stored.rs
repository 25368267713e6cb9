//! What a receiver has of samples that were computed once more, and what it still takes.

use std::collections::{BTreeSet, HashMap};

use super::Synchronizer;
use super::stretches::clipped;
use super::unclear::{nonce, selector};
use crate::metrics::{Additions, Labels, Series, additions, depends_on_the_past};
use crate::query_api::QueryError;
use crate::timeline::{Interval, Step};

/// How far a stored value may be from the one that was sent, relative to it or to 1: VictoriaMetrics keeps 12 digits.
const LOST_BY_STORING: f64 = 1e-11;

/// How computed samples compare with what is stored of the same time.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Compared {
    /// What is missing and can be sent.
    pub(super) missing: Vec<Series>,
    /// How many samples are there as they are.
    pub(super) present: usize,
    /// How many steps of a metric are stored otherwise. Nothing of them can be sent.
    pub(super) changed_steps: usize,
    /// From the first to the last step of which something cannot be sent for that.
    pub(super) kept: Option<Interval>,
}

impl Synchronizer {
    /// Asks the receiver for what it has of `computed`, the samples of one device within `stretches`.
    ///
    /// # Errors
    /// Any [`QueryError`].
    pub(super) async fn compared(
        &self,
        computed: &[Series],
        stretches: &[Interval],
    ) -> Result<Compared, QueryError> {
        let (Some(first), Some(last)) = (stretches.first(), stretches.last()) else {
            return Ok(Compared::default());
        };
        if computed.is_empty() {
            return Ok(Compared::default());
        }
        let range = first.hull(*last);
        let selector = selector(computed, &nonce());
        let stored = self.queries.raw(&selector, range).await?;
        let stored = stored.into_iter().map(|series| Series {
            labels: series.labels,
            samples: series.samples,
        });
        Ok(compare(computed, clipped(stored.collect(), stretches)))
    }
}

/// Compares `computed` with all that is `stored` of its metrics, device and time.
pub(super) fn compare(computed: &[Series], stored: Vec<Series>) -> Compared {
    let values: HashMap<(&Labels, i64), f64> = samples(computed).collect();
    let before = of_device(computed, stored, &values);
    let Additions {
        series: missing,
        changed_steps,
    } = additions(&before, computed);
    let there: HashMap<(&Labels, i64), u64> = samples(&before)
        .map(|(sample, value)| (sample, value.to_bits()))
        .collect();
    let sent: BTreeSet<(&Labels, i64)> = samples(&missing).map(|(sample, _)| sample).collect();
    let (mut present, mut kept) = (0, None::<Interval>);
    for (sample, value) in samples(computed) {
        if there.get(&sample) == Some(&value.to_bits()) {
            present += 1;
        } else if !sent.contains(&sample) && !follows_another(sample.0) {
            let step = Step::of_timestamp_ms(sample.1);
            let step = Interval::new(step.start(), step.end());
            kept = Some(kept.map_or(step, |kept| kept.hull(step)));
        }
    }
    Compared {
        missing,
        present,
        changed_steps,
        kept,
    }
}

/// Whether a sample can only differ because the time before it does. There is nothing to do about it.
fn follows_another(labels: &Labels) -> bool {
    labels.get("__name__").is_some_and(depends_on_the_past)
}

/// Returns what of `stored` is of the devices of `computed`, whose values are given, with values that were only rounded
/// in storing as they were.
///
/// A rule can take a device's name from its series, and then the receiver is asked for those of all.
fn of_device(
    computed: &[Series],
    stored: Vec<Series>,
    values: &HashMap<(&Labels, i64), f64>,
) -> Vec<Series> {
    let device = |labels: &Labels| ["user", "host"].map(|name| labels.get(name).map(str::to_owned));
    let devices: BTreeSet<_> = computed
        .iter()
        .map(|series| device(&series.labels))
        .collect();
    let mut of_device = stored;
    of_device.retain(|series| devices.contains(&device(&series.labels)));
    for series in &mut of_device {
        for sample in &mut series.samples {
            let sent = values.get(&(&series.labels, sample.timestamp_ms));
            if let Some(&sent) = sent
                && (sample.value - sent).abs() <= LOST_BY_STORING * sent.abs().max(1.0)
            {
                sample.value = sent;
            }
        }
    }
    of_device
}

fn samples(series: &[Series]) -> impl Iterator<Item = ((&Labels, i64), f64)> {
    series.iter().flat_map(|series| {
        let of_series = |timestamp_ms| (&series.labels, timestamp_ms);
        let samples = series.samples.iter();
        samples.map(move |sample| (of_series(sample.timestamp_ms), sample.value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Sample;
    use crate::timeline::Time;

    fn series(app: &str, host: &str, samples: &[(i64, f64)]) -> Series {
        let labels = [
            ("__name__", "aw_window_seconds"),
            ("app", app),
            ("host", host),
        ];
        Series {
            labels: Labels::new(labels.map(|(name, value)| (name, value.to_owned()))),
            samples: samples
                .iter()
                .map(|&(minute, value)| Sample {
                    timestamp_ms: minute * 60_000 + 30_000,
                    value,
                })
                .collect(),
        }
    }

    #[test]
    fn what_is_not_there_is_missing() {
        let computed = [
            series("ed", "a", &[(2, 20.0)]),
            series("vim", "a", &[(0, 60.0), (1, 60.0), (2, 40.0)]),
        ];
        let stored = vec![series("vim", "a", &[(1, 60.0), (1, 60.0), (2, 40.0)])];
        let compared = compare(&computed, stored);
        assert_eq!(
            compared.missing,
            [
                series("ed", "a", &[(2, 20.0)]),
                series("vim", "a", &[(0, 60.0)])
            ]
        );
        assert_eq!((compared.present, compared.changed_steps), (2, 0));
        assert_eq!(compared.kept, None);
    }

    #[test]
    fn nothing_is_put_beside_what_is_stored_otherwise() {
        let computed = [
            series("ed", "a", &[(3, 20.0)]),
            series("vim", "a", &[(0, 60.0), (3, 40.0), (4, 60.0)]),
        ];
        let stored = vec![series("vim", "a", &[(3, 60.0)])];
        let compared = compare(&computed, stored);
        assert_eq!(
            compared.missing,
            [series("vim", "a", &[(0, 60.0), (4, 60.0)])]
        );
        assert_eq!((compared.present, compared.changed_steps), (0, 1));
        let step = Interval::new(Time::from_millis(180_000), Time::from_millis(240_000));
        assert_eq!(compared.kept, Some(step));
    }

    #[test]
    fn rounding_and_other_devices_are_no_difference() {
        let computed = [series("vim", "a", &[(0, 1_234.567_890_123)])];
        let stored = vec![
            series("vim", "a", &[(0, 1_234.567_890_12)]),
            series("vim", "b", &[(0, 3.0)]),
        ];
        let compared = compare(&computed, stored);
        assert_eq!((compared.present, compared.changed_steps), (1, 0));
        let nanosecond = vec![series("vim", "a", &[(0, 59.000_000_001)])];
        let compared = compare(&[series("vim", "a", &[(0, 59.0)])], nanosecond);
        assert_eq!((compared.present, compared.changed_steps), (0, 1));
    }
}
