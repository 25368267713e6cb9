//! A history brought to a receiver by an agent, or into a receiver, that is killed again and again on the way; and whether
//! every sample is there once in the end. `make chaos` does it at length, the tests in passing.

mod agent_killed;
mod case;
mod comparison;
mod evidence;
mod history;
mod outcome;
mod receiver_killed;
mod state;

pub(crate) use case::{CASES, Case, Victim};
pub(crate) use history::History;
pub(crate) use outcome::Outcome;

use std::time::Duration;

use crate::harness::Agent;
use fastrand::Rng;

/// How long a run may take that is not killed: after a crash of the receiver each day of the history is looked for twice,
/// 11 s apart, and sent again.
const PATIENCE: Duration = Duration::from_mins(15);

/// How a case is tried.
pub(crate) struct Trials<'a> {
    pub(crate) case: &'a Case,
    pub(crate) history: &'a History,
    /// How often the victim is killed in all.
    pub(crate) kills: u32,
    /// What the moments are drawn with.
    pub(crate) seed: u64,
    /// Lets a minute pass for the agent: what was acknowledged before it counts as arrived only when it is seen.
    pub(crate) let_a_minute_pass: fn(&Agent),
    /// Told after each history that has been brought.
    pub(crate) watch: &'a (dyn Fn(&Outcome) + Sync),
}

impl Trials<'_> {
    /// Kills until the kills are used up, each time with a user of its own from the start of the history to its end.
    ///
    /// What goes wrong is in the outcome. What comes apart in the harness itself, such as a server that does not start,
    /// panics.
    pub(crate) fn run(&self) -> Outcome {
        let rng = Rng::with_seed(self.seed);
        match self.case.victim {
            Victim::Agent => agent_killed::run(self, rng),
            Victim::Receiver => receiver_killed::run(self, rng),
        }
    }
}
