use super::{Interval, Time};

/// A set of moments, as intervals that are ascending, not empty, and apart: those that overlap or touch are one.
///
/// Sets are collected from intervals in any order.
///
/// ```
/// use aw_sync_agent::timeline::{Interval, Periods, Time};
///
/// let seconds = |from: i64, to: i64| Interval::new(Time::from_millis(from * 1000), Time::from_millis(to * 1000));
/// let periods: Periods = [seconds(7, 9), seconds(0, 3), seconds(3, 5), seconds(6, 6)].into_iter().collect();
/// assert!(periods.iter().eq([seconds(0, 5), seconds(7, 9)]));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Periods(Vec<Interval>);

impl FromIterator<Interval> for Periods {
    fn from_iter<I: IntoIterator<Item = Interval>>(intervals: I) -> Self {
        let mut intervals: Vec<Interval> = intervals.into_iter().collect();
        // A stable sort, since it merges what is already ascending in linear time.
        intervals.sort();
        let mut periods: Vec<Interval> = Vec::new();
        for interval in intervals
            .into_iter()
            .filter(|interval| !interval.is_empty())
        {
            match periods.last_mut() {
                Some(last) if interval.start() <= last.end() => *last = last.hull(interval),
                _ => periods.push(interval),
            }
        }
        Self(periods)
    }
}

impl Periods {
    /// The intervals, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Interval> {
        self.0.iter().copied()
    }

    /// Returns the parts of labelled intervals that lie in the set; one that crosses several periods is split.
    ///
    /// `labelled` come ascending by start and may overlap. The parts of one follow each other, ascending.
    pub fn intersect<T: Copy>(
        &self,
        labelled: impl IntoIterator<Item = (Interval, T)>,
    ) -> impl Iterator<Item = (Interval, T)> {
        self.pieces(labelled)
            .filter(|(_, _, inside)| *inside)
            .map(|(piece, label, _)| (piece, label))
    }

    /// Cuts labelled intervals at the edges of the set, and tells of each piece whether it lies inside.
    ///
    /// The pieces of an interval add up to it exactly; an empty one has none. `labelled` come ascending by start and
    /// may overlap. Runs in the time of `labelled`, periods and pieces together.
    pub fn pieces<T: Copy>(
        &self,
        labelled: impl IntoIterator<Item = (Interval, T)>,
    ) -> impl Iterator<Item = (Interval, T, bool)> {
        let mut periods = self.0.as_slice();
        labelled.into_iter().flat_map(move |(interval, label)| {
            // What ended before this start ended before all later ones.
            while let [first, later @ ..] = periods
                && first.end() <= interval.start()
            {
                periods = later;
            }
            cut(interval, periods).map(move |(piece, inside)| (piece, label, inside))
        })
    }
}

/// Cuts `interval` at the edges of `periods`, of which the first ends after its start.
fn cut(interval: Interval, periods: &[Interval]) -> impl Iterator<Item = (Interval, bool)> {
    let mut periods = periods.iter().copied().peekable();
    let mut start: Time = interval.start();
    std::iter::from_fn(move || {
        let next = periods
            .peek()
            .copied()
            .filter(|period| period.start() < interval.end());
        let (end, inside) = match next {
            Some(period) if period.start() <= start => {
                periods.next();
                (period.end().min(interval.end()), true)
            }
            Some(period) => (period.start(), false),
            None => (interval.end(), false),
        };
        let piece = Interval::new(start, end);
        start = end;
        (!piece.is_empty()).then_some((piece, inside))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(start: i64, end: i64) -> Interval {
        Interval::new(Time::from_nanos(start), Time::from_nanos(end))
    }

    fn periods(edges: &[(i64, i64)]) -> Periods {
        edges.iter().map(|&(start, end)| at(start, end)).collect()
    }

    #[test]
    fn touching_periods_are_one() {
        assert_eq!(periods(&[(5, 9), (0, 5), (12, 12)]).0, periods(&[(0, 9)]).0);
        assert_eq!(periods(&[(0, 9), (1, 2)]), periods(&[(0, 9)]));
    }

    #[test]
    fn an_interval_that_crosses_several_periods_is_split() {
        let periods = periods(&[(0, 2), (4, 6), (8, 10)]);
        let pieces: Vec<_> = periods
            .pieces([(at(1, 9), 'a'), (at(5, 6), 'b'), (at(9, 12), 'c')])
            .collect();
        assert_eq!(
            pieces,
            [
                (at(1, 2), 'a', true),
                (at(2, 4), 'a', false),
                (at(4, 6), 'a', true),
                (at(6, 8), 'a', false),
                (at(8, 9), 'a', true),
                (at(5, 6), 'b', true),
                (at(9, 10), 'c', true),
                (at(10, 12), 'c', false),
            ]
        );
        assert_eq!(periods.pieces([(at(5, 5), ())]).count(), 0);
        assert_eq!(periods.intersect([(at(2, 4), ())]).count(), 0);
    }

    fn intervals() -> impl Strategy<Value = Vec<Interval>> {
        let interval = (0_i64..60, 0_i64..12).prop_map(|(start, length)| at(start, start + length));
        prop::collection::vec(interval, 0..12)
    }

    fn holds(periods: &Periods, moment: i64) -> bool {
        periods
            .iter()
            .any(|period| period.intersect(at(moment, moment + 1)).is_some())
    }

    proptest! {
        #[test]
        fn a_set_holds_what_its_intervals_hold(intervals in intervals()) {
            let set: Periods = intervals.iter().copied().collect();
            for moment in -1..80 {
                let is_in = intervals.iter().any(|interval| interval.intersect(at(moment, moment + 1)).is_some());
                prop_assert_eq!(holds(&set, moment), is_in);
            }
            prop_assert!(set.0.windows(2).all(|pair| pair[0].end() < pair[1].start()));
        }

        #[test]
        fn pieces_add_up(periods in intervals(), mut labelled in intervals()) {
            let periods: Periods = periods.into_iter().collect();
            labelled.sort();
            let pieces: Vec<_> = periods.pieces(labelled.iter().copied().zip(0..)).collect();
            for (whole, label) in labelled.iter().zip(0..) {
                let mut end = whole.start();
                for (piece, _, inside) in pieces.iter().filter(|(_, of, _)| *of == label) {
                    prop_assert_eq!(piece.start(), end);
                    prop_assert!((piece.start().nanos()..piece.end().nanos()).all(|moment| holds(&periods, moment) == *inside));
                    end = piece.end();
                }
                prop_assert_eq!(end, whole.end());
            }
        }
    }
}
