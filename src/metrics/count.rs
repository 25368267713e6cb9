//! What is counted instead of timed.

use crate::timeline::{Interval, Step, Time, split};

/// Counts are kept in billionths, as seconds are in nanoseconds, so that parts of them add up exactly.
pub(super) const BILLIONTHS: i64 = 1_000_000_000;
pub(super) const BILLION: f64 = 1e9;

/// How often something happened in a stretch of time, nobody knows when within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    /// The metric's name.
    pub(super) metric: &'static str,
    /// How often; not negative.
    pub(super) billionths: i64,
    /// When; whole, not cut at the end of what was read. May be empty.
    pub(super) during: Interval,
}

impl Count {
    /// Returns the share of each step of `range`, oldest first: as much as of the stretch lies in it.
    ///
    /// The shares of all steps add up to the count exactly, in however many ranges they are asked for. What has no
    /// length belongs to the step in which it is.
    pub(super) fn shares(self, range: Interval) -> Vec<(Step, i64)> {
        let (start, end) = (self.during.start(), self.during.end());
        if self.during.is_empty() {
            let is_inside = range.start() <= start && start < range.end();
            return is_inside
                .then(|| (Step::containing(start), self.billionths))
                .into_iter()
                .collect();
        }
        let until = |time: Time| {
            let since_start = |time: Time| i128::from(time.nanos()) - i128::from(start.nanos());
            let (passed, whole) = (since_start(time), since_start(end));
            let share = i128::from(self.billionths) * passed / whole;
            i64::try_from(share).expect("no more than the count itself")
        };
        let share = |(step, _): (Step, i64)| {
            let share = until(step.end().min(end)) - until(step.start().max(start));
            (step, share)
        };
        let inside = self.during.intersect(range);
        inside
            .into_iter()
            .flat_map(split)
            .map(share)
            .filter(|(_, share)| *share > 0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn interval(from_ms: i64, to_ms: i64) -> Interval {
        Interval::new(Time::from_millis(from_ms), Time::from_millis(to_ms))
    }

    fn shares(count: i64, during: Interval, range: Interval) -> Vec<(i64, i64)> {
        let count = Count {
            metric: "m",
            billionths: count,
            during,
        };
        count
            .shares(range)
            .into_iter()
            .map(|(step, share)| (step.start().millis(), share))
            .collect()
    }

    #[test]
    fn a_count_is_shared_by_time() {
        assert_eq!(
            shares(5, interval(58_000, 63_000), interval(0, 120_000)),
            [(0, 2), (60_000, 3)]
        );
        assert_eq!(
            shares(5, interval(58_000, 63_000), interval(60_000, 120_000)),
            [(60_000, 3)]
        );
    }

    #[test]
    fn what_has_no_length_is_in_one_step() {
        assert_eq!(
            shares(1, interval(60_000, 60_000), interval(60_000, 120_000)),
            [(60_000, 1)]
        );
        assert_eq!(shares(1, interval(60_000, 60_000), interval(0, 60_000)), []);
    }

    proptest! {
        #[test]
        fn shares_add_up_in_any_ranges(
            count in 0_i64..1_000_000_000_000_000,
            start in 0_i64..600_000,
            length in 0_i64..600_000,
            cuts in prop::collection::btree_set(1_i64..20, 0..5),
        ) {
            let during = interval(start, start + length);
            let whole = shares(count, during, interval(0, 1_200_000));
            prop_assert_eq!(whole.iter().map(|(_, share)| share).sum::<i64>(), count);
            let edges: Vec<i64> = [0].into_iter().chain(cuts).chain([20]).collect();
            let pieces = edges.windows(2).flat_map(|edge| shares(count, during, interval(edge[0] * 60_000, edge[1] * 60_000)));
            prop_assert_eq!(pieces.collect::<BTreeMap<_, _>>(), whole.into_iter().collect());
        }
    }
}
