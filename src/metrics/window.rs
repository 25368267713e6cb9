//! `aw_window_seconds{app,category,active}`: how long each application had the focus, and whether somebody was there, from buckets of type `currentwindow`.

use super::{EventLabels, UNKNOWN};
use crate::activitywatch::Event;

/// Returns the name of the application.
pub(super) fn app(event: &Event) -> &str {
    event.text("app").unwrap_or(UNKNOWN)
}

/// Titles and addresses are in the data too; they stay there.
pub(super) fn labels(event: &Event, category: &str) -> EventLabels {
    vec![
        ("__name__", "aw_window_seconds".to_owned()),
        ("app", app(event).to_owned()),
        ("category", category.to_owned()),
    ]
}
