//! `aw_afk_seconds{status}`: whether somebody was at the machine, from buckets of type `afkstatus` and `systemafkstatus`.

use super::{EventLabels, UNKNOWN};
use crate::activitywatch::{Bucket, Event};

/// Each observed step has a sample, since an AFK watcher always reports one state or the other: no sample means that
/// nothing was watching.
pub(super) fn labels(_bucket: &Bucket, event: &Event) -> EventLabels {
    vec![
        ("__name__", "aw_afk_seconds".to_owned()),
        ("status", event.text("status").unwrap_or(UNKNOWN).to_owned()),
    ]
}
