//! `aw_unlocks`: how often a phone was unlocked, from buckets of type `os.lockscreen.unlocks`.

use super::count::{BILLIONTHS, Count};
use crate::activitywatch::Event;
use crate::timeline::Interval;

/// Each event is one unlock, at its start.
pub(super) fn counts(event: &Event) -> Vec<Count> {
    let at = event.interval.start();
    vec![Count {
        metric: "aw_unlocks",
        billionths: BILLIONTHS,
        during: Interval::new(at, at),
    }]
}
