use std::collections::{HashMap, HashSet};

use super::focus::depends_on_the_past;
use super::{Labels, Series};

/// What may be sent of a time that was sent before.
#[derive(Debug, Default, PartialEq)]
pub struct Additions {
    /// The samples that are new, ascending by labels.
    pub series: Vec<Series>,
    /// How many steps of a metric came out otherwise than before. Nothing of them is sent. Those that only carry on what
    /// was before them are left alone too, but not counted: one late event changes all the day's that follow.
    pub changed_steps: usize,
}

/// Returns what `after` adds to `before`, both of one device and one range, both ascending by labels.
///
/// A sample cannot be taken back or corrected once a receiver has it, and a new label set beside an outdated one counts
/// the time twice. So a step of a metric is taken only if all that `before` has of it stands unchanged in `after`.
pub fn additions(before: &[Series], after: &[Series]) -> Additions {
    let sent = values(before);
    let computed = values(after);
    let changed: HashSet<(&str, i64)> = sent
        .iter()
        .filter(|(key, bits)| computed.get(*key) != Some(*bits))
        .map(|((labels, timestamp_ms), _)| (metric(labels), *timestamp_ms))
        .collect();
    let is_new = |labels: &Labels, timestamp_ms: i64| {
        !sent.contains_key(&(labels, timestamp_ms))
            && !changed.contains(&(metric(labels), timestamp_ms))
    };
    let series = after
        .iter()
        .filter_map(|Series { labels, samples }| {
            let samples: Vec<_> = samples
                .iter()
                .copied()
                .filter(|sample| is_new(labels, sample.timestamp_ms))
                .collect();
            (!samples.is_empty()).then(|| Series {
                labels: labels.clone(),
                samples,
            })
        })
        .collect();
    Additions {
        series,
        changed_steps: changed
            .iter()
            .filter(|(metric, _)| !depends_on_the_past(metric))
            .count(),
    }
}

/// Each sample's bits by series and timestamp: a resend must carry the same bits, not merely a close value.
fn values(series: &[Series]) -> HashMap<(&Labels, i64), u64> {
    series
        .iter()
        .flat_map(|Series { labels, samples }| {
            samples
                .iter()
                .map(move |sample| ((labels, sample.timestamp_ms), sample.value.to_bits()))
        })
        .collect()
}

fn metric(labels: &Labels) -> &str {
    labels.get("__name__").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Sample;

    fn series(metric: &str, app: &str, samples: &[(i64, f64)]) -> Series {
        Series {
            labels: Labels::new([("__name__", metric.to_owned()), ("app", app.to_owned())]),
            samples: samples
                .iter()
                .map(|&(timestamp_ms, value)| Sample {
                    timestamp_ms,
                    value,
                })
                .collect(),
        }
    }

    #[test]
    fn new_steps_and_new_series_are_additions() {
        let before = [series("window", "vim", &[(30_000, 60.0)])];
        let after = vec![
            series("web", "firefox", &[(30_000, 5.0)]),
            series("window", "vim", &[(30_000, 60.0), (90_000, 7.0)]),
        ];
        let additions = additions(&before, &after);
        assert_eq!(
            additions.series,
            [
                series("web", "firefox", &[(30_000, 5.0)]),
                series("window", "vim", &[(90_000, 7.0)])
            ]
        );
        assert_eq!(additions.changed_steps, 0);
    }

    #[test]
    fn a_step_that_came_out_otherwise_is_left_alone_whole() {
        let before = [series("window", "vim", &[(30_000, 60.0), (90_000, 60.0)])];
        let after = vec![
            series("window", "ed", &[(30_000, 20.0)]),
            series("window", "vim", &[(30_000, 40.0), (90_000, 60.0)]),
        ];
        assert_eq!(
            additions(&before, &after),
            Additions {
                series: vec![],
                changed_steps: 1
            }
        );
    }

    #[test]
    fn what_only_follows_from_a_change_is_left_alone_and_not_counted() {
        let before = [series("aw_today_seconds", "", &[(90_000, 60.0)])];
        let after = [series(
            "aw_today_seconds",
            "",
            &[(30_000, 20.0), (90_000, 80.0)],
        )];
        assert_eq!(
            additions(&before, &after),
            Additions {
                series: vec![series("aw_today_seconds", "", &[(30_000, 20.0)])],
                changed_steps: 0
            }
        );
    }

    #[test]
    fn a_sample_that_vanished_is_a_change_too() {
        let before = [series("window", "vim", &[(30_000, 60.0)])];
        let after = [series("window", "ed", &[(30_000, 60.0)])];
        assert_eq!(
            additions(&before, &after),
            Additions {
                series: vec![],
                changed_steps: 1
            }
        );
    }
}
