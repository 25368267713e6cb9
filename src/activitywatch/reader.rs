use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::client::{Client, ServerInfo};
use super::search::first_activity;
use super::slice::read_slice;
use super::{Bucket, Event, ReadError};
use crate::timeline::{Interval, Step, Time, utc_day_end};

/// How many slices wait for the sender at most: one, so that reading overlaps sending and memory stays small.
const WAITING_SLICES: usize = 1;

/// What a server lists.
#[derive(Debug)]
pub struct Server {
    /// What it tells of itself.
    pub info: ServerInfo,
    /// All its buckets, ascending by id.
    pub buckets: Vec<Bucket>,
}

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
    /// What was read, in the plan's order. Devices that are ahead of the slice or failed earlier are missing.
    pub devices: Vec<DeviceSlice>,
}

/// The part of a slice that is one device's.
#[derive(Debug)]
pub struct DeviceSlice {
    /// Its place in the plan.
    pub device: usize,
    /// The part of the slice's range that is still to be done for it.
    pub range: Interval,
    /// Each bucket's events, ascending, reaching beyond the range; companions come last, quiet buckets are missing.
    pub buckets: Vec<(Bucket, Vec<Event>)>,
    /// Buckets that could not be read. They are not asked again.
    pub failed: Vec<(Bucket, ReadError)>,
    /// Set if the server is gone: nothing of the device in this slice counts, and no more comes.
    pub lost: Option<ReadError>,
}

/// The servers, read by threads that nobody waits for: the official client blocks, up to its fixed time-out of 30 s.
#[derive(Clone)]
pub struct Reader {
    servers: Vec<Arc<Client>>,
}

impl Reader {
    /// Returns a reader of `servers`; their places in the list are what plans refer to.
    pub fn new(servers: impl IntoIterator<Item = Client>) -> Self {
        Self {
            servers: servers.into_iter().map(Arc::new).collect(),
        }
    }

    /// The addresses of the servers.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().map(|server| server.url())
    }

    /// Returns what each server lists, in order.
    pub async fn list(&self) -> Vec<Result<Server, ReadError>> {
        let answers: Vec<_> = self
            .servers
            .iter()
            .map(|server| {
                on_thread(server, |server| {
                    let info = server.info()?;
                    Ok(Server {
                        info,
                        buckets: server.buckets()?,
                    })
                })
            })
            .collect();
        let mut listed = Vec::new();
        for (answer, server) in answers.into_iter().zip(&self.servers) {
            listed.push(answer.await.unwrap_or_else(|_| Err(died(server))));
        }
        listed
    }

    /// Returns whether a bucket has at least `count` events.
    ///
    /// # Errors
    /// Any [`ReadError`].
    pub async fn has_events(
        &self,
        server: usize,
        bucket: &str,
        count: usize,
    ) -> Result<bool, ReadError> {
        let (server, bucket) = (&self.servers[server], bucket.to_owned());
        on_thread(server, move |server| server.has_events(&bucket, count))
            .await
            .unwrap_or_else(|_| Err(died(server)))
    }

    /// Starts reading; slices arrive in order of time until `plan.until`. Dropping the receiver ends it.
    pub fn read(&self, plan: ReadPlan) -> mpsc::Receiver<Slice> {
        let (slices, receiver) = mpsc::channel(WAITING_SLICES);
        let servers = self.servers.clone();
        thread::spawn(move || read(&servers, plan, &slices));
        receiver
    }
}

/// Runs `call` on a thread of its own; the answer fails only if the thread panics.
fn on_thread<T: Send + 'static>(
    server: &Arc<Client>,
    call: impl FnOnce(&Client) -> Result<T, ReadError> + Send + 'static,
) -> oneshot::Receiver<Result<T, ReadError>> {
    let (sender, answer) = oneshot::channel();
    let server = Arc::clone(server);
    // If nobody waits any more, the answer is not needed either.
    thread::spawn(move || drop(sender.send(call(&server))));
    answer
}

fn died(server: &Client) -> ReadError {
    ReadError::Unreachable {
        url: server.url().to_owned(),
        reason: "reading broke off, which is a bug".to_owned(),
    }
}

/// Sends the slices of `plan` until all is read or nobody wants more.
fn read(servers: &[Arc<Client>], plan: ReadPlan, slices: &mpsc::Sender<Slice>) {
    let until = plan.until;
    let mut devices: Vec<Progress> = plan
        .devices
        .into_iter()
        .map(|device| Progress::begin(&servers[device.server], device, until))
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
            if device.position >= range.end() && device.lost.is_none() || device.lost_is_told {
                continue;
            }
            let server = device.server;
            slice
                .devices
                .push(device.slice(place, &servers[server], range, until));
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
    /// The buckets that are still read, each with a time before which nothing more happens in it.
    buckets: Vec<(Bucket, Time)>,
    companions: Vec<Bucket>,
    /// Buckets that failed since the last slice.
    failed: Vec<(Bucket, ReadError)>,
    /// Why nothing more can be read.
    lost: Option<ReadError>,
    /// Whether a slice has brought `lost`.
    lost_is_told: bool,
}

impl Progress {
    fn begin(server: &Client, plan: DevicePlan, until: Time) -> Self {
        let mut progress = Self {
            server: plan.server,
            position: plan.from,
            buckets: Vec::new(),
            companions: plan.companions,
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
                .extend(quiet_until.map(|time| (bucket, time)));
        }
        progress
    }

    /// Returns the time before which nothing more happens on this device.
    fn next(&self) -> Time {
        let quiet_until = self
            .buckets
            .iter()
            .map(|&(_, quiet_until)| quiet_until)
            .min();
        quiet_until
            .unwrap_or(Time::from_nanos(i64::MAX))
            .max(self.position)
    }

    fn slice(
        &mut self,
        place: usize,
        server: &Client,
        range: Interval,
        until: Time,
    ) -> DeviceSlice {
        let range = Interval::new(range.start().max(self.position), range.end());
        let mut read = Vec::new();
        for (bucket, quiet_until) in std::mem::take(&mut self.buckets) {
            if self.lost.is_some() || quiet_until >= range.end() {
                self.buckets.push((bucket, quiet_until));
                continue;
            }
            let Some(events) = self.take(
                &bucket,
                read_slice(range, |query| server.events(&bucket.id, query)),
            ) else {
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
            self.buckets
                .extend(quiet_until.map(|time| (bucket.clone(), time)));
            read.push((bucket, events));
        }
        for bucket in std::mem::take(&mut self.companions) {
            if !read.is_empty() && self.lost.is_none() {
                let events = read_slice(range, |query| server.events(&bucket.id, query));
                let Some(events) = self.take(&bucket, events) else {
                    continue;
                };
                read.push((bucket.clone(), events));
            }
            self.companions.push(bucket);
        }
        if self.lost.is_none() {
            self.position = range.end();
        }
        self.lost_is_told = self.lost.is_some();
        DeviceSlice {
            device: place,
            range,
            buckets: read,
            failed: std::mem::take(&mut self.failed),
            lost: self.lost.clone(),
        }
    }

    /// Returns when the bucket may have its next activity, `until` if never; `None` if it cannot be read any more.
    fn search(
        &mut self,
        server: &Client,
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
            Err(ReadError::Vanished { bucket }) => {
                log::debug!("bucket `{bucket}` is gone since it was listed");
            }
            Err(error @ ReadError::Unreadable { .. }) => self.failed.push((bucket.clone(), error)),
            Err(error @ (ReadError::Unreachable { .. } | ReadError::Misconfigured { .. })) => {
                self.lost = Some(error);
            }
        }
        None
    }
}
