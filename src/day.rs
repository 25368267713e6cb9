//! Days as a person names them: those of the local calendar.

use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, TimeZone};

use crate::local_time::day_start;
use crate::timeline::{Interval, Time};

/// A day as a person names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayName {
    /// The day that is not over.
    Today,
    /// The one before.
    Yesterday,
    /// Any day.
    Date(NaiveDate),
}

/// A text that names no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write `yesterday`, `today`, or a date like `2026-11-20`")]
pub struct DayNameError;

impl FromStr for DayName {
    type Err = DayNameError;

    fn from_str(text: &str) -> Result<Self, DayNameError> {
        match text {
            "today" => Ok(Self::Today),
            "yesterday" => Ok(Self::Yesterday),
            text => NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()
                .filter(|date| (1970..=2200).contains(&date.year()))
                .map(Self::Date)
                .ok_or(DayNameError),
        }
    }
}

/// Where a stretch of days begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// With the first activity that there is.
    All,
    /// With a day.
    Day(DayName),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            day => day
                .parse()
                .map(Self::Day)
                .map_err(|reason| format!("{reason}, or as `all`")),
        }
    }
}

impl DayName {
    /// Returns the date that is meant on the day `today`.
    pub fn date(self, today: NaiveDate) -> NaiveDate {
        match self {
            Self::Today => today,
            Self::Yesterday => today.pred_opt().unwrap_or(today),
            Self::Date(date) => date,
        }
    }
}

/// Returns the bounds of the days that a person names, by the local calendar of `now`: from the begin of `since` to the
/// end of `until`, both within them, but not beyond `end`. The second is not after the first if that is no time at all.
pub fn bounds<Tz: TimeZone>(
    since: Since,
    until: Option<DayName>,
    now: &DateTime<Tz>,
    end: Time,
) -> (Time, Time) {
    let of_day = |day: DayName| Day::of(&now.timezone(), day.date(now.naive_local().date())).range;
    let since = match since {
        Since::All => Time::EPOCH,
        Since::Day(day) => of_day(day).start(),
    };
    let until = until.map_or(end, |day| of_day(day).end().min(end));
    (since, until)
}

/// A day, from one local midnight to the next: 23 or 25 hours where the clock changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its date.
    pub date: NaiveDate,
    /// Its time.
    pub range: Interval,
}

impl Day {
    /// Returns the day `date` as a clock in `zone` shows it.
    pub fn of<Tz: TimeZone>(zone: &Tz, date: NaiveDate) -> Self {
        let start = |date: Option<NaiveDate>| {
            date.and_then(|date| day_start(zone, date))
                .map_or(Time::EPOCH, |start: DateTime<Tz>| {
                    Time::from(start.to_utc())
                })
        };
        Self {
            date,
            range: Interval::new(start(Some(date)), start(date.succ_opt())),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Asia::Kathmandu;
    use chrono_tz::Europe::Berlin;
    use chrono_tz::Tz;

    use super::*;

    #[test]
    fn a_day_lasts_from_midnight_to_midnight() {
        let day = |zone: Tz, date: &str| {
            let day = Day::of(&zone, date.parse().unwrap());
            (
                day.range.start().to_string(),
                day.range.nanos() / 3_600_000_000_000,
            )
        };
        let expected = |start: &str, hours| (start.to_owned(), hours);
        assert_eq!(
            day(Berlin, "2026-03-29"),
            expected("2026-03-28T23:00:00Z", 23)
        );
        assert_eq!(
            day(Berlin, "2026-10-25"),
            expected("2026-10-24T22:00:00Z", 25)
        );
        assert_eq!(
            day(Kathmandu, "2026-11-20"),
            expected("2026-11-19T18:15:00Z", 24)
        );
    }

    #[test]
    fn days_are_named_by_date_or_seen_from_today() {
        let today: NaiveDate = "2026-03-01".parse().unwrap();
        let date = |text: &str| {
            text.parse::<DayName>()
                .map(|name| name.date(today).to_string())
        };
        assert_eq!(date("today").as_deref(), Ok("2026-03-01"));
        assert_eq!(date("yesterday").as_deref(), Ok("2026-02-28"));
        assert_eq!(date("2024-02-29").as_deref(), Ok("2024-02-29"));
        for text in [
            "",
            "tomorrow",
            "2026-02-29",
            "20.11.2026",
            "1969-12-31",
            "+262142-01-01",
        ] {
            assert_eq!(text.parse::<DayName>(), Err(DayNameError), "{text}");
        }
    }
}
