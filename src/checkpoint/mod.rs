//! What the agent remembers between passes: how far each device has been delivered, and the request under way.
//!
//! ActivityWatch's database is the queue, so this stays small and could be made anew. One process at a time holds it.

mod lock;
mod sending;
mod store;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::timeline::Time;

pub use lock::{Lock, LockError};
pub use sending::Sending;
pub use store::{Store, StoreError};

/// How far everything has come, of every destination.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checkpoint {
    /// By the address of the destination.
    pub endpoints: BTreeMap<String, Endpoint>,
}

/// How far everything has come at one destination.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// One for each user and host.
    pub devices: Vec<Device>,
    /// When a pass last came to its end with everything delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Time>,
    /// What kept the last pass from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Failure>,
}

/// Why a pass did not deliver everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// When the pass began.
    pub at: Time,
    /// What the person was told.
    pub message: String,
}

/// How far one device has come at one destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its series' label `user`.
    pub user: String,
    /// Its series' label `host`.
    pub host: String,
    /// The ActivityWatch server that it was read from last.
    pub server: String,
    /// All time before it has been delivered, on the step grid.
    pub watermark: Time,
    /// Its buckets that were read, by id; a time if the bucket is done only up to there and lags behind the device.
    pub buckets: BTreeMap<String, Option<Time>>,
}

impl Endpoint {
    /// Returns the device of `user` and `host`, if it is known.
    pub fn device(&self, user: &str, host: &str) -> Option<&Device> {
        self.devices
            .iter()
            .find(|device| device.user == user && device.host == host)
    }

    /// Puts `device` in the place of the one with the same user and host.
    pub fn put(&mut self, device: Device) {
        match self
            .devices
            .iter_mut()
            .find(|known| known.user == device.user && known.host == device.host)
        {
            Some(known) => *known = device,
            None => self.devices.push(device),
        }
    }

    /// Puts each of `devices`, as [`Self::put`] does.
    pub fn put_all(&mut self, devices: impl IntoIterator<Item = Device>) {
        for device in devices {
            self.put(device);
        }
    }
}
