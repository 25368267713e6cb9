//! `aw_switches`: how often another app came to the front while somebody was there.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ActiveWindow;
use crate::metrics::count::BILLIONTHS;
use crate::metrics::steps::Steps;
use crate::metrics::window;
use crate::stable_hash::stable_hash;
use crate::timeline::{Step, Time};

/// The app that was in front last while somebody was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InFront {
    /// A hash of its name: which one it was is nobody's business.
    app: u64,
    until: Time,
}

/// Goes on with what was `in_front`, and returns how often it changed in the step in which the new app begins; `windows`
/// ascend.
///
/// What comes first after a break is no switch: nobody was torn out of anything.
pub(super) fn follow(
    in_front: &mut Option<InFront>,
    windows: &[ActiveWindow<'_>],
    min_break: Duration,
) -> Steps {
    let mut steps = Steps::default();
    let mut hashes = HashMap::new();
    for ActiveWindow {
        interval, event, ..
    } in windows
    {
        let name = window::app(event);
        let app = *hashes.entry(name).or_insert_with(|| stable_hash(name));
        let last = in_front.filter(|last| interval.start().since(last.until) < min_break);
        if last.is_some_and(|last| last.app != app) {
            steps.add(Step::containing(interval.start()), BILLIONTHS);
        }
        let until = last.map_or(interval.end(), |last| last.until.max(interval.end()));
        *in_front = Some(InFront { app, until });
    }
    steps
}
