//! What to read, and what comes of it.

use super::{Bucket, Event, ReadError};
use crate::timeline::{Interval, Time};

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At this time, on the step grid.
    At(Time),
    /// At the first activity after this time, which is looked for.
    FirstAfter(Time),
}

/// What to read of one bucket.
#[derive(Debug, Clone)]
pub struct BucketPlan {
    /// The bucket.
    pub bucket: Bucket,
    /// Its events before this are not wanted.
    pub start: Start,
}

/// What to read of one device.
#[derive(Debug, Clone)]
pub struct DevicePlan {
    /// Which of the reader's servers has it.
    pub server: usize,
    /// All time before this is done.
    pub from: Time,
    /// Its buckets.
    pub buckets: Vec<BucketPlan>,
    /// Further buckets, read along wherever one of `buckets` is.
    pub companions: Vec<Bucket>,
}

/// What to read in one go.
#[derive(Debug, Clone)]
pub struct ReadPlan {
    /// The devices; results refer to them by their place.
    pub devices: Vec<DevicePlan>,
    /// Where reading ends, on the step grid.
    pub until: Time,
}

/// The events of one stretch of time, of all devices: what is older comes in earlier slices.
#[derive(Debug)]
pub struct Slice {
    /// The stretch, within one UTC day and on the step grid; empty in the last slice if nothing more happens. All
    /// between the slice before and this one is empty.
    pub range: Interval,
    /// What was read, in the plan's order. Devices that are ahead of the slice or lost are missing.
    pub devices: Vec<DeviceSlice>,
}

/// The part of a slice that is one device's.
#[derive(Debug)]
pub struct DeviceSlice {
    /// Its place in the plan.
    pub device: usize,
    /// The part of the slice's range that is still to be done for it.
    pub range: Interval,
    /// Each bucket's events, ascending, reaching beyond the range. A quiet bucket is there too, for its silence says
    /// something: with an AFK bucket that is quiet nobody is there, without one nobody knows. None if all are quiet.
    pub buckets: Vec<(Bucket, Vec<Event>)>,
    /// The same of the plan's companions, none where no bucket was read.
    pub companions: Vec<(Bucket, Vec<Event>)>,
    /// Buckets that could not be read, also those that are gone. They are not asked again.
    pub failed: Vec<(Bucket, ReadError)>,
    /// Set if the server is gone: nothing of the device in this slice counts, and no more comes.
    pub lost: Option<ReadError>,
}
