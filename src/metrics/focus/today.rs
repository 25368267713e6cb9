//! `aw_today_seconds`: how much of the person's day has gone into each category, as of the end of a step.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ActiveWindow;
use crate::metrics::Labels;
use crate::metrics::steps::Steps;
use crate::timeline::{Interval, Step, Time, split};

/// What has come together on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Today {
    begin: Time,
    /// By category.
    nanos: BTreeMap<String, i64>,
}

impl Today {
    /// When the day began.
    pub(super) const fn begin(&self) -> Time {
        self.begin
    }
}

/// Goes on with `today`, and returns the nanoseconds of each label set that grew in a step, after it.
///
/// A step belongs to the day in which it begins. `labels_of` returns the labels of a category; those that come to have
/// the same ones are counted together.
pub(super) fn follow<'a>(
    today: &mut Option<Today>,
    windows: &[ActiveWindow<'a>],
    day_of: &dyn Fn(Time) -> Interval,
    labels_of: impl Fn(&str) -> Option<Labels>,
) -> BTreeMap<Labels, Steps> {
    let parts = |window: &ActiveWindow<'a>| {
        let category = window.category;
        split(window.interval).map(move |(step, nanos)| (step, category, nanos))
    };
    let mut parts: Vec<(Step, &str, i64)> = windows.iter().flat_map(parts).collect();
    parts.sort_by_key(|&(step, category, _)| (step, category));
    let mut labels = BTreeMap::<String, Option<Labels>>::new();
    let mut totals = BTreeMap::<&str, Steps>::new();
    let mut day = Interval::new(Time::EPOCH, Time::EPOCH);
    for parts in parts.chunk_by(|(one, ..), (other, ..)| one == other) {
        let step = parts[0].0;
        let start = step.start();
        if start < day.start() || start >= day.end() {
            day = day_of(start);
        }
        if today
            .as_ref()
            .is_some_and(|today| today.begin != day.start())
        {
            *today = None;
        }
        let today = today.get_or_insert_with(|| Today {
            begin: day.start(),
            nanos: BTreeMap::new(),
        });
        for &(_, category, nanos) in parts {
            match today.nanos.get_mut(category) {
                Some(so_far) => *so_far += nanos,
                None => _ = today.nanos.insert(category.to_owned(), nanos),
            }
        }
        for category in today.nanos.keys() {
            if !labels.contains_key(category) {
                labels.insert(category.clone(), labels_of(category));
            }
        }
        for of_category in parts.chunk_by(|(_, one, _), (_, other, _)| one == other) {
            let category = of_category[0].1;
            let Some(own) = &labels[category] else {
                continue;
            };
            let together = today
                .nanos
                .iter()
                .filter(|(other, _)| labels[*other].as_ref() == Some(own));
            let total = together.map(|(_, nanos)| nanos).sum();
            totals.entry(category).or_default().set(step, total);
        }
    }
    let mut steps = BTreeMap::<Labels, Steps>::new();
    for (category, totals) in totals {
        if let Some(own) = labels.remove(category).flatten() {
            // Two that have the same labels say the same of a step in which both grew.
            steps.entry(own).or_default().extend(totals);
        }
    }
    steps
}
