//! What an agent that nobody killed has stored, and what others have stored beside it.

#![expect(clippy::cast_precision_loss, reason = "exact up to 2^53 samples")]

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::thread;
use std::time::{Duration, Instant};

use super::history::History;
use super::outcome::Outcome;
use super::state::{State, delivered};
use super::{PATIENCE, Trials, evidence};
use crate::harness::activity::Totals;
use crate::harness::{Agent, Pass, Receiver, wait_until};

/// By the labels of a series, but for the user: Unix milliseconds and the bits of the value of each sample, ascending. A
/// resend has the same bits, and what is stored twice comes twice.
type Samples = BTreeMap<BTreeMap<String, String>, Vec<(i64, u64)>>;

/// How long VictoriaMetrics may take to show what it has.
const SHOWN_WITHIN: Duration = Duration::from_secs(30);

/// Far above what adding up a million floating-point numbers loses, and below what ActivityWatch stores.
const TOLERANCE_SECONDS: f64 = 0.0005;

/// What an agent that nobody killed has done with the history.
pub(super) struct Reference {
    samples: Samples,
    pub(super) requests: u32,
    /// How long it took.
    pub(super) duration: Duration,
    /// How long a request was under way on average, from when it was kept until its end had been written down.
    pub(super) request: Duration,
    /// How long a run takes that has nothing left to send.
    pub(super) idle: Duration,
}

impl Reference {
    /// Brings the history to `receiver` with nobody killed.
    ///
    /// # Panics
    /// When that alone does not come to what was recorded.
    pub(super) fn of(history: &History, receiver: &dyn Receiver) -> Self {
        const USER: &str = "unkilled";
        let agent = history.agent_of(USER, receiver);
        let (pass, duration, under_way) = timed(&agent);
        let (again, idle, _) = timed(&agent);
        assert_eq!(again.samples, 0, "{}", again.log);
        let requests = u32::try_from(pass.requests).expect("a history takes dozens");
        let none = Self {
            samples: Samples::new(),
            requests,
            duration,
            request: under_way / requests,
            idle,
        };
        let seen = || stored(history, receiver, USER);
        wait_until("all samples to be seen", SHOWN_WITHIN, || {
            count(&seen()) >= pass.samples
        });
        let reference = Self {
            samples: seen(),
            ..none
        };
        assert_eq!(reference.count(), pass.samples, "{}", pass.log);
        let difference = reference.compare(history, receiver, USER);
        assert!(difference.is_none(), "with nobody killed: {difference}");
        reference
    }

    /// How many samples there are.
    pub(super) fn count(&self) -> usize {
        count(&self.samples)
    }

    /// Returns what share of the samples an agent has still to deliver, as far as it knows.
    pub(super) fn share_left(&self, agent: &Agent) -> f64 {
        self.samples_left(agent) as f64 / self.count() as f64
    }

    /// Returns how many requests that are about.
    pub(super) fn requests_left(&self, agent: &Agent) -> u32 {
        let requests = self.samples_left(agent) * self.requests as usize;
        u32::try_from(requests.div_ceil(self.count())).expect("no more than all")
    }

    fn samples_left(&self, agent: &Agent) -> usize {
        let delivered = usize::try_from(delivered(agent)).expect("they are in memory");
        self.count().saturating_sub(delivered)
    }

    /// Notes what has come of a history, and keeps what is left of it if it is not as it should be: what the receiver has
    /// of `user`, or how the agent `ended` and by which `account`.
    pub(super) fn judge(
        &self,
        trials: &Trials,
        (user, agent): (&str, &Agent),
        receiver: &dyn Receiver,
        (ended, account): (Result<(), String>, &[String]),
        outcome: &mut Outcome,
    ) {
        let difference = self.compare(trials.history, receiver, user);
        outcome.expected += self.count();
        outcome.lost += difference.lost();
        outcome.doubled += difference.doubled();
        if ended.is_err() || !difference.is_none() {
            let account = account.join("\n");
            let said = ended.err().unwrap_or_default();
            let account = format!("{account}\n\n{said}\n{difference}");
            let name = format!("{}-{user}", trials.case.name);
            let kept = evidence::keep(&name, agent.home(), receiver.directory(), &account);
            outcome.failures.push(format!("{user}: {}", kept.display()));
        }
        outcome.brought();
        (trials.watch)(outcome);
    }

    /// Returns how what `receiver` has of `user` differs from what it should have.
    ///
    /// What is not there may only not be seen yet, so it is looked for again for half a minute.
    pub(super) fn compare(
        &self,
        history: &History,
        receiver: &dyn Receiver,
        user: &str,
    ) -> Difference {
        let begun = Instant::now();
        loop {
            let found = stored(history, receiver, user);
            let difference = Difference {
                lost: without(&self.samples, &found),
                doubled: without(&found, &self.samples),
                totals: other_totals(history, receiver, user),
            };
            if difference.lost.is_empty() || begun.elapsed() > SHOWN_WITHIN {
                return difference;
            }
            thread::sleep(Duration::from_secs(1));
        }
    }
}

/// What is not as it should be.
pub(super) struct Difference {
    lost: Samples,
    doubled: Samples,
    /// The metrics of which the receiver's totals are not those that were recorded, each with both.
    totals: Vec<String>,
}

impl Difference {
    pub(super) fn is_none(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.totals.is_empty()
    }

    /// How many samples are missing.
    pub(super) fn lost(&self) -> usize {
        count(&self.lost)
    }

    /// How many samples are there once more than they should be.
    pub(super) fn doubled(&self) -> usize {
        count(&self.doubled)
    }
}

impl Display for Difference {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} lost, {} doubled", self.lost(), self.doubled())?;
        for (what, series) in [("lost", &self.lost), ("doubled", &self.doubled)] {
            for (labels, samples) in series {
                for (timestamp_ms, value) in samples {
                    let value = f64::from_bits(*value);
                    writeln!(out, "{what}: {timestamp_ms} {value} {labels:?}")?;
                }
            }
        }
        self.totals
            .iter()
            .try_for_each(|totals| writeln!(out, "{totals}"))
    }
}

/// Syncs with nobody killed; returns how long it took, and for how much of that a request was under way.
fn timed(agent: &Agent) -> (Pass, Duration, Duration) {
    let begun = Instant::now();
    let mut process = agent.spawn(&["sync"]);
    let (mut under_way, mut looked) = (Duration::ZERO, begun);
    while process.exit_status().is_none() {
        if State::of(agent).sending.is_some() {
            under_way += looked.elapsed();
        }
        looked = Instant::now();
        thread::sleep(Duration::from_millis(1));
    }
    let duration = begun.elapsed();
    let run = process.wait(PATIENCE);
    assert_eq!(run.code, Some(0), "with nobody killed: {}", run.stderr);
    (Pass::of(&run), duration, under_way)
}

/// Returns all that `receiver` has of the history as that of `user`.
fn stored(history: &History, receiver: &dyn Receiver, user: &str) -> Samples {
    let selector = format!(r#"{{__name__=~"aw_.+",__name__!~"aw_sync_.+",user="{user}"}}"#);
    let mut stored = Samples::new();
    for (mut labels, samples) in receiver.raw_samples(&selector, seconds(history), history.to) {
        labels.remove("user");
        let samples = samples.into_iter();
        let mut samples: Vec<_> = samples
            .map(|(timestamp_ms, value)| (timestamp_ms, value.to_bits()))
            .collect();
        samples.sort_unstable();
        stored.insert(labels, samples);
    }
    stored
}

fn seconds(history: &History) -> u64 {
    (history.to - history.from).num_seconds().unsigned_abs()
}

fn count(samples: &Samples) -> usize {
    samples.values().map(Vec::len).sum()
}

/// Returns what of `samples` is not among `others`, as often as it is not.
fn without(samples: &Samples, others: &Samples) -> Samples {
    let mut left = Samples::new();
    for (labels, samples) in samples {
        let mut others = others.get(labels).into_iter().flatten().peekable();
        let is_not_there = |sample: &&(i64, u64)| {
            while others.next_if(|other| other < sample).is_some() {}
            others.next_if_eq(sample).is_none()
        };
        let not_there: Vec<_> = samples.iter().filter(is_not_there).copied().collect();
        if !not_there.is_empty() {
            left.insert(labels.clone(), not_there);
        }
    }
    left
}

fn other_totals(history: &History, receiver: &dyn Receiver, user: &str) -> Vec<String> {
    let metrics = [
        ("aw_window_seconds", "app", &history.apps),
        ("aw_afk_seconds", "status", &history.afk),
    ];
    metrics
        .into_iter()
        .filter_map(|(metric, label, recorded)| {
            let selector = format!("{metric}{{user=\"{user}\"}}");
            let found = receiver.totals(&selector, label, history.from, history.to);
            (!agree(&found, recorded))
                .then(|| format!("{metric}: found {found:?}, recorded {recorded:?}"))
        })
        .collect()
}

fn agree(found: &Totals, recorded: &Totals) -> bool {
    let close = |((one, seconds), (other, recorded)): ((&String, &f64), (&String, &f64))| {
        one == other && (seconds - recorded).abs() < TOLERANCE_SECONDS
    };
    found.len() == recorded.len() && found.iter().zip(recorded).all(close)
}
