//! `sync`: one pass, now.

use std::time::Duration;

use chrono::Utc;
use indicatif::MultiProgress;
use tokio::time::Instant;

use super::CommandError;
use super::bar::Bar;
use super::reader::reader;
use super::together::together;
use crate::activitywatch::Reader;
use crate::checkpoint::{Lock, OpenStore, Store, StoreError};
use crate::dirs::Dirs;
use crate::remote_write::Patience;
use crate::settings::Settings;
use crate::synchronizer::{Now, PassReport, Synchronizer};
use crate::timeline::Time;

/// How long a receiver that is away is tried again. Somebody waits at the terminal.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What was done for one destination.
#[derive(Debug)]
pub struct Synced {
    /// Its address, without what may be a secret.
    pub destination: String,
    /// What was done.
    pub report: PassReport,
}

/// Delivers all that is final to each destination and returns what was done, in the order of the settings.
///
/// # Errors
/// A [`CommandError`] if nothing could be tried, or the state failed on the way.
pub async fn sync(
    settings: &Settings,
    dirs: &Dirs,
    bars: &MultiProgress,
) -> Result<Vec<Synced>, CommandError> {
    let store = Store::new(&dirs.data, settings.testing);
    store.create()?;
    let _lock = Lock::take(&store, "sync")?;
    let store = store.open().map_err(StoreError::set_aside)?;
    let synchronizers = synchronizers(settings, &reader(settings)?, &store);
    let several = synchronizers.len() > 1;
    let passes = synchronizers
        .into_iter()
        .map(|mut synchronizer| async move {
            let destination = synchronizer.destination().to_owned();
            let bar = Bar::new(bars, several.then_some(&*destination));
            let now = Now {
                wall: Time::from(Utc::now()),
                monotonic: Instant::now(),
            };
            let report = synchronizer
                .pass(now, Patience::Each(PATIENCE), |progress| bar.show(progress))
                .await?;
            bar.finish();
            Ok(Synced {
                destination,
                report,
            })
        });
    together(passes).await.into_iter().collect()
}

/// Returns the synchronizer of each destination, going on where `store` says.
pub(super) fn synchronizers(
    settings: &Settings,
    reader: &Reader,
    store: &OpenStore,
) -> Vec<Synchronizer> {
    let destinations = settings.by_destination().into_iter();
    destinations
        .map(|destination| Synchronizer::new(destination, reader.clone(), store))
        .collect()
}
