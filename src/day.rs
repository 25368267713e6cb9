//! Days as a person names them: those of the local calendar.

use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeZone};

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

/// A day, from one local midnight, or whenever days begin, to the next: 23 or 25 hours where the clock changes.
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
        Self::beginning_at(NaiveTime::MIN, zone, date)
    }

    /// Returns the day of somebody whose days begin and end when the clock shows `begin`, or right after a gap that this
    /// lies in.
    fn beginning_at<Tz: TimeZone>(begin: NaiveTime, zone: &Tz, date: NaiveDate) -> Self {
        let start = |date: Option<NaiveDate>| {
            date.and_then(|date| day_start(zone, date, begin))
                .map_or(Time::EPOCH, |start: DateTime<Tz>| {
                    Time::from(start.to_utc())
                })
        };
        Self {
            date,
            range: Interval::new(start(Some(date)), start(date.succ_opt())),
        }
    }

    /// Returns the day in which `time` lies, of somebody whose days begin when the clock shows `begin`.
    pub fn around<Tz: TimeZone>(begin: NaiveTime, zone: &Tz, time: Time) -> Self {
        let today = zone
            .from_utc_datetime(&DateTime::from(time).naive_utc())
            .date_naive();
        let dates = [today.succ_opt(), Some(today), today.pred_opt()];
        let mut days = dates
            .into_iter()
            .flatten()
            .map(|date| Self::beginning_at(begin, zone, date));
        days.find(|day| day.range.start() <= time)
            .unwrap_or_else(|| Self::beginning_at(begin, zone, today))
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
    fn a_day_of_ones_own_begins_by_the_clock() {
        let day = |zone: Tz, begin: &str, time: &str| {
            let begin = NaiveTime::parse_from_str(begin, "%H:%M").unwrap();
            let time: DateTime<chrono::Utc> = time.parse().unwrap();
            let Day { date, range } = Day::around(begin, &zone, Time::from(time));
            let minutes = range.nanos() / 60_000_000_000;
            format!("{date}: {} minutes from {}", minutes, range.start())
        };
        let at_four = |time| day(Berlin, "04:00", time);
        insta::assert_snapshot!(at_four("2026-11-20T02:59:59Z"), @"2026-11-19: 1440 minutes from 2026-11-19T03:00:00Z");
        insta::assert_snapshot!(at_four("2026-11-20T03:00:00Z"), @"2026-11-20: 1440 minutes from 2026-11-20T03:00:00Z");
        insta::assert_snapshot!(at_four("2026-03-29T01:59:00Z"), @"2026-03-28: 1380 minutes from 2026-03-28T03:00:00Z");
        insta::assert_snapshot!(at_four("2026-03-29T02:00:00Z"), @"2026-03-29: 1440 minutes from 2026-03-29T02:00:00Z");
        insta::assert_snapshot!(at_four("2026-10-25T02:59:00Z"), @"2026-10-24: 1500 minutes from 2026-10-24T02:00:00Z");
        let at_half_past_two = |time| day(Berlin, "02:30", time);
        // It does not come, and the day begins when the clock goes on, at three.
        insta::assert_snapshot!(at_half_past_two("2026-03-29T00:59:00Z"), @"2026-03-28: 1410 minutes from 2026-03-28T01:30:00Z");
        insta::assert_snapshot!(at_half_past_two("2026-03-29T01:00:00Z"), @"2026-03-29: 1410 minutes from 2026-03-29T01:00:00Z");
        // It comes twice, and the first one counts.
        insta::assert_snapshot!(at_half_past_two("2026-10-25T00:30:00Z"), @"2026-10-25: 1500 minutes from 2026-10-25T00:30:00Z");
        insta::assert_snapshot!(at_half_past_two("2026-10-25T01:30:00Z"), @"2026-10-25: 1500 minutes from 2026-10-25T00:30:00Z");
        let in_the_evening = |time| day(Kathmandu, "23:30", time);
        insta::assert_snapshot!(in_the_evening("2026-11-20T17:44:00Z"), @"2026-11-19: 1440 minutes from 2026-11-19T17:45:00Z");
        insta::assert_snapshot!(in_the_evening("2026-11-20T17:45:00Z"), @"2026-11-20: 1440 minutes from 2026-11-20T17:45:00Z");
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
