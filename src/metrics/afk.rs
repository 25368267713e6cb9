//! `aw_afk_seconds{status}`: whether somebody was at the machine, from the one bucket of a device
//! of type `afkstatus` or, where there is none, `systemafkstatus`.

use super::{EventLabels, UNKNOWN};
use crate::activitywatch::Event;

/// Each observed step has a sample, since an AFK watcher always reports one state or the other: no sample means that
/// nothing was watching.
pub(super) fn labels(event: &Event) -> EventLabels {
    vec![
        ("__name__", "aw_afk_seconds".to_owned()),
        ("status", event.text("status").unwrap_or(UNKNOWN).to_owned()),
    ]
}
