//! `verify`: what ActivityWatch itself shows of a day, side by side with what the receiver has of it.
//!
//! Changes nothing: it reads the checkpoint, asks both ends, and takes no lock.

mod ends;
mod print;

use std::io;

use chrono::{DateTime, NaiveDate, TimeZone};
use serde::Serialize;

use super::CommandError;
use super::reader::reader;
use crate::activitywatch::ReadError;
use crate::checkpoint::Store;
use crate::day::{Day, DayName};
use crate::exit::Exit;
use crate::query_api::{self, QueryError};
use crate::settings::{DestinationSettings, masked_url};
use crate::timeline::Time;
use crate::verification::Comparison;
use ends::{BothEnds, NoAnswer};

pub use print::{Printer, print_json};

/// Days that cannot be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DayError {
    /// The day has not begun.
    #[error("{0} is still to come\nhint: give a day that has begun, as in `--day yesterday`")]
    ToCome(NaiveDate),
    /// The first of several days is not over.
    #[error(
        "no day from {0} on is over\nhint: for the day that is not over there is `--day today`"
    )]
    NotOver(NaiveDate),
}

/// Returns the days to verify, the earliest first: `day`, or each from `since` until yesterday, or yesterday.
///
/// # Errors
/// [`DayError`].
pub fn days<Tz: TimeZone>(
    day: Option<DayName>,
    since: Option<DayName>,
    now: &DateTime<Tz>,
) -> Result<Vec<Day>, DayError> {
    let today = now.date_naive();
    let zone = now.timezone();
    let Some(since) = since else {
        let date = day.unwrap_or(DayName::Yesterday).date(today);
        if date > today {
            return Err(DayError::ToCome(date));
        }
        return Ok(vec![Day::of(&zone, date)]);
    };
    let since = since.date(today);
    if since >= today {
        return Err(DayError::NotOver(since));
    }
    let dates = since.iter_days().take_while(|date| *date < today);
    Ok(dates.map(|date| Day::of(&zone, date)).collect())
}

/// What became of all days at one destination.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Its address, without what may be a secret.
    pub destination: String,
    /// Each day of each device.
    pub days: Vec<DayReport>,
    /// Why there is nothing to compare with.
    pub no_query_api: Option<String>,
    /// Servers that could not be asked.
    #[serde(skip)]
    pub problems: Vec<ReadError>,
}

/// What became of a day of a device.
#[derive(Debug, Serialize)]
pub struct DayReport {
    /// The label `user`.
    pub user: String,
    /// The label `host`.
    pub host: String,
    /// The day.
    pub date: NaiveDate,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of a day.
#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// Both sides were asked.
    Compared {
        /// Whether they agree.
        is_equal: bool,
        /// Up to when, if not the whole day has been delivered.
        delivered_until: Option<Time>,
        /// What both sides have.
        #[serde(flatten)]
        comparison: Comparison,
        /// What else there is to know.
        notes: Vec<String>,
    },
    /// None of it has been delivered.
    Undelivered {
        /// Up to when the device has been; `None` if not at all.
        delivered_until: Option<Time>,
    },
    /// It cannot be compared.
    Skipped {
        /// Why.
        reason: String,
    },
}

impl Report {
    /// Returns how the command ends. What cannot be compared is no difference.
    pub fn exit(&self) -> Exit {
        let is_for_a_person = |error: &ReadError| matches!(error, ReadError::Misconfigured { .. });
        let differs = |day: &DayReport| {
            matches!(
                day.outcome,
                Outcome::Compared {
                    is_equal: false,
                    ..
                }
            )
        };
        if self.days.iter().any(differs) {
            Exit::Discrepancy
        } else if self.problems.is_empty() {
            Exit::Done
        } else if self.problems.iter().any(is_for_a_person) {
            Exit::Usage
        } else {
            Exit::Unreachable
        }
    }
}

/// Compares each of `days` for each device that has windows with what one destination has, and hands each result to
/// `show` as soon as it is there.
///
/// # Errors
/// A [`CommandError`] if the state cannot be read, the receiver does not answer, or `show` fails.
pub async fn verify(
    DestinationSettings {
        destination,
        settings,
    }: &DestinationSettings,
    store: &Store,
    days: &[Day],
    mut show: impl FnMut(&DayReport) -> io::Result<()>,
) -> Result<Report, CommandError> {
    let mut checkpoint = store.load()?;
    let endpoint = checkpoint
        .endpoints
        .remove(destination.url.as_str())
        .unwrap_or_default();
    let both = BothEnds {
        settings,
        reader: reader(settings)?,
        receiver: query_api::Client::new(destination),
    };
    let mut report = Report {
        destination: masked_url(&destination.url),
        days: Vec::new(),
        no_query_api: None,
        problems: Vec::new(),
    };
    for device in both.devices(&endpoint, &mut report.problems).await {
        for day in days {
            let outcome = match both.compare(&device, day.range).await {
                Ok(outcome) => outcome,
                Err(NoAnswer::ActivityWatch(error @ ReadError::Unreachable { .. })) => {
                    if !report.problems.contains(&error) {
                        report.problems.push(error);
                    }
                    break;
                }
                Err(NoAnswer::ActivityWatch(error)) => Outcome::Skipped {
                    reason: error.to_string(),
                },
                Err(NoAnswer::Receiver(error @ QueryError::NoQueryApi { .. })) => {
                    report.no_query_api = Some(error.to_string());
                    return Ok(report);
                }
                Err(NoAnswer::Receiver(error)) => return Err(error.into()),
            };
            let day = DayReport {
                user: settings.user.clone(),
                host: device.host.clone(),
                date: day.date,
                outcome,
            };
            show(&day)?;
            report.days.push(day);
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Berlin;

    use super::*;

    #[test]
    fn days_are_those_that_have_begun() {
        let now = Berlin.with_ymd_and_hms(2026, 3, 30, 0, 30, 0).unwrap();
        let name = |text: &str| Some(text.parse::<DayName>().unwrap());
        let dates = |day, since| {
            let days = days(day, since, &now)?;
            Ok(days
                .iter()
                .map(|day| day.date.to_string())
                .collect::<Vec<_>>()
                .join(" "))
        };
        let ok = |dates: &str| Ok::<_, DayError>(dates.to_owned());
        assert_eq!(dates(None, None), ok("2026-03-29"));
        assert_eq!(dates(name("today"), None), ok("2026-03-30"));
        assert_eq!(dates(None, name("2026-03-28")), ok("2026-03-28 2026-03-29"));
        let (today, tomorrow) = ("2026-03-30".parse().unwrap(), "2026-03-31".parse().unwrap());
        assert_eq!(
            dates(name("2026-03-31"), None),
            Err(DayError::ToCome(tomorrow))
        );
        assert_eq!(dates(None, name("today")), Err(DayError::NotOver(today)));
    }
}
