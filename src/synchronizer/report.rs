use std::collections::BTreeMap;
use std::time::Duration;

use thiserror::Error;

use crate::activitywatch::ReadError;
use crate::checkpoint::{Cause, Refused};
use crate::query_api::QueryError;
use crate::remote_write::ClientError;
use crate::timeline::Time;

/// What a pass did.
#[derive(Debug, Default)]
pub struct PassReport {
    /// How many devices were read.
    pub devices: usize,
    /// How many samples were delivered.
    pub samples: usize,
    /// How many requests they took.
    pub requests: usize,
    /// How far delivered time is behind the horizon, of the device where it is most, but for those of which nothing has
    /// been delivered yet; `None` if there is no other.
    pub lag: Option<Duration>,
    /// Of how many of the devices that were read nothing has been delivered yet.
    pub undelivered: usize,
    /// Whether a server is back whose watchers still have to bring what they kept.
    pub is_waiting: bool,
    /// What the receiver did not take.
    pub refused: Vec<Refused>,
    /// What went wrong, in order; empty if all that is final has been delivered.
    pub problems: Vec<Problem>,
}

impl PassReport {
    /// Whether all that is final has been delivered, but for what the receiver will not take.
    pub fn is_complete(&self) -> bool {
        self.problems.iter().all(Problem::is_refusal) && !self.is_waiting
    }

    /// Notes that the receiver did not take something.
    pub(super) fn refuse(&mut self, refused: &Refused) {
        self.refused.push(refused.clone());
    }

    /// Makes one problem of all that the receiver at `url` did not take for the same cause.
    pub(super) fn conclude(&mut self, url: &str) {
        let mut by_cause = BTreeMap::<Cause, Refused>::new();
        for refused in &self.refused {
            by_cause
                .entry(refused.cause)
                .and_modify(|sum| {
                    sum.from = sum.from.min(refused.from);
                    sum.until = sum.until.max(refused.until);
                    sum.samples += refused.samples;
                })
                .or_insert_with(|| refused.clone());
        }
        for (cause, refused) in by_cause {
            self.add(Problem::Refused {
                url: url.to_owned(),
                samples: refused.samples,
                from: refused.from,
                until: refused.until,
                reason: refused.reason,
                hint: hint(cause),
            });
        }
    }

    /// Adds `error`, unless it says that a bucket is gone, which is nothing to do anything about.
    pub(super) fn add_unless_gone(&mut self, error: ReadError) {
        match error {
            ReadError::Vanished { bucket } => {
                log::debug!("bucket `{bucket}` is gone since it was listed");
            }
            error => self.add(error),
        }
    }

    /// Adds `problem`, unless it is there: a server that is gone is met by each of its devices.
    pub(super) fn add(&mut self, problem: impl Into<Problem>) {
        let problem = problem.into();
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// What went wrong in a pass. Nothing is lost by any of it: the next pass goes on where this one stopped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// Something could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The receiver could not be reached, or was not able to take anything.
    #[error(
        "{url} takes nothing now: {reason}\nhint: the activity stays in ActivityWatch and is sent once the receiver is back; check `--prometheus-url` if it should be there"
    )]
    Unavailable {
        /// The receiver's address.
        url: String,
        /// What it said, or what the network did.
        reason: String,
        /// Whether it may have stored what was sent.
        maybe_stored: bool,
    },
    /// The receiver will not take these samples. They are recorded, and all others have been delivered.
    #[error("{url} does not take {samples} samples {}: {reason}\nhint: {hint}", stretch(*from, *until))]
    Refused {
        /// The receiver's address.
        url: String,
        /// How many they are.
        samples: u64,
        /// The begin of the first step of which something is missing.
        from: Time,
        /// The end of the last one.
        until: Time,
        /// The receiver's words.
        reason: String,
        /// What the person can do.
        hint: &'static str,
    },
    /// Samples of a time to come were sent, while the clock was ahead.
    #[error(
        "host `{host}` has samples until {until}, which is still to come: nothing of it is sent before\nhint: if the clock is right now, wait: what is recorded until then stays in ActivityWatch, and is looked for afterwards"
    )]
    Ahead {
        /// The host.
        host: String,
        /// The end of its newest sample.
        until: Time,
    },
    /// The receiver cannot be asked what it has.
    #[error(transparent)]
    Query(QueryError),
    /// The receiver takes nothing that is as old as what is missing. Nothing has been sent.
    #[error(
        "{url} takes nothing as old as {oldest}, from when samples are missing\nhint: nothing has been sent; set this in its `prometheus.yml`, reload it, and run the command again:\n  storage:\n    tsdb:\n      out_of_order_time_window: {days}d\nor leave out what is older by a later `--since`, or bring it in as a file that `aw-sync-agent export` writes"
    )]
    WindowTooShort {
        /// The receiver's address.
        url: String,
        /// The begin of the oldest step of which something is missing.
        oldest: Time,
        /// The out-of-order window that covers it, in days.
        days: u64,
    },
    /// VictoriaMetrics drops in silence what is as old as what is missing. Nothing has been sent.
    #[error(
        "{url} keeps samples for {kept}, and nothing as old as {oldest}, from when samples are missing: it would take and drop them\nhint: nothing has been sent; start VictoriaMetrics with `-retentionPeriod={days}d` and run the command again, or leave out what is older by a later `--since`"
    )]
    RetentionTooShort {
        /// The receiver's address.
        url: String,
        /// How long it keeps samples, in its words.
        kept: String,
        /// The begin of the oldest step of which something is missing.
        oldest: Time,
        /// The retention that covers it, in days.
        days: u64,
    },
    /// No request reaches the receiver.
    #[error(transparent)]
    Destination(#[from] ClientError),
    /// What answers is no receiver, or it does not let us in.
    #[error("{url} answered {reason}\nhint: {hint}")]
    Misconfigured {
        /// The receiver's address.
        url: String,
        /// Its words.
        reason: String,
        /// What the person can do.
        hint: &'static str,
    },
}

/// Returns a stretch in words; one that begins with all time has no begin worth telling.
fn stretch(from: Time, until: Time) -> String {
    if from <= Time::EPOCH {
        format!("of before {until}")
    } else {
        format!("from {from} to {until}")
    }
}

/// Returns what a person can do about samples that were not taken.
fn hint(cause: Cause) -> &'static str {
    match cause {
        Cause::TooOld => {
            "Prometheus takes late samples only if `storage.tsdb.out_of_order_time_window` in its config file covers their age; what it has not taken stays in ActivityWatch, and `aw-sync-agent status` lists it"
        }
        Cause::Fault => {
            "look for what the receiver says against them; all others were delivered, and `aw-sync-agent status` lists these"
        }
        Cause::TooLarge => "raise the receiver's or its proxy's limit for the size of a request",
        Cause::Unclear => {
            "whether it has them cannot be told without asking, and sending them again could count them twice: set `query-url` under `[remote-write]`, or start VictoriaMetrics with `-dedup.minScrapeInterval=1ms`"
        }
    }
}

impl Problem {
    /// Whether it is about samples that the receiver will not take.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// Whether the same will happen again until a person changes something.
    pub fn needs_a_person(&self) -> bool {
        matches!(
            self,
            Self::Destination(_)
                | Self::Misconfigured { .. }
                | Self::WindowTooShort { .. }
                | Self::RetentionTooShort { .. }
                | Self::Query(
                    QueryError::NoQueryApi { .. }
                        | QueryError::Rejected { .. }
                        | QueryError::NotSent(_)
                )
                | Self::Read(ReadError::Misconfigured { .. } | ReadError::NoKey { .. })
        )
    }

    /// Whether to look again before the next tick: a server of ActivityWatch was not there, or no request could be
    /// made, as while a password or certificate is renewed.
    pub fn may_pass_soon(&self) -> bool {
        matches!(
            self,
            Self::Read(ReadError::Unreachable { .. }) | Self::Destination(_)
        )
    }
}
