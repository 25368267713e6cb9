//! Days as a person names them: those of the local calendar.

use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeZone};

use crate::local_time::day_start;
use crate::timeline::{Interval, Time};

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// The one that is not over yet.
    Today,
    /// The last one that is.
    Yesterday,
    /// Any one.
    Date(NaiveDate),
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "today" => Ok(Self::Today),
            "yesterday" => Ok(Self::Yesterday),
            date => date
                .parse()
                .map(Self::Date)
                .map_err(|_| "write it like 2026-11-24, or as `today` or `yesterday`".to_owned()),
        }
    }
}

impl Day {
    /// Returns the date, as seen at `now`.
    pub fn date<Tz: TimeZone>(self, now: &DateTime<Tz>) -> NaiveDate {
        let today = now.naive_local().date();
        match self {
            Self::Today => today,
            Self::Yesterday => today - Days::new(1),
            Self::Date(date) => date,
        }
    }
}

/// Returns a day from its midnight to the next, by the clocks of `zone`: 23 or 25 hours where they change.
///
/// `None` before 1970, which ActivityWatch does not answer for, and after 2261, which [`Time`] does not reach.
pub fn interval<Tz: TimeZone>(zone: &Tz, date: NaiveDate) -> Option<Interval> {
    if !(1970..=2261).contains(&date.year()) {
        return None;
    }
    let start = |date| Some(Time::from(day_start(zone, date)?.to_utc()));
    Some(Interval::new(
        start(date)?,
        start(date.checked_add_days(Days::new(1))?)?,
    ))
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Berlin;

    use super::*;

    #[test]
    fn days_are_named_by_date_or_by_how_they_stand_to_today() {
        let now = Berlin.with_ymd_and_hms(2026, 11, 24, 0, 30, 0).unwrap();
        let date = |text: &str| Day::from_str(text).map(|day| day.date(&now).to_string());
        assert_eq!(date("today"), Ok("2026-11-24".to_owned()));
        assert_eq!(date("yesterday"), Ok("2026-11-23".to_owned()));
        assert_eq!(date("2024-02-29"), Ok("2024-02-29".to_owned()));
        for bad in ["2026-02-29", "24.11.2026", "", "Today"] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn days_on_which_clocks_change_are_shorter_or_longer() {
        for (date, hours) in [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-24", 24)] {
            let interval = interval(&Berlin, date.parse().unwrap()).unwrap();
            assert_eq!(interval.nanos(), hours * 3_600_000_000_000, "{date}");
        }
        for date in [NaiveDate::MIN, NaiveDate::MAX] {
            assert_eq!(interval(&Berlin, date), None);
        }
    }
}
