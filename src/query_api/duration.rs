use std::collections::BTreeMap;
use std::time::Duration;

const SECOND: f64 = 1e9;
const DAY: f64 = 86_400.0 * SECOND;

/// What Prometheus, VictoriaMetrics and Go call lengths of time, in nanoseconds. A month is VictoriaMetrics's.
const UNITS: [(&str, f64); 10] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("ms", 1e6),
    ("s", SECOND),
    ("m", 60.0 * SECOND),
    ("h", 3600.0 * SECOND),
    ("d", DAY),
    ("w", 7.0 * DAY),
    ("M", 31.0 * DAY),
    ("y", 365.0 * DAY),
];

/// Reads a length of time as a receiver writes it; `None` if it is none.
///
/// ```
/// use aw_sync_agent::query_api::duration;
/// use std::time::Duration;
///
/// assert_eq!(duration("1h30m"), Some(Duration::from_secs(5400)));
/// assert_eq!(duration("1m0s"), Some(Duration::from_secs(60)));
/// assert_eq!(duration("1M"), Some(Duration::from_secs(31 * 86_400)));
/// assert_eq!(duration("0"), Some(Duration::ZERO));
/// assert_eq!(duration("15"), None);
/// assert_eq!(duration(""), None);
/// ```
pub fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut nanos = 0.0;
    while !rest.is_empty() {
        let (number, after) = split(rest, |character| {
            character.is_ascii_digit() || character == '.'
        });
        let (unit, after) = split(after, char::is_alphabetic);
        let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
        nanos += number.parse::<f64>().ok()? * length;
        rest = after;
    }
    let seconds = (!text.is_empty()).then_some(nanos / SECOND)?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// What VictoriaMetrics keeps samples for where nobody says.
const DEFAULT_RETENTION: &str = "1";

/// Returns how long a VictoriaMetrics on one node keeps samples, by its set `flags`: in its words, and as a length of
/// time if they are one.
pub fn retention_period(flags: &BTreeMap<String, String>) -> (&str, Option<Duration>) {
    let set = flags
        .get("retentionPeriod")
        .map_or(DEFAULT_RETENTION, String::as_str);
    let month = Duration::from_hours(31 * 24);
    // A number alone counts months.
    let length = set.parse::<f64>().map_or_else(
        |_| duration(set),
        |months| Duration::try_from_secs_f64(months * month.as_secs_f64()).ok(),
    );
    let words = if length == Some(month) { "31d" } else { set };
    (words, length)
}

/// Splits where `belongs` no longer holds.
fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(
        text.find(|character| !belongs(character))
            .unwrap_or(text.len()),
    )
}
