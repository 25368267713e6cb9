use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// A moment in UTC, as integer nanoseconds since the Unix epoch.
///
/// Covers the years 1677 to 2262; what lies outside becomes the nearest end, and so do sums. ActivityWatch stores event
/// bounds unchecked, so such values do arrive. Serialized as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "DateTime<Utc>", into = "DateTime<Utc>")]
pub struct Time(i64);

impl Time {
    /// 1970-01-01T00:00:00Z, the zero of the step grid and the oldest time that ActivityWatch servers return.
    pub const EPOCH: Self = Self(0);

    /// Returns the moment `nanos` nanoseconds after the Unix epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Returns the moment `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the Unix epoch, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Returns how long after `earlier` this moment is; zero if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl From<DateTime<Utc>> for Time {
    fn from(time: DateTime<Utc>) -> Self {
        let nearest_end = if time.timestamp() < 0 {
            i64::MIN
        } else {
            i64::MAX
        };
        Self(time.timestamp_nanos_opt().unwrap_or(nearest_end))
    }
}

impl From<Time> for DateTime<Utc> {
    fn from(time: Time) -> Self {
        Self::from_timestamp_nanos(time.0)
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(duration)))
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(saturating_nanos(duration)))
    }
}

/// RFC 3339 with `Z`, and as many fractional digits as the value needs (none, 3, 6 or 9).
impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = DateTime::<Utc>::from(*self).to_rfc3339_opts(SecondsFormat::AutoSi, true);
        formatter.write_str(&text)
    }
}

fn saturating_nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_beyond_the_range_become_the_nearest_end() {
        let year = |text: &str| Time::from(text.parse::<DateTime<Utc>>().unwrap());
        assert_eq!(year("3000-01-01T00:00:00Z"), Time::from_nanos(i64::MAX));
        assert_eq!(year("1000-01-01T00:00:00Z"), Time::from_nanos(i64::MIN));
        assert_eq!(Time::EPOCH + Duration::MAX, Time::from_nanos(i64::MAX));
    }

    #[test]
    fn milliseconds_round_down_before_the_epoch_too() {
        assert_eq!(Time::from_nanos(-1).millis(), -1);
        assert_eq!(Time::from_nanos(1_999_999).millis(), 1);
    }

    #[test]
    fn json_is_rfc_3339() {
        let time = Time::from_millis(1_500);
        assert_eq!(
            serde_json::to_string(&time).unwrap(),
            r#""1970-01-01T00:00:01.500Z""#
        );
        assert_eq!(
            serde_json::from_str::<Time>(r#""1970-01-01T02:00:01.5+02:00""#).unwrap(),
            time
        );
    }
}
