use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, oneshot};

use super::backend::Backend;
use super::official::Query;
use super::progress::read;
use super::search::first_activity;
use super::slice::MARGIN;
use super::{Bucket, Client, Event, Exported, ReadError, ReadPlan, ServerSettings, Slice};
use crate::timeline::{Interval, Time};

/// How many slices wait for the sender at most: one, so that reading overlaps sending and memory stays small.
const WAITING_SLICES: usize = 1;

/// What a server lists.
#[derive(Debug)]
pub struct Server {
    /// The name of its machine.
    pub hostname: String,
    /// Its version, for example `v0.14.0 (rust)`.
    pub version: String,
    /// Its settings.
    pub settings: ServerSettings,
    /// All its buckets, ascending by id.
    pub buckets: Vec<Bucket>,
}

/// The servers, read by threads that nobody waits for: the official client blocks, up to its fixed time-out of 30 s.
#[derive(Clone)]
pub struct Reader {
    servers: Vec<Arc<dyn Backend>>,
}

impl Server {
    /// Whether it is aw-server-rust, whose rules differ in places from the Python server's.
    pub fn is_rust(&self) -> bool {
        self.version.contains("rust")
    }
}

impl Reader {
    /// Returns a reader of `servers`; their places in the list are what plans refer to.
    pub fn new(servers: impl IntoIterator<Item = Client>) -> Self {
        Self {
            servers: servers
                .into_iter()
                .map(|server| Arc::new(server) as Arc<dyn Backend>)
                .collect(),
        }
    }

    /// Returns a reader of what was exported, as if it were a server with no settings. Asks nobody.
    pub fn of_exported(exported: Exported) -> Self {
        Self {
            servers: vec![Arc::new(exported)],
        }
    }

    /// The addresses of the servers.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().map(|server| server.url())
    }

    /// Returns what each server lists, in order.
    pub async fn list(&self) -> Vec<Result<Server, ReadError>> {
        let answers: Vec<_> = self.servers.iter().map(listing).collect();
        let mut listed = Vec::new();
        for answer in answers {
            listed.push(answer.await.unwrap_or(Err(ReadError::BrokeOff)));
        }
        listed
    }

    /// Returns what one server lists.
    ///
    /// # Errors
    /// [`ReadError::Unreachable`], [`ReadError::Misconfigured`] or [`ReadError::NoKey`].
    pub async fn list_one(&self, server: usize) -> Result<Server, ReadError> {
        let answer = listing(&self.servers[server]).await;
        answer.unwrap_or(Err(ReadError::BrokeOff))
    }

    /// Returns what the clock of a server says, in whole seconds; `None` if it does not tell.
    ///
    /// # Errors
    /// Any [`ReadError`].
    pub async fn clock(&self, server: usize) -> Result<Option<SystemTime>, ReadError> {
        on_thread(&self.servers[server], |server| server.clock())
            .await
            .unwrap_or(Err(ReadError::BrokeOff))
    }

    /// Returns from when to when there is activity in a bucket, none before `since`; `None` if it has no event.
    ///
    /// # Errors
    /// Any [`ReadError`].
    pub async fn extent(
        &self,
        server: usize,
        bucket: &str,
        since: Time,
    ) -> Result<Option<Interval>, ReadError> {
        let bucket = bucket.to_owned();
        on_thread(&self.servers[server], move |server| {
            let Some(newest) = server.newest(&bucket)? else {
                return Ok(None);
            };
            // An event that begins and ends in one moment is activity too.
            let until = newest + Duration::from_millis(1);
            let near = first_activity(since, until, |query| server.events(&bucket, query))?;
            let Some(near) = near else {
                return Ok(Some(Interval::new(newest, newest)));
            };
            let query = Query {
                start: Some(near),
                end: Some(near + Duration::from_hours(24)),
                limit: None,
            };
            let events = server.events(&bucket, query)?.events;
            let first = events.first().map_or(near, |event| event.interval.start());
            Ok(Some(Interval::new(first.max(since), newest)))
        })
        .await
        .unwrap_or(Err(ReadError::BrokeOff))
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
            .unwrap_or(Err(ReadError::BrokeOff))
    }

    /// Runs a query of ActivityWatch's own language, which reads `buckets`, and returns the lists of events that its
    /// `RETURN` is a dictionary of, each ascending by start.
    ///
    /// They reach beyond `range` on both sides and have to be cut: at the bounds of a query the servers cut events before
    /// gaps are closed, and the Python server leaves out what began a day before, so that it is asked for more.
    ///
    /// # Errors
    /// Any [`ReadError`].
    pub async fn query(
        &self,
        server: usize,
        buckets: Vec<String>,
        range: Interval,
        lines: Vec<String>,
    ) -> Result<BTreeMap<String, Vec<Event>>, ReadError> {
        on_thread(&self.servers[server], move |server| {
            let mut start = range.start();
            for bucket in &buckets {
                start = start.min(server.running_since(bucket, range.start() - MARGIN)?);
            }
            server.query(Interval::new(start - MARGIN, range.end() + MARGIN), &lines)
        })
        .await
        .unwrap_or(Err(ReadError::BrokeOff))
    }

    /// Starts reading; slices arrive in order of time until `plan.until`. Dropping the receiver ends it.
    pub fn read(&self, plan: ReadPlan) -> mpsc::Receiver<Slice> {
        let (slices, receiver) = mpsc::channel(WAITING_SLICES);
        let servers = self.servers.clone();
        // Without a thread the channel closes at once, which says that reading broke off.
        drop(thread::Builder::new().spawn(move || read(&servers, plan, &slices)));
        receiver
    }
}

/// Asks a server for what it lists.
fn listing(server: &Arc<dyn Backend>) -> oneshot::Receiver<Result<Server, ReadError>> {
    on_thread(server, |server| server.list())
}

/// Runs `call` on a thread of its own; the answer fails only if the thread panics.
fn on_thread<T: Send + 'static>(
    server: &Arc<dyn Backend>,
    call: impl FnOnce(&dyn Backend) -> Result<T, ReadError> + Send + 'static,
) -> oneshot::Receiver<Result<T, ReadError>> {
    let (sender, answer) = oneshot::channel();
    let server = Arc::clone(server);
    // If nobody waits any more, the answer is not needed either; without a thread there is none.
    drop(thread::Builder::new().spawn(move || drop(sender.send(call(&*server)))));
    answer
}
