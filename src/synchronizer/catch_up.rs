use super::focus::Carried;
use super::plan::Target;
use super::series::all_sources;
use super::{Flow, PassReport, Synchronizer};
use crate::activitywatch::{Bucket, DeviceSlice, ReadError, ReadPlan};
use crate::checkpoint::StoreError;
use crate::metrics::{Additions, Source, additions, feed_one_metric};
use crate::remote_write::{Patience, batches};
use crate::timeline::{Interval, Step};

impl Synchronizer {
    /// Brings buckets that lag behind their devices up to the watermarks: new ones, and those that could not be read.
    ///
    /// One that cannot be caught up, for whatever reason, does not hold the others.
    pub(super) async fn catch_up(
        &mut self,
        targets: &mut [Target],
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<(), StoreError> {
        for target in targets {
            for bucket in target.lagging() {
                if let Flow::Stop = self
                    .catch_up_bucket(target, &bucket, patience, report)
                    .await?
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn catch_up_bucket(
        &mut self,
        target: &mut Target,
        bucket: &Bucket,
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        let until = target.state.watermark;
        let plan = ReadPlan {
            devices: target.catch_up(bucket).into_iter().collect(),
            until,
        };
        let mut focus = match plan.devices.first() {
            Some(device) => self.focus_to_go_on(target, device).await,
            None => None,
        };
        let mut begin = target.state.done_until(&bucket.id).unwrap_or(until);
        let mut slices = self.reader.read(plan);
        let (mut changed_steps, mut is_complete) = (0, false);
        while let Some(slice) = slices.recv().await {
            for device in slice.devices {
                // What was sent of this time cannot be told without all of it. The next pass tries again.
                let failed = device.failed.first().map(|(_, error)| error);
                if let Some(error) = device.lost.as_ref().or(failed) {
                    report.add_unless_gone(error.clone());
                    return Ok(Flow::Continue);
                }
                let mut carried = Carried {
                    budget: target.budget(self.settings.series_budget, device.range.start()),
                    focus: focus.take(),
                };
                let added = self.added(target, &device, &mut carried);
                if target.label_sets_of(carried.budget.day()).is_some() {
                    target.remember(&carried.budget);
                }
                focus = carried.focus;
                changed_steps += added.changed_steps;
                for batch in batches(&added.series) {
                    let done = Step::of_timestamp_ms(batch.newest_ms).end();
                    let mut state = target.state.clone();
                    state.note(&bucket.id, &bucket.kind, Some(done));
                    state.newest = state.newest.max(Some(done));
                    if let Flow::Stop = self
                        .send(batch, (begin, done), vec![state.clone()], patience, report)
                        .await?
                    {
                        return Ok(Flow::Stop);
                    }
                    begin = done;
                    target.state = state;
                }
            }
            is_complete = slice.range.end() >= until;
        }
        if changed_steps > 0 {
            log::warn!(
                "bucket `{}`: {changed_steps} steps would differ from what was sent and stay as they are",
                bucket.id
            );
        }
        if is_complete {
            target.state.note(&bucket.id, &bucket.kind, None);
            if let Some(mut focus) = focus {
                focus.reach(until);
                target.state.focus = Some(focus);
            }
            self.endpoint_mut().put(target.state.clone());
        } else {
            report.add(ReadError::BrokeOff);
        }
        Ok(Flow::Continue)
    }

    /// Returns what the bucket that catches up adds to what its companions gave.
    fn added(&self, target: &Target, device: &DeviceSlice, carried: &mut Carried) -> Additions {
        let range = device.range;
        // Of a companion of the same metric what has been sent counts; the others only say when somebody was active.
        let companions = || {
            device.companions.iter().map(|(bucket, events)| {
                let is_sent = device
                    .buckets
                    .iter()
                    .any(|(new, _)| feed_one_metric(bucket, new));
                let done = target
                    .state
                    .done_until(&bucket.id)
                    .filter(|_| is_sent)
                    .unwrap_or(range.start());
                let range = Interval::new(range.start(), range.end().min(done));
                Source {
                    bucket,
                    events,
                    range,
                }
            })
        };
        let mut without = Carried {
            budget: carried.budget.clone(),
            focus: None,
        };
        let before = self.series(target, companions(), &mut without);
        let all = all_sources(device).chain(companions());
        let after = self.series(target, all, carried);
        additions(&before, &after)
    }
}
