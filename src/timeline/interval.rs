use super::Time;

/// A stretch of time, half-open: `start` belongs to it, `end` does not. Never runs backwards, may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    start: Time,
    end: Time,
}

impl Interval {
    /// Returns `[start, end)`, or the empty interval at `start` if `end` lies before it.
    ///
    /// ActivityWatch stores negative durations as they come; they count as zero.
    pub fn new(start: Time, end: Time) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }

    /// The first moment inside, unless empty.
    pub const fn start(self) -> Time {
        self.start
    }

    /// The first moment after it.
    pub const fn end(self) -> Time {
        self.end
    }

    /// Whether no moment lies inside.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Its length in nanoseconds, at least zero, at most `i64::MAX`.
    pub fn nanos(self) -> i64 {
        self.end.nanos().saturating_sub(self.start.nanos())
    }

    /// Returns what both have in common, `None` if that is empty.
    ///
    /// ```
    /// use aw_sync_agent::timeline::{Interval, Time};
    ///
    /// let seconds = |from: i64, to: i64| Interval::new(Time::from_millis(from * 1000), Time::from_millis(to * 1000));
    /// assert_eq!(seconds(0, 10).intersect(seconds(5, 20)), Some(seconds(5, 10)));
    /// assert_eq!(seconds(0, 10).intersect(seconds(10, 20)), None); // half-open: touching is not sharing
    /// ```
    pub fn intersect(self, other: Self) -> Option<Self> {
        let start = self.start.max(other.start);
        let end = self.end.min(other.end);
        (start < end).then_some(Self { start, end })
    }

    /// Returns the shortest interval that holds both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}
