//! What is wrong between both ends, and what to type against it: facts go in, checks come out.
//!
//! It asks nobody and reads no clock; whoever gathers the facts does.

mod activitywatch;
mod agent;
mod check;
mod clock;
mod length;
mod limits;
mod receiver;
mod storage;

pub use activitywatch::{BucketFacts, DeviceFacts, ServerFacts};
pub use agent::{AgentFacts, RefusedRange};
pub use check::{Check, End, Fault, Fix, Verdict};
pub use limits::labels_at_most;
pub use receiver::{Kind, ReceiverFacts, Way};

use crate::timeline::{Interval, Time};

/// All that is known.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The agent itself.
    pub agent: AgentFacts,
    /// The ActivityWatch servers.
    pub servers: Vec<ServerFacts>,
    /// The receiver; `None` if the settings do not tell where it is.
    pub receiver: Option<ReceiverFacts>,
}

/// The ages that a receiver has to bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Ages {
    /// The oldest activity that has not been sent.
    waiting: Option<Time>,
    /// Whether that is of a bucket of which nothing has been sent, so that `history` still has a say.
    waiting_is_new: bool,
    /// The oldest activity that `history` lets in, sent or not.
    oldest: Option<Time>,
}

impl Ages {
    fn of(servers: &[ServerFacts]) -> Self {
        let devices = servers.iter().flat_map(|server| &server.devices);
        let buckets: Vec<_> = devices.flat_map(|device| &device.buckets).collect();
        let waiting = buckets
            .iter()
            .filter_map(|bucket| Some((bucket.waiting_since()?, bucket.done_until.is_none())))
            .min_by_key(|(since, _)| *since);
        let firsts = buckets.iter().filter_map(|bucket| bucket.extent);
        Self {
            waiting: waiting.map(|(since, _)| since),
            waiting_is_new: waiting.is_some_and(|(_, is_new)| is_new),
            oldest: firsts.map(Interval::start).min(),
        }
    }
}

/// Returns the checks of all ends, in the order in which samples come past them.
pub fn diagnose(facts: &Facts, now: Time) -> Vec<Check> {
    let mut checks = agent::checks(&facts.agent, now);
    for server in &facts.servers {
        let of_server = activitywatch::checks(server, now).into_iter();
        checks.extend(of_server.map(|check| check.at(End::ActivityWatch, &server.address)));
    }
    if let Some(receiver) = &facts.receiver {
        let ages = Ages::of(&facts.servers);
        let of_receiver = receiver::checks(receiver, ages, now).into_iter();
        checks.extend(of_receiver.map(|check| check.at(End::Receiver, &receiver.address)));
    }
    checks
}

#[cfg(test)]
mod tests;
