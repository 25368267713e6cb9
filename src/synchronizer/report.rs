use std::time::Duration;

use thiserror::Error;

use crate::activitywatch::ReadError;
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
    /// How far delivered time is behind the horizon, of the device where it is most; `None` if no device was read.
    pub lag: Option<Duration>,
    /// Whether a server is back whose watchers still have to bring what they kept.
    pub is_waiting: bool,
    /// What went wrong, in order; empty if all that is final has been delivered.
    pub problems: Vec<Problem>,
}

impl PassReport {
    /// Whether all that is final has been delivered.
    pub fn is_complete(&self) -> bool {
        self.problems.is_empty() && !self.is_waiting
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
    },
    /// The receiver will not take these samples.
    #[error("{url} refuses the samples until {until}: {reason}\nhint: {hint}")]
    Refused {
        /// The receiver's address.
        url: String,
        /// The end of the stretch that waits.
        until: Time,
        /// The receiver's words.
        reason: String,
        /// What the person can do.
        hint: &'static str,
    },
    /// Samples of a time to come were sent, while the clock was ahead.
    #[error(
        "host `{host}` has samples until {until}, which is still to come: nothing of it is sent before\nhint: if the clock is right now, wait, or rename the host under [hosts]"
    )]
    Ahead {
        /// The host.
        host: String,
        /// The end of its newest sample.
        until: Time,
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

impl Problem {
    /// Whether the same will happen again until a person changes something.
    pub fn needs_a_person(&self) -> bool {
        matches!(
            self,
            Self::Destination(_)
                | Self::Misconfigured { .. }
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
