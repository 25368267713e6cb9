use super::plan::Target;
use super::{Flow, PassReport, Synchronizer};
use crate::activitywatch::{Bucket, Event, ReadError, ReadPlan};
use crate::checkpoint::StoreError;
use crate::metrics::{Additions, additions, device_series};
use crate::remote_write::{Patience, batches};
use crate::timeline::{Interval, Step};

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
        let until = target.state.watermark;
        let plan = ReadPlan {
            devices: target.catch_up(bucket).into_iter().collect(),
            until,
        };
        let mut slices = self.reader.read(plan);
        let (mut changed_steps, mut is_complete) = (0, false);
        while let Some(slice) = slices.recv().await {
            for device in slice.devices {
                if let Some(error) = device.lost {
                    report.add(error);
                    return Ok(Flow::Stop);
                }
                if let Some((_, error)) = device.failed.into_iter().next() {
                    // What was sent of this time cannot be told without this bucket. The next pass tries again.
                    report.add(error);
                    return Ok(Flow::Continue);
                }
                let added = self.added(target, device.range, &device.buckets);
                changed_steps += added.changed_steps;
                for batch in batches(&added.series) {
                    let done = Step::of_timestamp_ms(batch.newest_ms).end();
                    let mut state = target.state.clone();
                    state.buckets.insert(bucket.to_owned(), Some(done));
                    if let Flow::Stop = self
                        .send(batch, vec![state.clone()], patience, report)
                        .await?
                    {
                        return Ok(Flow::Stop);
                    }
                    target.state = state;
                }
            }
            is_complete = slice.range.end() >= until;
        }
        if changed_steps > 0 {
            log::warn!(
                "bucket `{bucket}`: {changed_steps} steps would differ from what was sent and stay as they are"
            );
        }
        if is_complete {
            target.state.buckets.insert(bucket.to_owned(), None);
            self.endpoint_mut().put(target.state.clone());
        } else {
            report.add(ReadError::BrokeOff);
        }
        Ok(Flow::Continue)
    }

    /// Returns what the bucket that catches up, the first of `buckets`, adds to what the others gave.
    fn added(
        &self,
        target: &Target,
        range: Interval,
        buckets: &[(Bucket, Vec<Event>)],
    ) -> Additions {
        let Some((_, companions)) = buckets.split_first() else {
            return Additions::default();
        };
        let labels = self.common_labels(target);
        let before = device_series(companions, range, &labels);
        additions(&before, &device_series(buckets, range, &labels))
    }
}
