use super::plan::Target;
use super::{Flow, PassReport, Problem, Synchronizer};
use crate::activitywatch::{DeviceSlice, ReadPlan};
use crate::checkpoint::StoreError;
use crate::metrics::{Additions, additions, device_series};
use crate::remote_write::{Patience, batches};
use crate::timeline::Step;

impl Synchronizer {
    /// Brings buckets that lag behind their devices up to the watermarks: new ones, and those that could not be read.
    pub(super) async fn catch_up(
        &mut self,
        targets: &mut [Target],
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        for target in targets {
            for bucket in target.lagging() {
                if let Flow::Stop = self
                    .catch_up_bucket(target, &bucket, patience, report)
                    .await?
                {
                    return Ok(Flow::Stop);
                }
            }
        }
        Ok(Flow::Continue)
    }

    async fn catch_up_bucket(
        &mut self,
        target: &mut Target,
        bucket: &str,
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        let plan = ReadPlan {
            devices: target.catch_up(bucket).into_iter().collect(),
            until: target.state.watermark,
        };
        let mut slices = self.reader.read(plan);
        let mut changed_steps = 0;
        while let Some(slice) = slices.recv().await {
            for device in slice.devices {
                if let Some(error) = device.lost {
                    report.problems.push(Problem::Read(error));
                    return Ok(Flow::Stop);
                }
                if !device.failed.is_empty() {
                    // What was sent of this time cannot be told without these buckets. The next pass tries again.
                    report.problems.extend(
                        device
                            .failed
                            .into_iter()
                            .map(|(_, error)| Problem::Read(error)),
                    );
                    return Ok(Flow::Continue);
                }
                let added = self.added(target, &device);
                changed_steps += added.changed_steps;
                for batch in batches(&added.series) {
                    let mut state = target.state.clone();
                    state.buckets.insert(
                        bucket.to_owned(),
                        Some(Step::of_timestamp_ms(batch.newest_ms).end()),
                    );
                    if let Flow::Stop = self
                        .send(batch, vec![state.clone()], patience, report)
                        .await?
                    {
                        return Ok(Flow::Stop);
                    }
                    target.state = state;
                }
            }
        }
        if changed_steps > 0 {
            log::warn!(
                "bucket `{bucket}`: {changed_steps} steps would differ from what was sent and stay as they are"
            );
        }
        target.state.buckets.insert(bucket.to_owned(), None);
        self.endpoint_mut().put(target.state.clone());
        Ok(Flow::Continue)
    }

    /// Returns what the bucket that catches up, the first of the slice, adds to what its companions gave.
    fn added(&self, target: &Target, device: &DeviceSlice) -> Additions {
        let Some((_, companions)) = device.buckets.split_first() else {
            return Additions::default();
        };
        let labels = self.common_labels(target);
        let before = device_series(companions, device.range, &labels);
        additions(
            &before,
            &device_series(&device.buckets, device.range, &labels),
        )
    }
}
