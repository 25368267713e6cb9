//! A stretch of time of all devices, read as if nothing of it had been sent: for who sends nothing.

use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

use super::focus::Carried;
use super::forward::readable;
use super::plan::Target;
use super::series::all_sources;
use super::{PassReport, Synchronizer};
use crate::activitywatch::{DeviceSlice, ReadError, ReadPlan, Slice, Start};
use crate::metrics::Series;
use crate::timeline::Time;

/// The stretch while it is read.
pub(super) struct Anew {
    /// The devices. Slices refer to them by their place.
    pub(super) targets: Vec<Target>,
    /// What could not be read so far.
    pub(super) report: PassReport,
    /// What each device has from slices before.
    carried: Vec<Carried>,
    slices: Receiver<Slice>,
    until: Time,
    is_complete: bool,
}

impl Synchronizer {
    /// Begins to read all devices from `start` until `until`. `now` is the monotonic clock.
    pub(super) async fn read_anew(&mut self, now: Instant, start: Start, until: Time) -> Anew {
        let (Start::At(since) | Start::FirstAfter(since)) = start;
        let mut report = PassReport::default();
        let targets = self.targets(now, since, &mut report).await;
        let devices: Vec<_> = targets.iter().map(|target| target.all(start)).collect();
        let mut carried = Vec::new();
        for (target, plan) in targets.iter().zip(&devices) {
            carried.push(self.carried_to(target, plan).await);
        }
        Anew {
            targets,
            report,
            carried,
            slices: self.reader.read(ReadPlan { devices, until }),
            until,
            is_complete: false,
        }
    }

    /// Returns the next slice, with the devices that could be read; `None` once there is no more.
    pub(super) async fn next_slice(&mut self, anew: &mut Anew) -> Option<Slice> {
        let Some(mut slice) = anew.slices.recv().await else {
            if !anew.is_complete {
                anew.report.add(ReadError::BrokeOff);
            }
            for (target, carried) in anew.targets.iter().zip(&anew.carried) {
                self.tell_folded(target, &carried.budget);
            }
            return None;
        };
        anew.is_complete = slice.range.end() >= anew.until;
        slice.devices = readable(slice.devices, &mut anew.targets, &mut anew.report);
        Some(slice)
    }

    /// Returns the series of a device in a slice; each slice once, in order.
    pub(super) fn series_anew(&self, device: &DeviceSlice, anew: &mut Anew) -> Vec<Series> {
        let place = device.device;
        self.series(
            &anew.targets[place],
            all_sources(device),
            &mut anew.carried[place],
        )
    }
}
