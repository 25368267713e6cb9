//! One pass: what the servers list, read slice by slice, aggregated, sent, and remembered.
//!
//! The only place that sees both ends and the checkpoint. The clock is handed in.

mod acceptance;
mod backfill;
mod begin;
mod catch_up;
mod confirm;
mod delivery;
mod doubt;
mod export;
mod findings;
mod focus;
mod journal;
mod late;
mod learnt;
mod listing;
mod own;
mod plan;
mod preview;
mod receiver;
mod report;
mod stored;
mod stretches;
mod unclear;

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use crate::activitywatch::{Bucket, DevicePlan, DeviceSlice, ReadError, ReadPlan, Reader};
use crate::checkpoint::{self, Endpoint, EndpointStore, Failure, OpenStore, StoreError};
use crate::metrics::{Budget, Label, Labelling, Series, Source, device_series, joined};
use crate::query_api;
use crate::remote_write::{self, Patience, batches};
use crate::settings::{DestinationSettings, Settings};
use crate::timeline::{Step, Time, horizon};
use findings::Findings;
use focus::Carried;
use plan::Target;

pub use backfill::{BackfillPlan, BackfillReport};
pub use export::Export;
pub use learnt::Learnt;
pub use listing::{LeftOutBy, left_out_by, wanted_devices};
pub use preview::{DevicePreview, Preview};
pub use report::{PassReport, Problem};

/// How far a pass has come, for whoever watches.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Where the oldest device began.
    pub from: Time,
    /// What has been read and sent.
    pub at: Time,
    /// Where the pass ends.
    pub until: Time,
}

/// The time of a pass by both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The clock on the wall, which ActivityWatch goes by and people set.
    pub wall: Time,
    /// The clock that only goes forward, for how long something has lasted.
    pub monotonic: Instant,
}

/// Whether a pass can go on.
enum Flow {
    Continue,
    Stop,
}

/// Syncs the configured servers to one destination, pass after pass.
pub struct Synchronizer {
    settings: Settings,
    reader: Reader,
    destination: remote_write::Client,
    queries: query_api::Client,
    store: EndpointStore,
    /// How far the destination has come; `None` as long as nothing is known of it.
    endpoint: Option<Endpoint>,
    /// When the pass began.
    now: Time,
    /// How many fences the pass has sent.
    fences: u64,
    /// What the pass has found out about the receiver.
    findings: Findings,
    /// What kind the receiver says that it is; `None` as long as nobody has answered since the agent began.
    kind: Option<remote_write::Kind>,
    /// Whether what is asked tells of another store than the one that is sent to, until it shows otherwise.
    asks_elsewhere: bool,
    /// Servers that did not answer, with the time since which they do again.
    absent: BTreeMap<usize, Option<Instant>>,
    /// What the settings of each server come to.
    learnt: BTreeMap<usize, Learnt>,
    /// Notices that were given, to give each once.
    said: BTreeSet<String>,
}

impl Synchronizer {
    /// Returns a synchronizer to the destination of `settings` that goes on where `store` says. Asks no server yet.
    pub fn new(settings: DestinationSettings, reader: Reader, store: &OpenStore) -> Self {
        let DestinationSettings {
            destination,
            settings,
        } = settings;
        let store = store.of(destination.url.as_str());
        Self {
            settings,
            reader,
            destination: remote_write::Client::new(&destination),
            queries: query_api::Client::new(&destination),
            endpoint: store.load(),
            store,
            now: Time::EPOCH,
            fences: 0,
            findings: Findings::default(),
            kind: None,
            asks_elsewhere: false,
            absent: BTreeMap::new(),
            learnt: BTreeMap::new(),
            said: BTreeSet::new(),
        }
    }

    /// The address of the destination, without what may be a secret.
    pub fn destination(&self) -> &str {
        self.destination.shown()
    }

    /// Delivers all that is final at `now` and has not been delivered.
    ///
    /// May be dropped at any await: what is on disk is always consistent, and a request whose answer was not seen goes
    /// out again first, byte by byte.
    ///
    /// # Errors
    /// Any [`StoreError`]. Whatever else goes wrong is in the report.
    pub async fn pass(
        &mut self,
        now: Now,
        patience: Patience,
        watch: impl Fn(Progress),
    ) -> Result<PassReport, StoreError> {
        let mut report = PassReport::default();
        let until = horizon(now.wall, self.settings.settle);
        (self.now, self.fences, self.findings) = (now.wall, 0, Findings::default());
        self.learn_receiver().await;
        if let Flow::Continue = self.resend(patience, &mut report).await?
            && let Flow::Continue = self.confirm(patience, &mut report).await?
        {
            let since = self
                .settings
                .history
                .map_or(Time::EPOCH, |history| horizon(now.wall, history))
                .min(until);
            let mut targets = self.targets(now.monotonic, since, &mut report).await;
            report.devices = targets.len();
            self.begin_after_what_is_there(&mut targets, until, &mut report)
                .await;
            targets.retain_mut(|target| {
                let is_past = target.take_back(until);
                if !is_past {
                    let checkpoint::Device {
                        host, watermark, ..
                    } = &target.state;
                    report.add(Problem::Ahead {
                        host: host.clone(),
                        until: *watermark,
                    });
                }
                is_past
            });
            if let Flow::Continue = self
                .forward(&mut targets, until, patience, &watch, &mut report)
                .await?
            {
                self.catch_up(&mut targets, patience, &mut report).await?;
                if report.is_complete()
                    && let Flow::Continue = self.look_again(&targets, patience, &mut report).await?
                    && report.is_complete()
                {
                    self.doubt_is_over();
                }
            }
            // One without any activity has come to its end without a sample.
            let has_begun =
                |Target { state, .. }: &&Target| state.newest.is_some() || state.watermark >= until;
            let begun = targets.iter().filter(has_begun);
            report.undelivered = targets.len() - begun.clone().count();
            report.lag = begun
                .map(|target| until.since(target.state.watermark))
                .max();
        }
        report.conclude(self.destination.shown());
        self.remember(now.wall, &report)?;
        if report.is_complete()
            && let Some(lag) = report.lag
        {
            self.send_own(now.wall, lag).await;
        }
        Ok(report)
    }

    /// Brings all devices from their watermarks to `until`, together, in order of time.
    async fn forward(
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

    /// Returns the series of a device, with its labels and by the person's rules.
    fn series<'a>(
        &self,
        target: &Target,
        sources: impl IntoIterator<Item = Source<'a>>,
        Carried { budget, focus }: &mut Carried,
    ) -> Vec<Series> {
        let common = common_labels(&self.settings, &target.state.host);
        let day_of = self.day_of(target);
        let rules = self.focus_rules(&day_of);
        let focus = focus.as_mut().map(|focus| (focus, rules));
        device_series(sources, self.labelling(target, &common), focus, budget)
    }

    fn labelling<'a>(&'a self, target: &Target, common: &'a [Label]) -> Labelling<'a> {
        self.learnt[&target.server].labelling(common, &self.settings.relabel)
    }

    /// Says once that a device has too many label sets, since what is folded cannot be told apart any more.
    fn tell_folded(&mut self, target: &Target, budget: &Budget) {
        if budget.folded() > 0 {
            self.notify([format!(
                "`{}` has more than {} label sets a day: the values of further ones become `(other)`\nhint: let fewer labels leave, or raise `series-budget` as far as the receiver bears it",
                target.state.host, self.settings.series_budget
            )]);
        }
    }

    /// Writes down how the pass ended.
    fn remember(&mut self, now: Time, report: &PassReport) -> Result<(), StoreError> {
        let endpoint = self.endpoint_mut();
        let mut failures = report
            .problems
            .iter()
            .filter(|problem| !problem.is_refusal());
        endpoint.last_failure = failures.next().map(|problem| Failure {
            at: now,
            message: problem.to_string(),
        });
        if report.is_complete() {
            endpoint.last_success = Some(now);
        }
        self.save()
    }

    /// Writes down how far everything has come.
    fn save(&self) -> Result<(), StoreError> {
        self.endpoint
            .as_ref()
            .map_or(Ok(()), |endpoint| self.store.save(endpoint))
    }

    fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()
    }

    fn endpoint_mut(&mut self) -> &mut Endpoint {
        self.endpoint.get_or_insert_default()
    }
}

/// Returns the labels that every series of a device carries.
pub fn common_labels(settings: &Settings, host: &str) -> Vec<Label> {
    let own = [("user", settings.user.as_str()), ("host", host)];
    let own = own
        .into_iter()
        .map(|(name, value)| (name.into(), value.to_owned()));
    let labels = settings
        .labels
        .iter()
        .map(|(name, value)| (name.clone().into(), value.clone()));
    own.chain(labels).collect()
}

/// Returns the devices whose part of a slice can be sent, having noted what could not be read.
///
/// A bucket that fails lags behind its device from then on; a device whose server is gone waits as a whole.
fn readable(
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

/// Returns what the buckets of a slice that keep up with their device have to say of its range.
fn sources<'a>(target: &Target, device: &'a DeviceSlice) -> impl Iterator<Item = Source<'a>> {
    let keeps_up = |bucket: &Bucket| {
        target
            .state
            .buckets
            .get(&bucket.id)
            .is_some_and(|progress| progress.done_until.is_none())
    };
    let buckets = device
        .buckets
        .iter()
        .filter(move |(bucket, _)| keeps_up(bucket));
    buckets.map(|(bucket, events)| Source {
        bucket,
        events,
        range: device.range,
    })
}
