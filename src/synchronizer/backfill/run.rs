use std::collections::BTreeMap;

use super::{BackfillPlan, BackfillReport};
use crate::checkpoint::{Cause, Retried};
use crate::remote_write::Patience;
use crate::synchronizer::PassReport;
use crate::synchronizer::plan::Target;
use crate::synchronizer::stored::Compared;
use crate::synchronizer::stretches::Stretches;
use crate::timeline::{Interval, Time};

/// A backfill under way.
pub(super) struct Run {
    pub(super) plan: BackfillPlan,
    pub(super) stretches: Stretches,
    /// Whether somebody tells what the receiver has.
    pub(super) can_ask: bool,
    /// What was refused for these causes is settled by it.
    pub(super) causes: Vec<Cause>,
    /// Whether the receiver takes samples as old as these.
    pub(super) is_accepted: bool,
    /// All time before it has been gone through.
    pub(super) at: Time,
    pub(super) patience: Patience,
    pub(super) pass: PassReport,
    pub(super) report: BackfillReport,
}

impl Run {
    /// Returns one that has not begun.
    pub(super) fn new(plan: BackfillPlan, patience: Patience) -> Self {
        Self {
            plan,
            stretches: Stretches::default(),
            can_ask: false,
            causes: Vec::new(),
            is_accepted: false,
            at: Time::EPOCH,
            patience,
            pass: PassReport::default(),
            report: BackfillReport::default(),
        }
    }

    /// Returns what has been gone through once all before `until` is sent.
    pub(super) fn retried(
        &self,
        targets: &[Target],
        compared: &BTreeMap<usize, Compared>,
        until: Time,
    ) -> Vec<Retried> {
        let now = Interval::new(self.at, until);
        let mut retried = Vec::new();
        for (place, compared) in compared {
            let state = &targets[*place].state;
            for stretch in self.stretches.of(*place, now) {
                let is_inside = |timestamp_ms: i64| {
                    let time = Time::from_millis(timestamp_ms);
                    stretch.start() <= time && time < stretch.end()
                };
                let missing = compared.missing.iter().flat_map(|series| &series.samples);
                let missing = missing.filter(|sample| is_inside(sample.timestamp_ms));
                let kept = compared.kept.and_then(|kept| kept.intersect(stretch));
                retried.push(Retried {
                    user: state.user.clone(),
                    host: state.host.clone(),
                    from: stretch.start(),
                    until: stretch.end(),
                    kept: kept.map(|kept| (kept.start(), kept.end())),
                    missing: missing.count() as u64,
                    causes: self.causes.clone(),
                });
            }
        }
        retried
    }
}
