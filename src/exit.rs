//! The exit codes.

use std::process::ExitCode;

use crate::synchronizer::{PassReport, Problem};

/// How a command ended, for whoever started it. The numbers are part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All was done.
    Done = 0,
    /// The receiver has not what it should: it refused samples in this run, or `verify` found a difference.
    Discrepancy = 1,
    /// A flag, a setting or an address is wrong: trying again is of no use.
    Usage = 2,
    /// A server could not be reached, or a bucket could not be read: trying again may help.
    Unreachable = 3,
    /// The agent's own state cannot be read, written or locked.
    State = 4,
}

impl Exit {
    /// Returns that of both ends which a person has to do more about.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        let weight = |exit| match exit {
            Self::Done => 0,
            Self::Unreachable => 1,
            Self::Discrepancy => 2,
            Self::Usage => 3,
            Self::State => 4,
        };
        if weight(other) > weight(self) {
            other
        } else {
            self
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Of several problems the one counts that a person has to do most about.
impl From<&[Problem]> for Exit {
    fn from(problems: &[Problem]) -> Self {
        let found = |is: fn(&Problem) -> bool| problems.iter().any(is);
        if found(Problem::needs_a_person) {
            Self::Usage
        } else if found(|problem| matches!(problem, Problem::Refused { .. })) {
            Self::Discrepancy
        } else if problems.is_empty() {
            Self::Done
        } else {
            Self::Unreachable
        }
    }
}

impl From<&PassReport> for Exit {
    fn from(report: &PassReport) -> Self {
        Self::from(report.problems.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activitywatch::ReadError;
    use crate::timeline::Time;

    #[test]
    fn the_worst_problem_decides() {
        let url = || "http://127.0.0.1/".to_owned();
        let unreachable = || {
            Problem::Read(ReadError::Unreachable {
                url: url(),
                reason: String::new(),
            })
        };
        let unavailable = || Problem::Unavailable {
            url: url(),
            reason: String::new(),
            maybe_stored: false,
        };
        let refused = || Problem::Refused {
            url: url(),
            samples: 1,
            from: Time::EPOCH,
            until: Time::EPOCH,
            reason: String::new(),
            hint: "",
        };
        let misconfigured = || Problem::Misconfigured {
            url: url(),
            reason: String::new(),
            hint: "",
        };
        let cases = [
            (vec![], Exit::Done),
            (vec![unreachable()], Exit::Unreachable),
            (vec![unavailable()], Exit::Unreachable),
            (vec![unreachable(), refused()], Exit::Discrepancy),
            (vec![unreachable(), refused(), misconfigured()], Exit::Usage),
        ];
        for (problems, expected) in cases {
            let report = PassReport {
                problems,
                ..PassReport::default()
            };
            assert_eq!(Exit::from(&report), expected, "{report:?}");
        }
    }
}
