use std::time::Duration;

use super::{Interval, Time};

/// The length of a step. Fixed, since two step lengths in one series could not be summed.
pub const STEP: Duration = Duration::from_mins(1);
const STEP_NANOS: i64 = 60 * 1_000_000_000;
const DAY_NANOS: i64 = 24 * 60 * STEP_NANOS;

/// One cell of the fixed grid, counted from the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(i64);

impl Step {
    /// Returns the step in which `time` lies; a moment on an edge belongs to the step that it begins.
    pub const fn containing(time: Time) -> Self {
        Self(time.nanos().div_euclid(STEP_NANOS))
    }

    /// The first moment of the step.
    pub const fn start(self) -> Time {
        Time::from_nanos(self.0.saturating_mul(STEP_NANOS))
    }

    /// The first moment after the step.
    pub const fn end(self) -> Time {
        Self(self.0 + 1).start()
    }

    /// The timestamp of the step's sample, in milliseconds since the Unix epoch: the middle of the step.
    ///
    /// Range windows are closed on both sides in Prometheus 2, left-open in Prometheus 3 and VictoriaMetrics. A stamp
    /// on an edge is counted in two windows by the one or shifted by the other; in the middle all agree.
    pub const fn timestamp_ms(self) -> i64 {
        self.start().millis() + 30_000
    }

    /// Returns the step whose sample carries `timestamp_ms`.
    pub const fn of_timestamp_ms(timestamp_ms: i64) -> Self {
        Self::containing(Time::from_millis(timestamp_ms))
    }
}

/// Returns how many nanoseconds of `interval` lie in each step, oldest step first, each part longer than zero.
///
/// The parts add up to the interval exactly. An empty interval has no parts.
///
/// ```
/// use aw_sync_agent::timeline::{Interval, Time, split};
///
/// let interval = Interval::new(Time::from_millis(50_000), Time::from_millis(130_000));
/// let parts: Vec<i64> = split(interval).map(|(_, nanos)| nanos / 1_000_000_000).collect();
/// assert_eq!(parts, [10, 60, 10]);
/// ```
pub fn split(interval: Interval) -> impl Iterator<Item = (Step, i64)> {
    let mut rest = interval;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let step = Step::containing(rest.start());
        let part = Interval::new(rest.start(), rest.end().min(step.end()));
        rest = Interval::new(part.end(), rest.end());
        Some((step, part.nanos()))
    })
}

/// Returns the end of the time that is final: `settle` before `now`, rounded down to the grid.
///
/// Younger time waits, because watchers deliver with a delay and back-date the AFK state by minutes.
pub fn horizon(now: Time, settle: Duration) -> Time {
    Step::containing(now - settle).start()
}

/// Returns the last midnight in UTC that is not after `time`.
pub const fn utc_day(time: Time) -> Time {
    Time::from_nanos(time.nanos().div_euclid(DAY_NANOS).saturating_mul(DAY_NANOS))
}

/// Returns the first midnight in UTC after `time`.
pub const fn utc_day_end(time: Time) -> Time {
    Time::from_nanos((time.nanos().div_euclid(DAY_NANOS) + 1).saturating_mul(DAY_NANOS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(from: i64, to: i64) -> Interval {
        Interval::new(Time::from_millis(from * 1000), Time::from_millis(to * 1000))
    }

    #[test]
    fn an_edge_belongs_to_the_step_that_it_begins() {
        assert_eq!(
            Step::containing(Time::from_millis(60_000)).start(),
            Time::from_millis(60_000)
        );
        assert_eq!(
            Step::containing(Time::from_millis(59_999)).start(),
            Time::EPOCH
        );
        assert_eq!(Step::containing(Time::from_nanos(-1)).end(), Time::EPOCH);
        assert_eq!(split(seconds(60, 120)).count(), 1);
        assert_eq!(split(seconds(60, 60)).count(), 0);
    }

    #[test]
    fn a_sample_stands_in_the_middle_of_its_step() {
        let step = Step::containing(Time::from_millis(61_000));
        assert_eq!(step.timestamp_ms(), 90_000);
        assert_eq!(Step::of_timestamp_ms(90_000), step);
    }

    #[test]
    fn the_horizon_is_floored_to_the_grid() {
        let horizon = |now| horizon(Time::from_millis(now), Duration::from_mins(5)).millis();
        assert_eq!(horizon(600_000), 300_000);
        assert_eq!(horizon(659_999), 300_000);
        assert_eq!(horizon(660_000), 360_000);
    }

    #[test]
    fn a_day_ends_at_the_next_midnight() {
        assert_eq!(utc_day_end(Time::EPOCH).nanos(), DAY_NANOS);
        assert_eq!(
            utc_day_end(Time::from_nanos(DAY_NANOS - 1)).nanos(),
            DAY_NANOS
        );
        assert_eq!(
            utc_day_end(Time::from_nanos(DAY_NANOS)).nanos(),
            2 * DAY_NANOS
        );
    }

    proptest! {
        #[test]
        fn parts_add_up_and_stay_in_their_steps(start in -10_i64.pow(15)..10_i64.pow(15), length in 0..10_i64.pow(13)) {
            let interval = Interval::new(Time::from_nanos(start), Time::from_nanos(start + length));
            let parts: Vec<_> = split(interval).collect();
            prop_assert_eq!(parts.iter().map(|(_, nanos)| nanos).sum::<i64>(), length);
            prop_assert!(parts.iter().all(|&(_, nanos)| 0 < nanos && nanos <= STEP_NANOS));
            prop_assert!(parts.windows(2).all(|pair| pair[0].0.end() == pair[1].0.start()));
        }

        #[test]
        fn cutting_an_interval_anywhere_changes_no_step(
            start in 0..10_i64.pow(13), length in 0..10_i64.pow(13), cut in 0..10_i64.pow(13),
        ) {
            let whole = Interval::new(Time::from_nanos(start), Time::from_nanos(start + length));
            let cut = Time::from_nanos(start + cut.min(length));
            let mut pieces = std::collections::BTreeMap::<Step, i64>::new();
            for piece in [Interval::new(whole.start(), cut), Interval::new(cut, whole.end())] {
                for (step, nanos) in split(piece) {
                    *pieces.entry(step).or_default() += nanos;
                }
            }
            prop_assert_eq!(pieces, split(whole).collect());
        }
    }
}
