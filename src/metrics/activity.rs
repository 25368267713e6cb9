//! `aw_activity_seconds{watcher,type}`: how long a watcher without a metric of its own saw something.

use super::{EventLabels, UNKNOWN};
use crate::activitywatch::Bucket;

/// The data may hold anything, so none of it becomes a label.
pub(super) fn labels(bucket: &Bucket) -> EventLabels {
    let or_unknown = |text: &str| if text.is_empty() { UNKNOWN } else { text }.to_owned();
    vec![
        ("__name__", "aw_activity_seconds".to_owned()),
        ("watcher", or_unknown(&bucket.client)),
        ("type", or_unknown(&bucket.kind)),
    ]
}
