//! `aw_today_seconds`: how much of the person's day has gone into each category, as of the end of a step.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ActiveWindow;
use crate::metrics::Labels;
use crate::metrics::sums::Steps;
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
pub(super) fn follow(
    today: &mut Option<Today>,
    windows: &[ActiveWindow<'_>],
    day_of: &dyn Fn(Time) -> Interval,
    labels_of: impl Fn(&str) -> Option<Labels>,
) -> BTreeMap<Labels, Steps> {
    let mut grown = BTreeMap::<Step, BTreeMap<&str, i64>>::new();
    for window in windows {
        for (step, nanos) in split(window.interval) {
            *grown
                .entry(step)
                .or_default()
                .entry(window.category)
                .or_default() += nanos;
        }
    }
    let mut labels = BTreeMap::<String, Option<Labels>>::new();
    let mut steps = BTreeMap::<Labels, Steps>::new();
    let mut day = Interval::new(Time::EPOCH, Time::EPOCH);
    for (step, categories) in grown {
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
        for (category, nanos) in &categories {
            *today.nanos.entry((*category).to_owned()).or_default() += nanos;
        }
        for category in today.nanos.keys() {
            if !labels.contains_key(category) {
                labels.insert(category.clone(), labels_of(category));
            }
        }
        for category in categories.keys() {
            let Some(own) = &labels[*category] else {
                continue;
            };
            let together = today
                .nanos
                .iter()
                .filter(|(other, _)| labels[*other].as_ref() == Some(own));
            let total = together.map(|(_, nanos)| nanos).sum();
            steps.entry(own.clone()).or_default().insert(step, total);
        }
    }
    steps
}
