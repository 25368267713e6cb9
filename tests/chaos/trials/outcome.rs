use std::fmt::{self, Display, Formatter};
use std::time::{Duration, Instant};

/// What has come of a case so far.
pub(crate) struct Outcome {
    pub(crate) case: &'static str,
    /// How often the victim was killed while the agent had not come to its end.
    pub(crate) kills: u32,
    /// How many of them fell between a request's first and last trace on disk, made by that very run.
    pub(crate) in_flight: u32,
    /// How many fell while the agent had still to find out about a request that an earlier run had under way.
    pub(crate) settling: u32,
    /// How many left a half-written file behind.
    pub(crate) saving: u32,
    /// How many moments were drawn that came after the end.
    pub(crate) missed: u32,
    /// How often the agent was started, killed or not.
    pub(crate) runs: u32,
    /// How many histories were brought, each as that of another user.
    pub(crate) histories: u32,
    /// How many samples the receiver should have.
    pub(crate) expected: usize,
    /// How many of them it has not.
    pub(crate) lost: usize,
    /// How many it has beside them.
    pub(crate) doubled: usize,
    /// What went wrong, and where what is left of it is.
    pub(crate) failures: Vec<String>,
    begun: Instant,
    /// How long all of it has taken.
    pub(crate) elapsed: Duration,
}

impl Outcome {
    pub(super) fn new(case: &'static str) -> Self {
        Self {
            case,
            kills: 0,
            in_flight: 0,
            settling: 0,
            saving: 0,
            missed: 0,
            runs: 0,
            histories: 0,
            expected: 0,
            lost: 0,
            doubled: 0,
            failures: Vec::new(),
            begun: Instant::now(),
            elapsed: Duration::ZERO,
        }
    }

    /// Whether every sample is there once and every run that was let go on went well.
    pub(crate) fn is_exact(&self) -> bool {
        self.failures.is_empty() && self.lost == 0 && self.doubled == 0
    }

    /// Notes that another history has been brought.
    pub(super) fn brought(&mut self) {
        self.histories += 1;
        self.elapsed = self.begun.elapsed();
    }

    /// Returns the line above the others.
    pub(crate) fn heading() -> String {
        format!(
            "{:<28}{:>6}{:>10}{:>9}{:>7}{:>7}{:>6}{:>10}{:>10}{:>6}{:>8}{:>8}",
            "receiver",
            "kills",
            "in flight",
            "settling",
            "saving",
            "missed",
            "runs",
            "histories",
            "samples",
            "lost",
            "doubled",
            "minutes"
        )
    }
}

impl Display for Outcome {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{:<28}{:>6}{:>10}{:>9}{:>7}{:>7}{:>6}{:>10}{:>10}{:>6}{:>8}{:>8.1}",
            self.case,
            self.kills,
            self.in_flight,
            self.settling,
            self.saving,
            self.missed,
            self.runs,
            self.histories,
            self.expected,
            self.lost,
            self.doubled,
            self.elapsed.as_secs_f64() / 60.0
        )?;
        self.failures
            .iter()
            .try_for_each(|failure| write!(out, "\n  {failure}"))
    }
}
