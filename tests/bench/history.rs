//! Days at a computer in a real ActivityWatch, made once and kept: a year takes it a quarter of an hour to take in.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::harness::{AwServer, Density, Generator, midnight};

/// After so many days what is kept is made anew: the days since its end would be idle ones that are searched too.
const KEPT_DAYS: i64 = 30;

/// How many days are in memory at once.
const CHUNK_DAYS: u32 = 20;

pub(crate) struct History {
    pub(crate) days: u32,
    pub(crate) events: usize,
    data: PathBuf,
}

impl History {
    /// Returns the history of `days`, from `directory` if it is there and not too old.
    pub(crate) fn of(days: u32, directory: &Path) -> Self {
        let data = directory.join(format!("history-{days}"));
        let made = data.join("made");
        let today = midnight(0);
        if let Some((end, events)) = fs::read_to_string(&made).ok().as_deref().and_then(parsed)
            && today.date_naive() - end <= TimeDelta::days(KEPT_DAYS)
        {
            return Self { days, events, data };
        }
        // Not there the first time.
        fs::remove_dir_all(&data).ok();
        fs::create_dir_all(&data).expect("the directory of temporary files is writable");
        let events = fill(&AwServer::on(&data), days, today);
        fs::write(&made, format!("{} {events}", today.date_naive()))
            .expect("the directory of temporary files is writable");
        Self { days, events, data }
    }

    /// Starts a server that has it.
    pub(crate) fn serve(&self) -> AwServer {
        AwServer::on(&self.data)
    }
}

fn parsed(made: &str) -> Option<(NaiveDate, usize)> {
    let (end, events) = made.split_once(' ')?;
    Some((end.parse().ok()?, events.parse().ok()?))
}

/// Fills a server with the `days` before `end` and returns with how many events.
fn fill(server: &AwServer, days: u32, end: DateTime<Utc>) -> usize {
    let first = end - TimeDelta::days(days.into());
    let mut events = 0;
    for begin in (0..days).step_by(CHUNK_DAYS as usize) {
        let activity = Generator::new(begin.into(), Density::Restless).days(
            first + TimeDelta::days(begin.into()),
            CHUNK_DAYS.min(days - begin),
        );
        if begin == 0 {
            for (bucket, _) in &activity.buckets {
                server.create_bucket(bucket);
            }
        }
        for (bucket, of_bucket) in &activity.buckets {
            server.insert(&bucket.id, of_bucket);
        }
        events += activity.event_count();
    }
    events
}
