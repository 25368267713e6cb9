//! How many label sets a device may have: nothing that a person does may flood the receiver with series.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::steps::Steps;
use super::{Categories, Labelling, Labels};
use crate::stable_hash::stable_hash_of;
use crate::timeline::{Step, Time, utc_day, utc_day_end};

/// What a value becomes in a label set beyond the budget.
const OTHER: &str = "(other)";

/// The label sets that one device may have on one UTC day, and those that it has.
///
/// The first ones of the day keep their names, in order of their first step, then of their labels. Later ones fold into
/// others, whose values are `(other)`, so that no time is lost and every sum over an admitted name stays right. Which
/// are admitted follows from the time before alone: a day computed in pieces, or computed again, is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    limit: usize,
    day: Time,
    admitted: BTreeSet<u64>,
    folded: usize,
}

impl Budget {
    /// Returns the budget of a day, given as any time of it, on which `admitted` label sets have been seen already.
    pub fn new(limit: usize, day: Time, admitted: BTreeSet<u64>) -> Self {
        Self {
            limit,
            day: utc_day(day),
            admitted,
            folded: 0,
        }
    }

    /// The day of the newest label sets: the midnight in UTC at which it begins.
    pub const fn day(&self) -> Time {
        self.day
    }

    /// Hashes of the label sets of the day that keep their names, to go on with later.
    pub const fn admitted(&self) -> &BTreeSet<u64> {
        &self.admitted
    }

    /// How many label sets have been folded, each counted once a day and call.
    pub const fn folded(&self) -> usize {
        self.folded
    }

    /// Folds the label sets that are too many.
    pub(super) fn fold(
        &mut self,
        sums: BTreeMap<Labels, Steps>,
        labelling: Labelling<'_>,
    ) -> BTreeMap<Labels, Steps> {
        let mut first_steps: Vec<(Step, &Labels)> = sums
            .iter()
            .flat_map(|(labels, steps)| first_of_each_day(steps).map(move |step| (step, labels)))
            .collect();
        first_steps.sort_unstable();
        let mut too_many = HashMap::<Labels, BTreeSet<Time>>::new();
        for (step, labels) in first_steps {
            if !self.admits(step, labels) {
                self.folded += 1;
                let days = too_many.entry(labels.clone()).or_default();
                days.insert(utc_day(step.start()));
            }
        }
        if too_many.is_empty() {
            return sums;
        }
        let mut folded = BTreeMap::<Labels, Steps>::new();
        for (labels, steps) in sums {
            let days = too_many.get(&labels);
            let is_too_many =
                |step: Step| days.is_some_and(|days| days.contains(&utc_day(step.start())));
            let (beyond, own): (Steps, Steps) =
                steps.into_iter().partition(|(step, _)| is_too_many(*step));
            for (labels, steps) in [(other(&labels, labelling), beyond), (labels, own)] {
                let sums = folded.entry(labels).or_default();
                for (step, amount) in steps {
                    sums.add(step, amount);
                }
            }
        }
        folded.retain(|_, steps| !steps.is_empty());
        folded
    }

    fn admits(&mut self, step: Step, labels: &Labels) -> bool {
        let day = utc_day(step.start());
        if day != self.day {
            self.day = day;
            self.admitted.clear();
        }
        let hash = hash(labels);
        self.admitted.contains(&hash)
            || self.admitted.len() < self.limit && self.admitted.insert(hash)
    }
}

fn first_of_each_day(steps: &Steps) -> impl Iterator<Item = Step> {
    let first = steps.iter().next().map(|(step, _)| step);
    std::iter::successors(first, |first| {
        steps.first_from(Step::containing(utc_day_end(first.start())))
    })
}

/// Returns what a label set folds into: the metric's name, the device's own labels and values of which there are few
/// stay, so that the time of a category and of somebody's presence is right whatever is folded.
fn other(labels: &Labels, labelling: Labelling<'_>) -> Labels {
    let is_common = |label: &str| labelling.common.iter().any(|(name, _)| name == label);
    Labels::new(labels.iter().map(|(name, value)| {
        let stays = is_common(name) || is_one_of_few(name, value, labelling.categories);
        (
            name.to_owned(),
            if stays { value } else { OTHER }.to_owned(),
        )
    }))
}

/// Whether the agent itself or the person's categories set this value; rules may have put anything there.
fn is_one_of_few(name: &str, value: &str, categories: &Categories) -> bool {
    match name {
        "__name__" => true,
        "active" | "audible" => matches!(value, "true" | "false" | "unknown"),
        "status" => matches!(value, "afk" | "not-afk" | "system-afk"),
        "category" => categories.has(value),
        _ => false,
    }
}

/// Returns the same for the same labels in every version and on every machine.
fn hash(labels: &Labels) -> u64 {
    const END: &[u8] = &[0xff]; // in no text
    let texts = labels.iter().flat_map(|(name, value)| [name, value]);
    stable_hash_of(texts.flat_map(|text| [text.as_bytes(), END]))
}

#[cfg(test)]
mod tests;
