//! `backfill`: what the receiver does not have of the past.

use std::io::{self, Write};
use std::num::NonZeroU32;

use chrono::Local;
use indicatif::MultiProgress;
use thiserror::Error;
use tokio::time::Instant;

use super::CommandError;
use super::amount::plural;
use super::bar::Bar;
use super::reader::reader;
use super::sync::{PATIENCE, synchronizers};
use crate::checkpoint::{Lock, LockError, Store, StoreError};
use crate::day::{DayName, Since, bounds};
use crate::dirs::Dirs;
use crate::exit::Exit;
use crate::remote_write::Patience;
use crate::settings::Settings;
use crate::synchronizer::{BackfillPlan, BackfillReport, Now};
use crate::timeline::{Interval, Time, horizon};

/// What to go through once more.
#[derive(Debug)]
pub struct Wanted {
    /// The first day.
    pub since: Since,
    /// The last day; without one, all that has been sent.
    pub until: Option<DayName>,
    /// Whether only what was refused.
    pub only_refused: bool,
    /// How many samples to send a second at most.
    pub rate: Option<NonZeroU32>,
}

/// Why nothing was gone through.
#[derive(Debug, Error)]
pub enum BackfillError {
    /// The days that are wanted are none, or still to come.
    #[error(
        "nothing is final between {since} and {until}\nhint: the day of `--until` is part of it, and must not come before that of `--since`"
    )]
    Nothing {
        /// Where it should begin.
        since: Time,
        /// Where it would end.
        until: Time,
    },
    /// Another agent works with the state.
    #[error(
        "another aw-sync-agent works with this state: {holder}\nhint: end it, run this, and start it again; what happens meanwhile waits in ActivityWatch"
    )]
    Busy {
        /// Who, in words.
        holder: String,
    },
}

impl BackfillError {
    /// Returns how the command ends.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Nothing { .. } => Exit::Usage,
            Self::Busy { .. } => Exit::State,
        }
    }
}

/// What was done for one destination.
#[derive(Debug)]
pub struct Backfilled {
    /// Its address, without what may be a secret.
    pub destination: String,
    /// What was done.
    pub report: BackfillReport,
}

/// Sends each destination in turn what it does not have of the time that is `wanted`, and returns what was done, in the
/// order of the settings.
///
/// # Errors
/// A [`CommandError`] if nothing could be tried, or the state failed on the way.
pub async fn backfill(
    settings: &Settings,
    dirs: &Dirs,
    wanted: &Wanted,
    bars: &MultiProgress,
) -> Result<Vec<Backfilled>, CommandError> {
    let now = Local::now();
    let wall = Time::from(now.to_utc());
    let end = horizon(wall, settings.settle);
    let (since, until) = bounds(wanted.since, wanted.until, &now, end);
    if since >= until {
        return Err(BackfillError::Nothing { since, until }.into());
    }
    let store = Store::new(&dirs.data, settings.testing);
    store.create()?;
    let _lock = Lock::take(&store, "backfill").map_err(|error| match error {
        LockError::Held { holder } => CommandError::from(BackfillError::Busy { holder }),
        error @ LockError::Io { .. } => error.into(),
    })?;
    let store = store.open().map_err(StoreError::set_aside)?;
    let synchronizers = synchronizers(settings, &reader(settings)?, &store);
    let several = synchronizers.len() > 1;
    let mut done = Vec::new();
    for mut synchronizer in synchronizers {
        let destination = synchronizer.destination().to_owned();
        let plan = BackfillPlan {
            range: Interval::new(since, until),
            only_refused: wanted.only_refused,
            rate: wanted.rate,
        };
        let bar = Bar::new(bars, several.then_some(&*destination));
        let now = Now {
            wall,
            monotonic: Instant::now(),
        };
        let patience = Patience::Each(PATIENCE);
        let show = |progress| bar.show(progress);
        let report = synchronizer.backfill(now, plan, patience, show).await?;
        bar.finish();
        done.push(Backfilled {
            destination,
            report,
        });
    }
    Ok(done)
}

/// Says what was done, but for the problems.
///
/// # Errors
/// Those of `out`.
pub fn print(report: &BackfillReport, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "sent {} in {}; {} there already",
        plural(report.samples, "sample", "samples"),
        plural(report.requests, "request", "requests"),
        plural(report.present, "was", "were"),
    )?;
    if report.changed_steps > 0 {
        writeln!(
            out,
            "{} would differ from what is there, and stay as they are",
            plural(
                report.changed_steps,
                "step of a metric",
                "steps of a metric"
            ),
        )?;
    }
    if report.unasked > 0 {
        writeln!(
            out,
            "{} left out, since nobody tells what is there: set `query-url` under `[remote-write]`",
            plural(
                report.unasked,
                "refused stretch was",
                "refused stretches were"
            ),
        )?;
    }
    if report.elsewhere > 0 {
        writeln!(
            out,
            "{} left out, since the machine is not among those that are read",
            plural(
                report.elsewhere,
                "refused stretch was",
                "refused stretches were"
            ),
        )?;
    }
    if report.left > 0 {
        writeln!(
            out,
            "{} still missing: `aw-sync-agent status` lists them",
            match report.left {
                1 => "1 refused sample is".to_owned(),
                left => format!("{left} refused samples are"),
            }
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(report: &BackfillReport) -> String {
        let mut out = Vec::new();
        print(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_person_is_told_what_was_done_and_what_is_left() {
        insta::assert_snapshot!(said(&BackfillReport::default()), @"sent 0 samples in 0 requests; 0 were there already");
        let report = BackfillReport {
            samples: 12_345,
            requests: 2,
            present: 1,
            changed_steps: 3,
            left: 7,
            unasked: 1,
            elsewhere: 2,
            problems: vec![],
        };
        insta::assert_snapshot!(said(&report), @"
        sent 12345 samples in 2 requests; 1 was there already
        3 steps of a metric would differ from what is there, and stay as they are
        1 refused stretch was left out, since nobody tells what is there: set `query-url` under `[remote-write]`
        2 refused stretches were left out, since the machine is not among those that are read
        7 refused samples are still missing: `aw-sync-agent status` lists them
        ");
    }
}
