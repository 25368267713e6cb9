//! `aw_focus_streak_seconds`: how long somebody has been there without a break, as of the end of a step's activity.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ActiveWindow;
use crate::metrics::steps::Steps;
use crate::timeline::{Interval, Time, split};

/// As far as a streak is followed back; one that lasts longer stays at it. Nobody sits that long, but a window that is
/// left open on a device without an AFK watcher does, and a day is as much as can be read again.
pub(super) const LONGEST: Duration = Duration::from_hours(24);

/// A stretch of activity without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Streak {
    begin: Time,
    end: Time,
}

/// Goes on with `streak`, and returns in nanoseconds how long it has lasted in each step; `windows` ascend.
pub(super) fn follow(
    streak: &mut Option<Streak>,
    windows: &[ActiveWindow<'_>],
    min_break: Duration,
) -> Steps {
    let longest = i64::try_from(LONGEST.as_nanos()).unwrap_or(i64::MAX);
    let mut steps = Steps::default();
    for ActiveWindow { interval, .. } in windows {
        let present = match *streak {
            Some(last) if interval.start().since(last.end) < min_break => Streak {
                begin: last.begin,
                end: last.end.max(interval.end()),
            },
            _ => Streak {
                begin: interval.start(),
                end: interval.end(),
            },
        };
        *streak = Some(present);
        for (step, _) in split(*interval) {
            let so_far = Interval::new(present.begin, present.end.min(step.end()));
            steps.set(step, so_far.nanos().min(longest));
        }
    }
    steps
}
