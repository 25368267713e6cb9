//! What the agent remembers between passes: how far each device has been delivered to each destination, and the request
//! under way to it.
//!
//! ActivityWatch's database is the queue, so this stays small and could be made anew. One process at a time holds it.

mod entry;
mod error;
mod file;
mod journal;
mod lock;
mod open;
mod refused;
mod retried;
mod sending;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::metrics::Focus;
use crate::timeline::Time;

pub use entry::{Entry, Fate};
pub use error::StoreError;
pub use journal::{Days, Journal};
pub use lock::{Lock, LockError};
pub use open::{EndpointStore, OpenStore};
pub use refused::{Cause, Refused};
pub use retried::Retried;
pub use sending::{Part, Sending};
pub use store::Store;

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
    /// What it did not take, ascending by user, host and time; stretches that touch are one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// How many samples were ever delivered.
    #[serde(default)]
    pub samples_sent: u64,
    /// How many samples it ever refused.
    #[serde(default)]
    pub samples_refused: u64,
    /// The number of the request that was settled last.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub settled: u64,
    /// Whether the receiver counts twice what it gets twice; `None` as long as nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appends: Option<bool>,
    /// What decides the names of the series when something was last sent, as a hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naming: Option<u64>,
    /// What of all that was sent is in the journal: everything from then on, as far back as it reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal_since: Option<Time>,
    /// The days in the journal.
    #[serde(default, skip_serializing_if = "Days::is_empty")]
    pub days: Days,
    /// When time that was sent was last looked at again.
    #[serde(default)]
    pub looked: Looked,
    /// What was sent, but not yet seen to have arrived.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unconfirmed: Vec<Stretch>,
    /// The time of which the receiver may have something that nobody remembers, from and until: the file of a request
    /// under way was damaged. What is sent of it is looked for first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_doubt: Option<(Time, Time)>,
    /// In how many passes, one after the other, it acknowledged something and did not come to show it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unseen_fences: u64,
    /// When a pass last came to its end with everything delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Time>,
    /// What kept the last pass from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Failure>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde wants"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// When time that was sent was last looked at again, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Looked {
    /// Yesterday and today.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lately: Option<Time>,
    /// The last two weeks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub far_back: Option<Time>,
    /// How many steps of a metric have changed since they were sent.
    pub changed_steps: usize,
}

/// A stretch of time that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// Its begin.
    pub from: Time,
    /// Its end, within the same UTC day.
    pub until: Time,
    /// When it was sent.
    pub at: Time,
    /// How often it has been sent again because it was not there.
    #[serde(default)]
    pub resent: u32,
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
    /// The end of the newest step that had a sample; none of later steps has been sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Time>,
    /// Its buckets that were read, by id.
    pub buckets: BTreeMap<String, BucketProgress>,
    /// Its label sets of the newest day that was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_sets: Option<LabelSets>,
    /// What the time before says of its user; of use only if it goes on where the device does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus: Option<Focus>,
}

/// The label sets of one day that were sent under their own names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelSets {
    /// The midnight in UTC at which the day begins.
    pub day: Time,
    /// One hash for each.
    pub hashes: BTreeSet<u64>,
}

/// How far one bucket has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketProgress {
    /// ActivityWatch's type of bucket.
    #[serde(rename = "type")]
    pub kind: String,
    /// Set if the bucket lags behind its device: it is done only up to here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_until: Option<Time>,
    /// From when on all of it was sent as this device's; what was before belongs to another name or another bucket, or
    /// was not wanted. `None` if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Time>,
}

impl Device {
    /// Returns the time up to which a bucket has been delivered; `None` if it was never read.
    pub fn done_until(&self, bucket: &str) -> Option<Time> {
        self.buckets
            .get(bucket)
            .map(|progress| progress.done_until.unwrap_or(self.watermark))
    }

    /// Notes how far a bucket has come; `None` if as far as the device. When it began stays as it is.
    pub fn note(&mut self, bucket: &str, kind: &str, done_until: Option<Time>) {
        let begun = self.buckets.get(bucket).and_then(|known| known.begun);
        let progress = BucketProgress {
            kind: kind.to_owned(),
            done_until,
            begun,
        };
        self.buckets.insert(bucket.to_owned(), progress);
    }

    /// Notes when a bucket has begun.
    pub fn note_begin(&mut self, bucket: &str, begun: Option<Time>) {
        if let Some(progress) = self.buckets.get_mut(bucket) {
            progress.begun = begun;
        }
    }
}

impl Endpoint {
    /// Returns the device of `user` and `host`, if it is known.
    pub fn device(&self, user: &str, host: &str) -> Option<&Device> {
        self.devices
            .iter()
            .find(|device| device.user == user && device.host == host)
    }

    /// Returns the time up to which a bucket of a server has been delivered for `user`, as whatever host.
    pub fn done_until(&self, user: &str, server: &str, bucket: &str) -> Option<Time> {
        let devices = self
            .devices
            .iter()
            .filter(|device| device.user == user && device.server == server);
        devices.filter_map(|device| device.done_until(bucket)).max()
    }

    /// Notes that the receiver did not take something.
    pub fn refuse(&mut self, refused: &Refused) {
        self.samples_refused += refused.samples;
        refused::add(&mut self.refused, refused);
    }

    /// Notes that stretches have been gone through again, and what of them the receiver still does not take.
    ///
    /// What it refuses again was counted when it refused it first.
    pub fn retry(&mut self, retried: &[Retried], refused: &[Refused]) {
        let known: u64 = retried
            .iter()
            .map(|retried| retried::take_out(&mut self.refused, retried))
            .sum();
        let again = refused.iter().map(|refused| refused.samples).sum();
        for refused in refused {
            self.refuse(&retried::within(refused, retried));
        }
        self.samples_refused = self.samples_refused.saturating_sub(known.min(again));
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
