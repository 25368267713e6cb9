//! `preview`: what would be sent of a day, before it is.

mod print;
mod summary;

use chrono::Local;
use tokio::time::Instant;

use super::CommandError;
use super::reader::reader;
use crate::checkpoint::Store;
use crate::day::{Day, DayName};
use crate::dirs::Dirs;
use crate::metrics::Rules;
use crate::settings::Settings;
use crate::synchronizer::{Now, Preview, Synchronizer};
use crate::timeline::Time;

pub use print::{print, print_json, print_openmetrics};

/// What would be sent to one destination.
pub struct DestinationPreview {
    /// Its address, without what may be a secret.
    pub destination: String,
    /// The rules on labels that hold for it.
    pub rules: Rules,
    /// What would be sent.
    pub preview: Preview,
}

/// Returns what would be sent of a day, given in local time, to each destination.
///
/// # Errors
/// A [`CommandError`] if nothing can be read at all.
pub async fn preview(
    settings: &Settings,
    dirs: &Dirs,
    day: DayName,
) -> Result<Vec<DestinationPreview>, CommandError> {
    let now = Local::now();
    let Day { range, .. } = Day::of(&Local, day.date(now.date_naive()));
    let store = Store::new(&dirs.data, settings.testing);
    // Only looked at: a damaged one is not moved aside, as a pass would do.
    let store = store.open()?;
    let reader = reader(settings)?;
    let now = Now {
        wall: Time::from(now.to_utc()),
        monotonic: Instant::now(),
    };
    let mut previews = Vec::new();
    for destination in settings.by_destination() {
        let rules = destination.settings.relabel.clone();
        let mut synchronizer = Synchronizer::new(destination, reader.clone(), &store);
        previews.push(DestinationPreview {
            preview: synchronizer.preview(now, range).await,
            destination: synchronizer.destination().to_owned(),
            rules,
        });
    }
    Ok(previews)
}

#[cfg(test)]
mod tests;
