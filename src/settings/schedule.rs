//! When to sync: a crontab expression, checked once and then asked for the next run.
//!
//! The `cron` crate reads the fields and walks the calendar. This module owns what that crate does
//! differently from crontab(5): the seconds field is optional, Sunday is 0 or 7, day of month and
//! day of week combine with OR, and a change of the clock neither drops nor doubles a daily run. It
//! does not know the time: the caller hands it in, with the zone to reckon in.

use std::fmt;
use std::iter;
use std::ops::RangeInclusive;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, TimeDelta, TimeZone, Weekday};

use crate::local_time::first_occurrence;

/// Name and values of each field, in the order of a six-field expression.
const FIELDS: [(&str, &str); 6] = [
    ("second", "0-59"),
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of month", "1-31"),
    ("month", "1-12 or jan-dec"),
    ("day of week", "0-7 or sun-sat"),
];

/// Position of the day of week in [`FIELDS`].
const DAY_OF_WEEK: usize = 5;

/// Periods that `@every` takes.
const PERIODS: RangeInclusive<TimeDelta> = TimeDelta::seconds(1)..=TimeDelta::days(366);

/// Why a text is not a [`Schedule`].
///
/// Displays as two lines: the expression with what is wrong, then a `hint:` that says what to type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cron expression `{text}`: {problem}")]
pub struct ScheduleError {
    text: String,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error(
        "{0} fields instead of 5 or 6\n\
         hint: type minute, hour, day of month, month and day of week, such as `*/5 * * * *`"
    )]
    FieldCount(usize),
    #[error("{field} `{value}` is not in {values}\nhint: type {values}, or `*` for every {field}")]
    Value {
        field: &'static str,
        value: String,
        values: &'static str,
    },
    #[error(
        "{field} `{value}` is not a list, rising range or step\n\
         hint: type `*`, a value, a range such as `1-5` or a step such as `*/2`, joined by commas"
    )]
    Form { field: &'static str, value: String },
    #[error(
        "unknown name\n\
         hint: type `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, \
         `@annually` or `@every 5m`"
    )]
    Name,
    #[error(
        "period `{0}` is not a duration from 1s to 366days\n\
         hint: type a number with its unit, such as `@every 5m` or `@every 1h30m`"
    )]
    Period(String),
    #[error("no date has these days\nhint: choose a day that the month has, such as `0 0 28 2 *`")]
    Never,
}

/// A crontab expression that is known to fire.
///
/// Parses from, as crontab(5) reads them,
///
/// - five fields: minute, hour, day of month, month, day of week; or six, with the second in front;
/// - `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually`;
/// - `@every` and a duration from a second to a year, such as `@every 1h30m`.
///
/// A field is `*`, a value, a range or one of these with a step (`*/5`; `10/5` is `10-59/5`), or a
/// list of them. Months and days of the week may be named, in any case. Sunday is 0 and 7, and a
/// range of weekdays may run past it (`sat-mon`); other ranges only rise. When neither day field
/// begins with `*` (or `?`, which means the same there), a day that fits either of them counts.
///
/// Displays as the text it was parsed from, trimmed; two schedules are equal when their texts are.
///
/// # Errors
///
/// Parsing fails on the first field that is wrong, and on days that never come (`0 0 30 2 *`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    rule: Rule,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// A fixed time after the present one.
    Every(TimeDelta),
    /// The hour field begins with `*`: runs whenever the local clock shows a match.
    AnyHour(Matches),
    /// Runs once for each match, however often the local clock shows it.
    FixedHours(Matches),
}

impl Schedule {
    /// Returns the first time strictly after `now` at which to run, on the local clock of `now`'s
    /// zone. `@every` counts from `now`.
    ///
    /// Where the clock changes, the hour field decides, much as in Vixie cron. If it begins with
    /// `*`, runs follow real time: they go on through a repeated hour, and a skipped hour has none.
    /// Otherwise each run happens once: a repeated time counts when it first comes, and times in a
    /// gap share one run right after it.
    ///
    /// `None` only if the next run lies beyond the year 2100, where the `cron` crate's years end.
    ///
    /// ```
    /// use aw_sync_agent::settings::Schedule;
    /// use chrono::{TimeZone, Utc};
    ///
    /// let schedule: Schedule = "*/5 * * * *".parse()?;
    /// let now = Utc.with_ymd_and_hms(2026, 3, 1, 12, 5, 0).unwrap();
    /// assert_eq!(schedule.next_after(&now), Utc.with_ymd_and_hms(2026, 3, 1, 12, 10, 0).single());
    /// # Ok::<(), aw_sync_agent::settings::ScheduleError>(())
    /// ```
    pub fn next_after<Tz: TimeZone>(&self, now: &DateTime<Tz>) -> Option<DateTime<Tz>> {
        let zone = now.timezone();
        let present = now.fixed_offset();
        match &self.rule {
            Rule::Every(period) => now.clone().checked_add_signed(*period),
            Rule::AnyHour(matches) => {
                let next = matches.after(present).next()?.with_timezone(&zone);
                let offset = next.fixed_offset().timezone();
                if offset == present.timezone() {
                    return Some(next);
                }
                // The clock changes on the way: `next` was reckoned with an offset that had ended.
                matches
                    .after(now.with_timezone(&offset))
                    .map(|time| time.with_timezone(&zone))
                    .find(|time| time.fixed_offset().timezone() == offset)
            }
            Rule::FixedHours(matches) => matches
                .after(present)
                .filter_map(|time| first_occurrence(&zone, time.naive_local()))
                .find(|time| time > now),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().to_owned();
        match text.parse() {
            Ok(rule) => Ok(Self { text, rule }),
            Err(problem) => Err(ScheduleError { text, problem }),
        }
    }
}

impl FromStr for Rule {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "@hourly" => crontab("0 * * * *"),
            "@daily" | "@midnight" => crontab("0 0 * * *"),
            "@weekly" => crontab("0 0 * * 0"),
            "@monthly" => crontab("0 0 1 * *"),
            "@yearly" | "@annually" => crontab("0 0 1 1 *"),
            _ => match text.split_once(char::is_whitespace) {
                Some(("@every", period)) => every(period.trim_start()),
                _ if text.starts_with('@') => Err(Problem::Name),
                _ => crontab(text),
            },
        }
    }
}

fn every(period: &str) -> Result<Rule, Problem> {
    humantime::parse_duration(period)
        .ok()
        .and_then(|period| TimeDelta::from_std(period).ok())
        .filter(|period| PERIODS.contains(period))
        .map(Rule::Every)
        .ok_or_else(|| Problem::Period(period.into()))
}

fn crontab(expression: &str) -> Result<Rule, Problem> {
    let mut fields: Vec<&str> = expression.split_whitespace().collect();
    if fields.len() == FIELDS.len() - 1 {
        fields.insert(0, "0");
    }
    let [second, minute, hour, day, month, day_of_week] = fields[..] else {
        return Err(Problem::FieldCount(fields.len()));
    };
    let translated = fields
        .iter()
        .enumerate()
        .map(|(index, field)| translate(index, field).ok_or_else(|| problem_in(index, field)))
        .collect::<Result<Vec<_>, _>>()?;

    let weekdays = translated[DAY_OF_WEEK].as_str();
    let is_open = |field: &str| field.starts_with(['*', '?']);
    let days = if is_open(day) || is_open(day_of_week) {
        vec![(day, weekdays)]
    } else {
        vec![(day, "*"), ("*", weekdays)]
    };
    let crons = days.iter().map(|(day, weekdays)| {
        format!("{second} {minute} {hour} {day} {month} {weekdays}").parse()
    });
    let matches = Matches(
        crons
            .collect::<Result<_, _>>()
            .map_err(|_| Problem::Never)?,
    );
    // The calendar repeats within the years of the `cron` crate, so a schedule that fires goes on.
    let epoch = DateTime::UNIX_EPOCH.fixed_offset();
    matches.after(epoch).next().ok_or(Problem::Never)?;
    Ok(if is_open(hour) {
        Rule::AnyHour(matches)
    } else {
        Rule::FixedHours(matches)
    })
}

/// Returns the field at `index` of [`FIELDS`] in the dialect of the `cron` crate, `None` if it is
/// malformed.
fn translate(index: usize, field: &str) -> Option<String> {
    if index == DAY_OF_WEEK {
        return weekdays(field);
    }
    // All seven fields, as the crate reads `**` as two fields and takes a missing year for `*`.
    let mut alone = ["*"; 7];
    alone[index] = field;
    cron::Schedule::from_str(&alone.join(" "))
        .ok()
        .map(|_| field.into())
}

/// Returns the days of a crontab field as a list in the `cron` crate's numbers, where Sunday is 1.
fn weekdays(field: &str) -> Option<String> {
    let mut numbers = Vec::new();
    for item in field.split(',') {
        let (days, step) = match item.split_once('/') {
            Some((days, step)) => (days, Some(digit(step).filter(|&step| step > 0)?)),
            None => (item, None),
        };
        let (first, last) = match days.split_once('-') {
            Some((first, last)) => (weekday(first)?, weekday(last)?),
            None if matches!(days, "*" | "?") => (0, 6),
            None if step.is_some() => (weekday(days)?, 6),
            None => (weekday(days)?, weekday(days)?),
        };
        let last = if last < first { last + 7 } else { last };
        let days = (first..=last).step_by(step.unwrap_or(1).into());
        numbers.extend(days.map(|day| (day % 7 + 1).to_string()));
    }
    Some(numbers.join(","))
}

/// Returns the number of a day, 0 to 7, from its number or name.
fn weekday(text: &str) -> Option<u8> {
    // `Weekday` counts from Monday, as 0.
    digit(text).or_else(|| Some((text.parse::<Weekday>().ok()? as u8 + 1) % 7))
}

fn digit(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [digit @ b'0'..=b'7'] => Some(digit - b'0'),
        _ => None,
    }
}

/// Names the part of a malformed field that is to blame: the first bad value, else the whole field.
fn problem_in(index: usize, text: &str) -> Problem {
    let (field, values) = FIELDS[index];
    let bad = |value: &&str| !value.is_empty() && translate(index, value).is_none();
    match text.split([',', '-', '/']).find(bad) {
        Some(value) => Problem::Value {
            field,
            value: value.into(),
            values,
        },
        None => Problem::Form {
            field,
            value: text.into(),
        },
    }
}

/// One or two schedules of the `cron` crate, of which either may fire.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Matches(Vec<cron::Schedule>);

impl Matches {
    /// Returns the matching times strictly after `start`, ascending, on a clock that never changes.
    fn after(&self, start: DateTime<FixedOffset>) -> impl Iterator<Item = DateTime<FixedOffset>> {
        let next = |time: &_| {
            self.0
                .iter()
                .filter_map(|cron| cron.after(time).next())
                .min()
        };
        iter::successors(next(&start), next)
    }
}

#[cfg(test)]
mod tests;
