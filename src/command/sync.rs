//! `sync`: one pass, now.

use std::io::IsTerminal as _;
use std::time::Duration;

use chrono::Utc;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::CommandError;
use super::reader::reader;
use crate::checkpoint::{Lock, Store};
use crate::dirs::Dirs;
use crate::remote_write::Patience;
use crate::settings::Settings;
use crate::synchronizer::{Now, PassReport, Progress, Synchronizer};
use crate::timeline::Time;

/// How long a receiver that is away is tried again. Somebody waits at the terminal.
const PATIENCE: Duration = Duration::from_secs(10);

/// A pass over less than this is over before anybody wonders how far it is.
const LONG_PASS: Duration = Duration::from_hours(48);

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
    let reader = reader(&settings)?;
    let destination = settings
        .remote_write
        .first()
        .expect("settings have a destination")
        .clone();
    Ok(Synchronizer::new(settings, reader, &destination, store)?)
}

/// The progress bar of a long pass.
struct Bar {
    bar: ProgressBar,
}

impl Bar {
    fn new(bars: &MultiProgress) -> Self {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {percent} %, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar =
            ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_style(style);
        if std::io::stderr().is_terminal() {
            bars.add(bar.clone());
        }
        Self { bar }
    }

    fn show(&self, progress: Progress) {
        let length = progress.until.since(progress.from);
        if length < LONG_PASS {
            return;
        }
        self.bar.set_length(length.as_secs());
        self.bar
            .set_message(progress.at.to_string()[..10].to_owned());
        self.bar
            .set_position(progress.at.since(progress.from).as_secs());
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
