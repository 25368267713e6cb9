//! Which devices and buckets a pass reads, and from where: pure, from what the servers list and the checkpoint.

use std::collections::BTreeMap;

use crate::activitywatch::{Bucket, BucketPlan, Device, DevicePlan, Start};
use crate::checkpoint;
use crate::timeline::Time;

/// A device of a pass: what is read of it, and what will be remembered of it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Which server has it.
    pub(super) server: usize,
    /// All its buckets.
    pub(super) buckets: Vec<Bucket>,
    /// How far it has come.
    pub(super) state: checkpoint::Device,
}

impl Target {
    /// Returns the target for `device` as a server lists it, with `known`, what the checkpoint has of it.
    ///
    /// A device that is new begins at its first activity after `since`. A bucket that is new to a known device lags
    /// behind from there: what came before the device's watermark has to be added to what was sent. A bucket that is
    /// gone or left out lags behind from now on, in case that it comes back.
    pub(super) fn new(
        server: (usize, &str),
        user: &str,
        device: Device,
        known: Option<&checkpoint::Device>,
        since: Time,
    ) -> Self {
        let ids = device.buckets.iter().map(|bucket| bucket.id.clone());
        let (watermark, buckets) = match known {
            None => (since, ids.map(|id| (id, None)).collect()),
            Some(known) => {
                let lags = |(id, until): (&String, &Option<Time>)| {
                    (id.clone(), Some(until.unwrap_or(known.watermark)))
                };
                let mut buckets: BTreeMap<_, _> = known.buckets.iter().map(lags).collect();
                buckets.extend(ids.map(|id| {
                    let until = known.buckets.get(&id).copied().unwrap_or(Some(since));
                    (id, until)
                }));
                (known.watermark, buckets)
            }
        };
        let (user, server_url) = (user.to_owned(), server.1.to_owned());
        let state = checkpoint::Device {
            user,
            host: device.host,
            server: server_url,
            watermark,
            buckets,
        };
        Self {
            server: server.0,
            buckets: device.buckets,
            state,
        }
    }

    /// Returns what to read to go forward from the watermark: all buckets but those that lag behind.
    ///
    /// `is_new` tells that the device has never been read.
    pub(super) fn forward(&self, is_new: bool) -> DevicePlan {
        let from = self.state.watermark;
        let start = if is_new {
            Start::FirstAfter(from)
        } else {
            Start::At(from)
        };
        let buckets = self
            .buckets
            .iter()
            .filter(|bucket| self.lagging_from(bucket).is_none());
        let buckets = buckets
            .map(|bucket| BucketPlan {
                bucket: bucket.clone(),
                start,
            })
            .collect();
        DevicePlan {
            server: self.server,
            from,
            buckets,
            companions: Vec::new(),
        }
    }

    /// Returns the ids of the buckets that lag behind.
    pub(super) fn lagging(&self) -> Vec<String> {
        self.buckets
            .iter()
            .filter(|bucket| self.lagging_from(bucket).is_some())
            .map(|bucket| bucket.id.clone())
            .collect()
    }

    /// Returns what to read to bring a bucket that lags behind up to the watermark; `None` if it does not.
    ///
    /// The buckets that do not lag behind are read along, to know what was sent of the same time.
    pub(super) fn catch_up(&self, bucket: &str) -> Option<DevicePlan> {
        let bucket = self.buckets.iter().find(|other| other.id == bucket)?;
        let from = self.lagging_from(bucket)?;
        let companions = self
            .buckets
            .iter()
            .filter(|other| self.lagging_from(other).is_none())
            .cloned()
            .collect();
        let buckets = vec![BucketPlan {
            bucket: bucket.clone(),
            start: Start::FirstAfter(from),
        }];
        Some(DevicePlan {
            server: self.server,
            from,
            buckets,
            companions,
        })
    }

    fn lagging_from(&self, bucket: &Bucket) -> Option<Time> {
        self.state.buckets.get(&bucket.id).copied().flatten()
    }
}

/// Returns which devices of all servers to take: one for each host, and why the others are left out.
///
/// `listed` holds each server's place, address and devices. A host that was read from a configured server before stays
/// with it, also while that server is away: the same host from another server would be counted a second time.
pub(super) fn one_per_host(
    listed: Vec<(usize, &str, Vec<Device>)>,
    configured: &[&str],
    owner: impl Fn(&str) -> Option<String>,
) -> (Vec<(usize, Device)>, Vec<String>) {
    let mut taken = BTreeMap::<String, (usize, Device)>::new();
    let mut notices = Vec::new();
    for (server, url, devices) in listed {
        for device in devices {
            let owner = owner(&device.host).filter(|owner| configured.contains(&owner.as_str()));
            let rival = taken
                .get(&device.host)
                .map(|(rival, _)| configured[*rival].to_owned());
            let rival = rival.or(owner.filter(|owner| owner != url));
            match rival {
                Some(rival) => notices.push(format!(
                    "host `{host}` of {url} is left out, since {rival} has one of the same name\nhint: give it another name under [hosts]: `\"{url}/{host}\" = \"another-name\"`",
                    host = device.host
                )),
                None => {
                    taken.insert(device.host.clone(), (server, device));
                }
            }
        }
    }
    (taken.into_values().collect(), notices)
}
