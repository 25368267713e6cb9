//! VictoriaMetrics is killed right after it has acknowledged a request, most of which it then has only in memory.

use std::thread;
use std::time::Duration;

use fastrand::Rng;

use super::comparison::Reference;
use super::outcome::Outcome;
use super::state::{State, delivered};
use super::{PATIENCE, Trials};
use crate::harness::{Agent, VictoriaMetrics};

/// How often it is killed while one history is brought.
const MOST_OF_ONE: u32 = 5;

/// How often a pass may end with something left to do, since it waits for a receiver for 10 s only.
const MOST_UNFINISHED: u32 = 3;

pub(super) fn run(trials: &Trials, mut rng: Rng) -> Outcome {
    let Trials { case, history, .. } = trials;
    let mut outcome = Outcome::new(case.name);
    let mut victoria = case.start_appending();
    let reference = Reference::of(history, &victoria);
    while outcome.kills < trials.kills {
        let user = format!("user-{}", outcome.histories + 1);
        let agent = history.agent_of(&user, &victoria);
        let mut account = Vec::new();
        let kills = MOST_OF_ONE.min(trials.kills - outcome.kills);
        // As many requests between two kills on average as between as many kills spread over all of them.
        let gap = (2 * reference.requests / (kills + 1)).max(1);
        let mut killing = Killing {
            agent: &agent,
            gap,
            left: kills,
            account: &mut account,
        };
        let ended = killing
            .finish(&mut victoria, &mut rng, &mut outcome)
            .and_then(|()| {
                (trials.let_a_minute_pass)(&agent);
                killing.left = 0;
                killing.finish(&mut victoria, &mut rng, &mut outcome)
            });
        reference.judge(
            trials,
            (&user, &agent),
            &victoria,
            (ended, &account),
            &mut outcome,
        );
    }
    outcome
}

/// One history on its way into a receiver that is killed.
struct Killing<'a> {
    agent: &'a Agent,
    /// The most requests between two kills.
    gap: u32,
    /// How often it is still killed.
    left: u32,
    /// What became of each run.
    account: &'a mut Vec<String>,
}

impl Killing<'_> {
    /// Starts the agent and kills the receiver under it until the agent has come to its end; or returns what it says if it
    /// does not.
    fn finish(
        &mut self,
        victoria: &mut VictoriaMetrics,
        rng: &mut Rng,
        outcome: &mut Outcome,
    ) -> Result<(), String> {
        let mut unfinished = 0;
        loop {
            outcome.runs += 1;
            let mut process = self.agent.spawn(&["sync"]);
            let mut until_kill = rng.u32(1..=self.gap);
            let (mut sending, mut before) = (State::of(self.agent).sending, delivered(self.agent));
            while process.exit_status().is_none() {
                let now = State::of(self.agent).sending;
                if now != sending && sending.is_some() && delivered(self.agent) > before {
                    before = delivered(self.agent);
                    until_kill = until_kill.saturating_sub(1);
                    if until_kill == 0 && self.left > 0 {
                        victoria.crash();
                        outcome.kills += 1;
                        self.left -= 1;
                        until_kill = rng.u32(1..=self.gap);
                        self.account
                            .push(format!("killed with {before} samples acknowledged"));
                    }
                }
                sending = now;
                thread::sleep(Duration::from_millis(1));
            }
            let run = process.wait(PATIENCE);
            self.account.push(format!("ended with {:?}", run.code));
            match run.code {
                Some(0) => return Ok(()),
                Some(3) if unfinished < MOST_UNFINISHED => unfinished += 1,
                _ => return Err(run.stderr),
            }
        }
    }
}
