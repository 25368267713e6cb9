//! Forward from the watermarks: what is new of all devices, read slice by slice, and sent.

use super::focus::Carried;
use super::plan::Target;
use super::series::sources;
use super::{Flow, PassReport, Progress, Synchronizer};
use crate::activitywatch::{DevicePlan, DeviceSlice, ReadError, ReadPlan};
use crate::checkpoint::{self, StoreError};
use crate::metrics::joined;
use crate::remote_write::{Patience, batches};
use crate::timeline::{Step, Time};

impl Synchronizer {
    /// Brings all devices from their watermarks to `until`, together, in order of time.
    pub(super) async fn forward(
        &mut self,
        targets: &mut [Target],
        until: Time,
        patience: Patience,
        watch: impl Fn(Progress),
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        let devices: Vec<DevicePlan> = targets.iter().map(Target::forward).collect();
        for (target, plan) in targets.iter_mut().zip(&devices) {
            target.focus = self.focus_to_go_on(target, plan).await;
            target.state.focus = target.focus.clone().or(target.state.focus.take());
        }
        let mut slices = self.reader.read(ReadPlan { devices, until });
        let (mut from, mut is_complete) = (None, false);
        // Where the stretch begins that the next request carries.
        let mut begin = targets
            .iter()
            .map(|target| target.state.watermark)
            .min()
            .unwrap_or(until);
        while let Some(slice) = slices.recv().await {
            self.note_absent(&slice.devices, targets);
            let read = readable(slice.devices, targets, report);
            let mut series = Vec::new();
            for device in &read {
                let target = &mut targets[device.device];
                let mut carried = Carried {
                    budget: target.budget(self.settings.series_budget, device.range.start()),
                    focus: target.focus.take(),
                };
                series.extend(self.series(target, sources(target, device), &mut carried));
                self.tell_folded(target, &carried.budget);
                target.remember(&carried.budget);
                target.follow(carried.focus, device.range.end());
            }
            if !self.settings.relabel.is_empty() {
                series = joined(series);
            }
            let mut waiting = batches(&series).peekable();
            while let Some(batch) = waiting.next() {
                let newest = Step::of_timestamp_ms(batch.newest_ms).end();
                let done = if waiting.peek().is_none() {
                    slice.range.end()
                } else {
                    newest
                };
                let states = advanced(targets, &read, done, Some(newest));
                if let Flow::Stop = self
                    .send(batch, (begin, done), states.clone(), patience, report)
                    .await?
                {
                    return Ok(Flow::Stop);
                }
                begin = done;
                put(targets, &read, states);
            }
            // Also where there was nothing to send.
            let states = advanced(targets, &read, slice.range.end(), None);
            put(targets, &read, states.clone());
            let at = slice.range.end();
            // A device of which nothing could be sent yet stays new, so that `history` has a say.
            let with_samples = states
                .into_iter()
                .filter(|state| state.newest.is_some() || at >= until);
            self.endpoint_mut().put_all(with_samples);
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
        Ok(Flow::Continue)
    }

    /// Notes the servers that have gone in the middle of the pass, as those that did not answer at its beginning.
    fn note_absent(&mut self, devices: &[DeviceSlice], targets: &[Target]) {
        let gone = devices
            .iter()
            .filter(|device| matches!(device.lost, Some(ReadError::Unreachable { .. })));
        self.absent
            .extend(gone.map(|device| (targets[device.device].server, None)));
    }
}

/// Returns the devices whose part of a slice can be sent, having noted what could not be read.
///
/// A bucket that fails lags behind its device from then on; a device whose server is gone waits as a whole.
pub(super) fn readable(
    devices: Vec<DeviceSlice>,
    targets: &mut [Target],
    report: &mut PassReport,
) -> Vec<DeviceSlice> {
    for device in &devices {
        for (bucket, error) in &device.failed {
            if device.lost.is_none() {
                targets[device.device].hold_back(bucket);
            }
            report.add_unless_gone(error.clone());
        }
        if let Some(error) = device.lost.clone() {
            report.add(error);
        }
    }
    devices
        .into_iter()
        .filter(|device| device.lost.is_none())
        .collect()
}

/// Returns the devices that were read, as they are once all before `done` is delivered, the newest sample of which
/// ends at `newest`.
fn advanced(
    targets: &[Target],
    read: &[DeviceSlice],
    done: Time,
    newest: Option<Time>,
) -> Vec<checkpoint::Device> {
    let advanced = |device: &DeviceSlice| {
        let mut state = targets[device.device].state.clone();
        state.watermark = state.watermark.max(done.min(device.range.end()));
        state.newest = state.newest.max(newest);
        // In the middle of a slice there is none that would go on.
        let focus = targets[device.device].focus.as_ref();
        if let Some(focus) = focus.filter(|focus| focus.at() <= state.watermark) {
            state.focus = Some(focus.clone());
        }
        state
    };
    read.iter().map(advanced).collect()
}

fn put(targets: &mut [Target], read: &[DeviceSlice], states: Vec<checkpoint::Device>) {
    for (device, state) in read.iter().zip(states) {
        targets[device.device].state = state;
    }
}
