//! Lengths of time in words, as exact as a person wants them.

use std::time::Duration;

use crate::timeline::Time;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;

/// Returns `length` in the largest unit of which it has two: `90 s`, `5 h`, `40 days`, `3 years`.
pub(super) fn words(length: Duration) -> String {
    let seconds = length.as_secs();
    let (unit, name) = match seconds {
        0..120 => (1, "s"),
        120..7200 => (MINUTE, "min"),
        7200..172_800 => (HOUR, "h"),
        _ if seconds < 2 * YEAR => (DAY, "days"),
        _ => (YEAR, "years"),
    };
    format!("{} {name}", seconds / unit)
}

/// Returns how long ago `time` was, or how far it lies ahead.
pub(super) fn ago(time: Time, now: Time) -> String {
    if time > now {
        format!("in {}", words(time.since(now)))
    } else {
        format!("{} ago", words(now.since(time)))
    }
}

/// Returns `length` in whole days, rounded up.
pub(super) fn days(length: Duration) -> u64 {
    length.as_secs().div_ceil(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_in_the_unit_that_a_person_would_use() {
        for (seconds, expected) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7199, "119 min"),
            (7200, "2 h"),
            (172_799, "47 h"),
            (172_800, "2 days"),
            (2 * YEAR - 1, "729 days"),
            (2 * YEAR, "2 years"),
        ] {
            assert_eq!(words(Duration::from_secs(seconds)), expected);
        }
        assert_eq!(days(Duration::from_secs(DAY)), 1);
        assert_eq!(days(Duration::from_secs(DAY + 1)), 2);
    }
}
