use std::collections::BTreeMap;

use super::{Now, PassReport, Problem, Progress, Synchronizer, readable};
use crate::activitywatch::{ReadError, ReadPlan, Start};
use crate::metrics::{Budget, Labels, Sample, Series, Source};
use crate::timeline::Interval;

/// All samples of a stretch of time.
#[derive(Debug)]
pub struct Export {
    /// The series of all devices, ascending by labels.
    pub series: Vec<Series>,
    /// What could not be read, and so is missing; empty if nothing is.
    pub problems: Vec<Problem>,
}

impl Synchronizer {
    /// Returns the samples of `range`, which ends on the step grid, as a pass would send them if none had been sent.
    /// Sends nothing and remembers nothing.
    ///
    /// Whether the end of the range is final is for the caller to know. The series budget begins anew with the range.
    /// Devices that rules give equal labels come as one, with the sum of both.
    pub async fn export(&mut self, now: Now, range: Interval, watch: impl Fn(Progress)) -> Export {
        let (since, until) = (range.start(), range.end());
        let mut report = PassReport::default();
        let mut targets = self.targets(now.monotonic, since, &mut report).await;
        let devices = targets
            .iter()
            .map(|target| target.all(Start::FirstAfter(since)))
            .collect();
        let limit = self.settings.series_budget;
        let mut budgets = vec![Budget::new(limit, since, [].into()); targets.len()];
        let mut samples = BTreeMap::<Labels, Vec<Sample>>::new();
        let mut slices = self.reader.read(ReadPlan { devices, until });
        let (mut from, mut is_complete) = (None, false);
        while let Some(slice) = slices.recv().await {
            for device in readable(slice.devices, &mut targets, &mut report) {
                let sources = device.buckets.iter().map(|(bucket, events)| Source {
                    bucket,
                    events,
                    range: device.range,
                });
                let budget = &mut budgets[device.device];
                for series in self.series(&targets[device.device], sources, budget) {
                    let known = samples.entry(series.labels).or_default();
                    known.extend(series.samples);
                }
            }
            let at = slice.range.end();
            watch(Progress {
                from: *from.get_or_insert(slice.range.start()),
                at,
                until,
            });
            is_complete = at >= until;
        }
        if !is_complete {
            report.add(ReadError::BrokeOff);
        }
        for (target, budget) in targets.iter().zip(&budgets) {
            self.tell_folded(target, budget);
        }
        let one_by_one = |(labels, samples)| Series {
            labels,
            samples: joined(samples),
        };
        Export {
            series: samples.into_iter().map(one_by_one).collect(),
            problems: report.problems,
        }
    }
}

/// Returns samples in order of time, those of one step as their sum.
fn joined(mut samples: Vec<Sample>) -> Vec<Sample> {
    samples.sort_by_key(|sample| sample.timestamp_ms);
    samples.dedup_by(|later, sum| {
        let is_same = later.timestamp_ms == sum.timestamp_ms;
        if is_same {
            sum.value += later.value;
        }
        is_same
    });
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_one_step_are_added_up() {
        let sample = |(timestamp_ms, value)| Sample {
            timestamp_ms,
            value,
        };
        let given = [
            (30_000, 1.0),
            (150_000, 2.0),
            (30_000, 4.0),
            (90_000, 8.0),
            (30_000, 16.0),
        ];
        let expected = [(30_000, 21.0), (90_000, 8.0), (150_000, 2.0)];
        assert_eq!(joined(given.map(sample).into()), expected.map(sample));
    }
}
