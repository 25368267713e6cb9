use super::{Now, PassReport, Problem, Progress, Synchronizer, readable};
use crate::activitywatch::{ReadError, ReadPlan, Start};
use crate::metrics::{Budget, Series, Source, joined};
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
        let mut all = Vec::new();
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
                all.extend(self.series(&targets[device.device], sources, budget));
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
        Export {
            series: joined(all),
            problems: report.problems,
        }
    }
}
