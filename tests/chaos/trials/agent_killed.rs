//! The agent is killed at random moments, and started again.

use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::comparison::Reference;
use super::outcome::Outcome;
use super::state::{State, Version};
use super::{PATIENCE, Trials};
use crate::harness::{Agent, Process, Signal};

/// How long it takes to find out about a request whose end nobody saw, of a receiver that counts twice what it gets twice:
/// until what was sent last is seen, 15 s, and often 11 s more.
const SETTLING: Duration = Duration::from_secs(28);

/// How many requests later at most a request is aimed at.
const FEW: u32 = 4;

/// How many files are written for a request: itself, and the checkpoint.
const WRITES: u32 = 2;

/// How often a run that nobody kills may end with something left to do.
const MOST_UNFINISHED: u32 = 3;

pub(super) fn run(trials: &Trials, mut rng: Rng) -> Outcome {
    let Trials { case, history, .. } = trials;
    let mut outcome = Outcome::new(case.name);
    let mut receiver = case.start();
    let reference = Reference::of(history, &*receiver);
    let mut duration = reference.duration;
    while outcome.kills < trials.kills {
        if case.takes_one_history() {
            receiver = case.start();
        }
        let user = format!("user-{}", outcome.histories + 1);
        let agent = history.agent_of(&user, &*receiver);
        let mut bringing = Bringing {
            trials,
            agent: &agent,
            reference: &reference,
            duration,
            account: Vec::new(),
        };
        let ended = bringing.finish(&mut rng, &mut outcome);
        duration = bringing.duration;
        let account = bringing.account;
        reference.judge(
            trials,
            (&user, &agent),
            &*receiver,
            (ended, &account),
            &mut outcome,
        );
    }
    outcome
}

/// One history on its way.
struct Bringing<'a> {
    trials: &'a Trials<'a>,
    agent: &'a Agent,
    reference: &'a Reference,
    /// How long all of it would take without kills, by the newest run that tells.
    duration: Duration,
    /// What became of each run.
    account: Vec<String>,
}

impl Bringing<'_> {
    /// Starts the agent and kills it until it has come to its end, or the kills are used up and it is let go on; or
    /// returns what it says if that is of no use.
    fn finish(&mut self, rng: &mut Rng, outcome: &mut Outcome) -> Result<(), String> {
        let mut unfinished = 0;
        loop {
            let before = State::of(self.agent);
            let (begun, share_left) = (Instant::now(), self.reference.share_left(self.agent));
            let is_to_be_killed = outcome.kills < self.trials.kills;
            outcome.runs += 1;
            let mut process = self.agent.spawn(&["sync"]);
            if is_to_be_killed {
                let aim = self.await_moment(&before, &mut process, rng);
                if was_killed(&mut process) {
                    self.note_kill(aim, &before, outcome);
                    continue;
                }
                outcome.missed += 1;
            }
            let run = process.wait(PATIENCE);
            if share_left > 0.5 && before.sending.is_none() {
                self.duration = begun.elapsed().div_f64(share_left);
            }
            self.account.push(format!("ended with {:?}", run.code));
            match run.code {
                Some(0) => return Ok(()),
                // A server did not answer in time.
                Some(3) if unfinished < MOST_UNFINISHED => unfinished += 1,
                _ => return Err(run.stderr),
            }
        }
    }

    /// Waits for the moment at which the agent is killed, and returns how it was drawn.
    ///
    /// A third of them is drawn from all the time that it has left to go; most of these fall while it reads. Another is
    /// drawn from the time that a request is under way, one of the next few, and the last falls in a write of the state.
    /// Of a run that has to wait first, until it knows about a request of an earlier one, half are drawn from that wait,
    /// the others from what comes after it.
    fn await_moment(&self, before: &State, process: &mut Process, rng: &mut Rng) -> &'static str {
        let Reference { request, idle, .. } = *self.reference;
        if self.trials.case.appends() && before.sending.is_some() {
            if rng.bool() {
                pause(process, SETTLING.mul_f64(rng.f64()));
                return "the wait";
            }
            await_unless_ended(process, || State::of(self.agent).sending != before.sending);
        }
        let few = FEW.min(self.reference.requests_left(self.agent));
        let kind = if few == 0 { 0 } else { rng.u32(..3) };
        match kind {
            0 => {
                // Once more as long as a run with nothing to do, so that at the end some come to theirs.
                let left = self.duration.mul_f64(self.reference.share_left(self.agent)) + 2 * idle;
                pause(process, left.mul_f64(rng.f64()));
                "all"
            }
            1 => {
                for _ in 0..rng.u32(1..=few) {
                    self.await_new(process, |state| state.sending);
                }
                pause(process, request.mul_f64(1.5 * rng.f64()));
                "a request"
            }
            _ => {
                for _ in 0..rng.u32(1..=WRITES * few) {
                    self.await_new(process, |state| state.scratch);
                }
                "a write"
            }
        }
    }

    /// Waits until there is a file that was not there before, as long as the process runs.
    fn await_new(&self, process: &mut Process, file: impl Fn(&State) -> Option<Version>) {
        let earlier = file(&State::of(self.agent));
        await_unless_ended(process, || {
            let now = file(&State::of(self.agent));
            now.is_some() && now != earlier
        });
    }

    fn note_kill(&mut self, aim: &str, before: &State, outcome: &mut Outcome) {
        let after = State::of(self.agent);
        let is_in_flight = after.sending.is_some() && after.sending != before.sending;
        let is_settling = after.sending.is_some() && !is_in_flight;
        let is_saving = after.scratch.is_some() && after.scratch != before.scratch;
        outcome.kills += 1;
        outcome.in_flight += u32::from(is_in_flight);
        outcome.settling += u32::from(is_settling);
        outcome.saving += u32::from(is_saving);
        let share_left = self.reference.share_left(self.agent);
        self.account.push(format!(
            "killed at a moment of {aim}, {:.1} % left, in flight: {is_in_flight}, settling: {is_settling}, saving: {is_saving}",
            100.0 * share_left
        ));
    }
}

/// Waits for `condition` as long as the process runs.
fn await_unless_ended(process: &mut Process, condition: impl Fn() -> bool) {
    while process.exit_status().is_none() && !condition() {
        thread::sleep(Duration::from_micros(200)); // less than a write takes
    }
}

/// Waits for `duration` as long as the process runs.
fn pause(process: &mut Process, duration: Duration) {
    let begun = Instant::now();
    while let Some(left) = duration.checked_sub(begun.elapsed())
        && process.exit_status().is_none()
    {
        thread::sleep(left.min(Duration::from_millis(5)));
    }
}

/// Kills a process; returns whether it had not ended by then.
fn was_killed(process: &mut Process) -> bool {
    if process.exit_status().is_some() {
        return false;
    }
    process.signal(Signal::Kill);
    process.wait(Duration::from_mins(1)).code.is_none()
}
