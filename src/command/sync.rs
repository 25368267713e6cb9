//! `sync`: one pass, now.

use std::time::Duration;

use chrono::Utc;
use indicatif::MultiProgress;
use tokio::time::Instant;

use super::CommandError;
use super::bar::Bar;
use super::reader::reader;
use crate::activitywatch::Reader;
use crate::checkpoint::{Lock, Store};
use crate::dirs::Dirs;
use crate::remote_write::Patience;
use crate::settings::Settings;
use crate::synchronizer::{Now, PassReport, Synchronizer};
use crate::timeline::Time;

/// How long a receiver that is away is tried again. Somebody waits at the terminal.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Delivers all that is final and returns what was done.
///
/// # Errors
/// A [`CommandError`] if nothing could be tried, or the state failed on the way.
pub async fn sync(
    settings: Settings,
    dirs: &Dirs,
    bars: &MultiProgress,
) -> Result<PassReport, CommandError> {
    let store = Store::new(&dirs.data, settings.testing);
    store.create()?;
    let _lock = Lock::take(&store, "sync")?;
    let mut synchronizer = synchronizer(settings, store)?;
    let bar = Bar::new(bars);
    let now = Now {
        wall: Time::from(Utc::now()),
        monotonic: Instant::now(),
    };
    let report = synchronizer
        .pass(now, Patience::Each(PATIENCE), |progress| bar.show(progress))
        .await?;
    bar.finish();
    Ok(report)
}

/// Returns the synchronizer that `settings` describe, going on where `store` says.
///
/// # Errors
/// A [`CommandError`] of the servers' or the store's.
///
/// # Panics
/// If the settings have no destination, which validation rules out.
pub fn synchronizer(settings: Settings, store: Store) -> Result<Synchronizer, CommandError> {
    synchronizer_of(reader(&settings)?, settings, store)
}

/// Returns the synchronizer that `settings` describe, but for what it reads.
///
/// # Errors
/// A [`CommandError`] of the store's.
///
/// # Panics
/// As [`synchronizer`].
pub(super) fn synchronizer_of(
    reader: Reader,
    settings: Settings,
    store: Store,
) -> Result<Synchronizer, CommandError> {
    let destination = settings
        .remote_write
        .first()
        .expect("settings have a destination")
        .clone();
    Ok(Synchronizer::new(settings, reader, &destination, store)?)
}
