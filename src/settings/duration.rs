//! Lengths of time, as people write them.

use std::time::Duration;

use super::error::{Fault, Problem};

/// The longest one taken, so that no later arithmetic with times can overflow.
const MAX: Duration = Duration::from_hours(878_400);

/// Parses a length of time such as `5m` or `1h 30m`; zero is taken.
pub(super) fn parse(key: &'static str, value: &str) -> Result<Duration, Fault> {
    let duration =
        humantime::parse_duration(value).map_err(|reason| fault(key, value, reason.to_string()))?;
    if duration > MAX {
        return Err(fault(key, value, "it is over a hundred years".to_owned()));
    }
    Ok(duration)
}

/// Parses a length of time that must not be zero.
pub(super) fn positive(key: &'static str, value: &str) -> Result<Duration, Fault> {
    let duration = parse(key, value)?;
    if duration.is_zero() {
        let reason = "it must be more than zero".to_owned();
        return Err(fault(key, value, reason));
    }
    Ok(duration)
}

/// Parses a length of time that must not be shorter than `least`.
pub(super) fn at_least(least: Duration, key: &'static str, value: &str) -> Result<Duration, Fault> {
    let duration = parse(key, value)?;
    if duration < least {
        let reason = format!("it must be at least {}", text(least));
        return Err(fault(key, value, reason));
    }
    Ok(duration)
}

fn fault(key: &'static str, value: &str, reason: String) -> Fault {
    Problem::Duration {
        key,
        value: value.to_owned(),
        reason,
    }
    .of(key)
}

/// Returns `duration` in the largest unit that takes a whole number of it.
///
/// humantime's own text is no good for days: its months are 30.44 days, so it writes 31 days as
/// `1month 13h 26m 24s`.
pub(super) fn text(duration: Duration) -> String {
    let units = [("d", 24 * 60 * 60), ("h", 60 * 60), ("m", 60), ("s", 1)];
    let seconds = duration.as_secs();
    let whole = duration.subsec_nanos() == 0 && seconds > 0;
    match units
        .into_iter()
        .find(|(_, unit)| whole && seconds.is_multiple_of(*unit))
    {
        Some((name, unit)) => format!("{}{name}", seconds / unit),
        None => humantime::format_duration(duration).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_short_and_read_back() {
        for text in ["0s", "90s", "5m", "36h", "31d", "1s 500ms"] {
            assert_eq!(super::text(parse("settle", text).unwrap()), text);
        }
    }

    #[test]
    fn a_number_with_its_unit_is_taken() {
        for (value, seconds) in [
            ("0s", 0),
            ("90s", 90),
            ("5m", 300),
            ("1h 30m", 5400),
            ("30d", 2_592_000),
        ] {
            assert_eq!(
                parse("settle", value).unwrap(),
                Duration::from_secs(seconds),
                "{value}"
            );
        }
    }

    #[test]
    fn what_is_not_a_length_of_time_is_named() {
        insta::assert_snapshot!(parse("settle", "5").unwrap_err().problem, @"
        `settle`: `5` is not a length of time: time unit needed, for example 5sec or 5ms
        hint: write a number with its unit, like `90s`, `5m`, `12h` or `30d`
        ");
        insta::assert_snapshot!(parse("settle", "soon").unwrap_err().problem, @"
        `settle`: `soon` is not a length of time: expected number at 0
        hint: write a number with its unit, like `90s`, `5m`, `12h` or `30d`
        ");
        insta::assert_snapshot!(parse("history", "101y").unwrap_err().problem, @"
        `history`: `101y` is not a length of time: it is over a hundred years
        hint: write a number with its unit, like `90s`, `5m`, `12h` or `30d`
        ");
        insta::assert_snapshot!(positive("remote-write.remote-timeout", "0s").unwrap_err().problem, @"
        `remote-write.remote-timeout`: `0s` is not a length of time: it must be more than zero
        hint: write a number with its unit, like `90s`, `5m`, `12h` or `30d`
        ");
    }
}
