//! Amounts as a person reads them.

/// What a metric counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Seconds.
    Seconds,
    /// How often something happened.
    Count,
}

impl Unit {
    /// Returns the unit that the name of a metric tells.
    pub(super) fn of(metric: &str) -> Self {
        if metric.ends_with("_seconds") {
            Self::Seconds
        } else {
            Self::Count
        }
    }

    /// Returns an amount in words: `7h 02m 03s`, `< 1s`, or a number.
    pub(super) fn shown(self, amount: f64) -> String {
        match self {
            Self::Count => format!("{amount:.0}"),
            Self::Seconds if amount > 0.0 && amount < 1.0 => "< 1s".to_owned(),
            Self::Seconds => seconds(amount),
        }
    }
}

fn seconds(amount: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time, which is not negative and far below 2^64 seconds"
    )]
    let seconds = amount.round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m {seconds:02}s"),
        _ => format!("{hours}h {minutes:02}m {seconds:02}s"),
    }
}

/// Returns a number with the right form of its noun.
pub(super) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_hours_minutes_and_seconds() {
        let shown = |seconds| Unit::of("aw_window_seconds").shown(seconds);
        for (seconds, expected) in [
            (0.0, "0s"),
            (0.4, "< 1s"),
            (59.6, "1m 00s"),
            (61.0, "1m 01s"),
            (3600.0, "1h 00m 00s"),
            (360_061.0, "100h 01m 01s"),
        ] {
            assert_eq!(shown(seconds), expected);
        }
        assert_eq!(Unit::of("aw_unlocks").shown(12.0), "12");
    }
}
