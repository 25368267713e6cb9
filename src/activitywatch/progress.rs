//! How a plan is read: all devices together, slice by slice, in order of time.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::backend::Backend;
use super::pace::Pace;
use super::search::first_activity;
use super::slice::begun_in;
use super::{
    Bucket, BucketPlan, DevicePlan, DeviceSlice, Event, ReadError, ReadPlan, Slice, Start,
};
use crate::timeline::{Interval, Step, Time, utc_day_end};

/// Sends the slices of `plan` until all is read or nobody wants more.
pub(super) fn read(servers: &[Arc<dyn Backend>], plan: ReadPlan, slices: &mpsc::Sender<Slice>) {
    let until = plan.until;
    let mut devices: Vec<Progress> = plan
        .devices
        .into_iter()
        .map(|device| Progress::begin(&*servers[device.server], device, until))
        .collect();
    loop {
        let next = devices
            .iter()
            .filter(|device| device.lost.is_none())
            .map(Progress::next)
            .min()
            .unwrap_or(until);
        let start = Step::containing(next).start();
        let range = Interval::new(start.min(until), utc_day_end(start).min(until));
        let mut slice = Slice {
            range,
            devices: Vec::new(),
        };
        for place in 0..devices.len() {
            let device = &mut devices[place];
            if device.position > range.end() && device.lost.is_none() || device.lost_is_told {
                continue;
            }
            let server = device.server;
            slice
                .devices
                .push(device.slice(place, &*servers[server], range, until));
            if let Some(error) = device.lost.clone() {
                for other in devices.iter_mut().filter(|other| other.server == server) {
                    other.lost.get_or_insert_with(|| error.clone());
                }
            }
        }
        if slices.blocking_send(slice).is_err() || next >= until {
            return;
        }
    }
}

/// A device while it is read.
struct Progress {
    server: usize,
    /// All before this is read.
    position: Time,
    /// The buckets that are still read.
    buckets: Vec<Reading>,
    companions: Vec<(Bucket, Pace)>,
    /// Buckets that failed since the last slice.
    failed: Vec<(Bucket, ReadError)>,
    /// Why nothing more can be read.
    lost: Option<ReadError>,
    /// Whether a slice has brought `lost`.
    lost_is_told: bool,
}

/// A bucket while it is read.
struct Reading {
    bucket: Bucket,
    /// Nothing more happens in it before.
    quiet_until: Time,
    /// What the last slice, which ended then, has told for the one right after it.
    begun: Option<(Time, Vec<Event>)>,
    pace: Pace,
}

impl Progress {
    fn begin(server: &dyn Backend, plan: DevicePlan, until: Time) -> Self {
        let companions = plan.companions.into_iter();
        let mut progress = Self {
            server: plan.server,
            position: plan.from,
            buckets: Vec::new(),
            companions: companions.map(|bucket| (bucket, Pace::default())).collect(),
            failed: Vec::new(),
            lost: None,
            lost_is_told: false,
        };
        for BucketPlan { bucket, start } in plan.buckets {
            let quiet_until = match start {
                Start::At(time) => Some(time),
                Start::FirstAfter(time) => progress.search(server, &bucket, time, until),
            };
            progress
                .buckets
                .extend(quiet_until.map(|quiet_until| Reading {
                    bucket,
                    quiet_until,
                    begun: None,
                    pace: Pace::default(),
                }));
        }
        progress
    }

    /// Returns the time before which nothing more happens on this device.
    fn next(&self) -> Time {
        let quiet_until = self.buckets.iter().map(|reading| reading.quiet_until).min();
        quiet_until
            .unwrap_or(Time::from_nanos(i64::MAX))
            .max(self.position)
    }

    fn slice(
        &mut self,
        place: usize,
        server: &dyn Backend,
        range: Interval,
        until: Time,
    ) -> DeviceSlice {
        let range = Interval::new(range.start().max(self.position), range.end());
        let (mut read, mut is_quiet_device) = (Vec::new(), true);
        for reading in std::mem::take(&mut self.buckets) {
            if self.lost.is_some() || reading.quiet_until >= range.end() {
                read.push((reading.bucket.clone(), Vec::new()));
                self.buckets.push(reading);
                continue;
            }
            is_quiet_device = false;
            let Reading {
                bucket,
                begun,
                mut pace,
                ..
            } = reading;
            let begun = begun
                .filter(|(time, _)| *time == range.start())
                .map(|(_, begun)| begun);
            let events = server.slice(&bucket, range, begun, &mut pace);
            let Some(events) = self.take(&bucket, events) else {
                continue;
            };
            let is_quiet = events
                .iter()
                .all(|event| event.interval.end() <= range.start());
            let quiet_until = if is_quiet && range.end() < until {
                self.search(server, &bucket, range.end(), until)
            } else {
                Some(range.end())
            };
            self.buckets.extend(quiet_until.map(|quiet_until| Reading {
                bucket: bucket.clone(),
                quiet_until,
                // Counters are read with all that they overlap.
                begun:
                    (!bucket.is_counter()).then(|| (range.end(), begun_in(&events, range.end()))),
                pace,
            }));
            read.push((bucket, events));
        }
        if is_quiet_device {
            read.clear();
        }
        let mut companions = Vec::new();
        for (bucket, mut pace) in std::mem::take(&mut self.companions) {
            if !read.is_empty() && self.lost.is_none() {
                let events = server.slice(&bucket, range, None, &mut pace);
                let Some(events) = self.take(&bucket, events) else {
                    continue;
                };
                companions.push((bucket.clone(), events));
            }
            self.companions.push((bucket, pace));
        }
        if self.lost.is_none() {
            self.position = range.end();
        }
        self.lost_is_told = self.lost.is_some();
        DeviceSlice {
            device: place,
            range,
            buckets: read,
            companions,
            failed: std::mem::take(&mut self.failed),
            lost: self.lost.clone(),
        }
    }

    /// Returns when the bucket may have its next activity, `until` if never; `None` if it cannot be read any more.
    fn search(
        &mut self,
        server: &dyn Backend,
        bucket: &Bucket,
        from: Time,
        until: Time,
    ) -> Option<Time> {
        if self.lost.is_some() {
            return None;
        }
        let found = first_activity(from, until, |query| server.events(&bucket.id, query));
        Some(self.take(bucket, found)?.unwrap_or(until))
    }

    /// Takes what was read of `bucket`, or notes what its failure means.
    fn take<T>(&mut self, bucket: &Bucket, read: Result<T, ReadError>) -> Option<T> {
        match read {
            Ok(read) => return Some(read),
            Err(error @ (ReadError::Unreadable { .. } | ReadError::Vanished { .. })) => {
                self.failed.push((bucket.clone(), error));
            }
            Err(error) => {
                self.lost = Some(error);
            }
        }
        None
    }
}
