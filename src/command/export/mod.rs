//! `export`: all samples of a stretch of time as a file, for whoever does not take history by remote write.

mod destination;
mod error;
mod next_steps;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use chrono::{DateTime, Local, TimeZone};
use indicatif::MultiProgress;
use tokio::time::Instant;

use super::CommandError;
use super::bar::Bar;
use super::reader::reader;
use super::sync::synchronizers;
use crate::activitywatch::{Exported, Reader};
use crate::checkpoint::Store;
use crate::day::{DayName, Since, bounds};
use crate::dirs::Dirs;
use crate::settings::Settings;
use crate::synchronizer::{Now, Problem};
use crate::timeline::{Interval, Step, Time, horizon};

pub use destination::Destination;
pub use error::ExportError;
pub use next_steps::print_next_steps;

/// What to export.
#[derive(Debug)]
pub struct Wanted {
    /// The first day.
    pub since: Since,
    /// The last day; without one, all that is final.
    pub until: Option<DayName>,
    /// Export files to read instead of servers.
    pub input: Vec<PathBuf>,
    /// Whether it is what the receiver has refused, of whatever time.
    pub only_refused: bool,
}

/// What an export has come to.
#[derive(Debug, Default)]
pub struct ExportReport {
    /// How many series there are.
    pub series: usize,
    /// How many samples they have.
    pub samples: usize,
    /// From the oldest step to the end of the newest; `None` if there are no samples.
    pub range: Option<Interval>,
    /// Whether it is what the receiver has refused.
    pub only_refused: bool,
    /// What could not be read. Nothing has been written then.
    pub problems: Vec<Problem>,
}

/// Writes the samples of the time that is `wanted`, as the first destination gets them, to `destination`, or to `stdout` if
/// that is it.
///
/// Nothing is written if something could not be read.
///
/// # Errors
/// A [`CommandError`] if nothing can be read or written at all.
///
/// # Panics
/// If the settings have no destination, which validation rules out.
pub async fn export(
    settings: &Settings,
    dirs: &Dirs,
    wanted: &Wanted,
    destination: Destination,
    stdout: &mut dyn Write,
    bars: &MultiProgress,
) -> Result<ExportReport, CommandError> {
    let now = Local::now();
    let wall = Time::from(now.to_utc());
    let final_until = if wanted.input.is_empty() {
        horizon(wall, settings.settle)
    } else {
        // Nothing comes late into a file. The minute that runs is taken whole, what is beyond it is a clock's mistake.
        Step::containing(wall).end()
    };
    let range = range(wanted, &now, final_until)?;
    let store = Store::new(&dirs.data, settings.testing);
    // Only looked at: a damaged one is not moved aside, as a pass would do.
    let checkpoint = store.load()?;
    let mut endpoints = checkpoint.endpoints.values();
    if wanted.only_refused && endpoints.all(|endpoint| endpoint.refused.is_empty()) {
        return Err(ExportError::NothingRefused.into());
    }
    let store = store.open()?;
    let reader = if wanted.input.is_empty() {
        reader(settings)?
    } else {
        Reader::of_exported(read(&wanted.input)?)
    };
    let mut synchronizer = synchronizers(settings, &reader, &store).remove(0);
    let bar = Bar::new(bars, None);
    let now = Now {
        wall,
        monotonic: Instant::now(),
    };
    let show = |progress| bar.show(progress);
    let export = if wanted.only_refused {
        synchronizer.export_refused(now, show).await
    } else {
        synchronizer.export(now, range, show).await
    };
    bar.finish();
    if !export.problems.is_empty() {
        return Ok(ExportReport {
            problems: export.problems,
            ..ExportReport::default()
        });
    }
    destination.write(&export.series, stdout)?;
    let samples = || export.series.iter().flat_map(|series| &series.samples);
    let steps = || samples().map(|sample| Step::of_timestamp_ms(sample.timestamp_ms));
    let from_to = steps().min().zip(steps().max());
    Ok(ExportReport {
        series: export.series.len(),
        samples: samples().count(),
        range: from_to.map(|(first, last)| Interval::new(first.start(), last.end())),
        only_refused: wanted.only_refused,
        problems: Vec::new(),
    })
}

/// Returns the days that are wanted, up to `final_until`.
fn range<Tz: TimeZone>(
    wanted: &Wanted,
    now: &DateTime<Tz>,
    final_until: Time,
) -> Result<Interval, CommandError> {
    let (since, until) = bounds(wanted.since, wanted.until, now, final_until);
    if since >= until {
        return Err(ExportError::Nothing { since, until }.into());
    }
    Ok(Interval::new(since, until))
}

fn read(files: &[PathBuf]) -> Result<Exported, ExportError> {
    let mut exported = Exported::default();
    for path in files {
        let bytes = fs::read(path).map_err(|reason| ExportError::Unreadable {
            path: path.clone(),
            reason,
        })?;
        exported.add(&path.display().to_string(), &bytes)?;
    }
    Ok(exported)
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Berlin;

    use super::*;

    #[test]
    fn days_are_local_and_the_last_one_is_in() {
        let now = Berlin.with_ymd_and_hms(2026, 11, 24, 9, 50, 30).unwrap();
        let shown = |since: &str, until: Option<&str>| {
            let wanted = Wanted {
                since: since.parse().unwrap(),
                until: until.map(|day| day.parse().unwrap()),
                input: Vec::new(),
                only_refused: false,
            };
            let horizon = horizon(Time::from(now.to_utc()), std::time::Duration::from_mins(5));
            match range(&wanted, &now, horizon) {
                Ok(range) => format!("{} {}", range.start(), range.end()),
                Err(error) => error.to_string(),
            }
        };
        let cases = [
            (
                "2026-10-24",
                Some("2026-10-25"),
                "2026-10-23T22:00:00Z 2026-10-25T23:00:00Z",
            ),
            (
                "yesterday",
                Some("yesterday"),
                "2026-11-22T23:00:00Z 2026-11-23T23:00:00Z",
            ),
            (
                "yesterday",
                Some("today"),
                "2026-11-22T23:00:00Z 2026-11-24T08:45:00Z",
            ),
            ("today", None, "2026-11-23T23:00:00Z 2026-11-24T08:45:00Z"),
            (
                "all",
                Some("1970-01-01"),
                "1970-01-01T00:00:00Z 1970-01-01T23:00:00Z",
            ),
        ];
        for (since, until, expected) in cases {
            assert_eq!(shown(since, until), expected, "{since} {until:?}");
        }
        insta::assert_snapshot!(shown("today", Some("yesterday")), @"
        nothing is final between 2026-11-23T23:00:00Z and 2026-11-23T23:00:00Z
        hint: the day of `--until` is part of the export, and must not come before that of `--since`
        ");
        insta::assert_snapshot!(shown("2027-01-01", None), @"
        nothing is final between 2026-12-31T23:00:00Z and 2026-11-24T08:45:00Z
        hint: the day of `--until` is part of the export, and must not come before that of `--since`
        ");
    }
}
