//! One pass: what the servers list, read slice by slice, aggregated, sent, and remembered.
//!
//! The only place that sees both ends and the checkpoint. The clock is handed in.

mod acceptance;
mod anew;
mod backfill;
mod begin;
mod catch_up;
mod confirm;
mod delivery;
mod doubt;
mod export;
mod findings;
mod focus;
mod forward;
mod journal;
mod late;
mod learnt;
mod listing;
mod own;
mod owner;
mod plan;
mod preview;
mod receiver;
mod report;
mod series;
mod stored;
mod stretches;
mod unclear;

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use crate::activitywatch::Reader;
use crate::checkpoint::{self, Endpoint, EndpointStore, Failure, OpenStore, StoreError};
use crate::query_api;
use crate::remote_write::{self, Patience};
use crate::settings::{DestinationSettings, Settings};
use crate::timeline::{Time, horizon};
use findings::Findings;
use plan::Target;

pub use backfill::{BackfillPlan, BackfillReport};
pub use export::Export;
pub use learnt::Learnt;
pub use listing::{LeftOutBy, left_out_by, wanted_devices};
pub use preview::{DevicePreview, Preview};
pub use report::{PassReport, Problem};
pub use series::common_labels;

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
