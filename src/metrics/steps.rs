use crate::timeline::Step;

/// Nanoseconds, or billionths of a count, by step: ascending, each step once.
///
/// Events come in order of time, so that nearly all is added at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Steps(Vec<(Step, i64)>);

impl Steps {
    /// Adds to what a step has.
    pub(super) fn add(&mut self, step: Step, amount: i64) {
        *self.amount(step) += amount;
    }

    /// Replaces what a step has.
    pub(super) fn set(&mut self, step: Step, amount: i64) {
        *self.amount(step) = amount;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Step, i64)> {
        self.0.iter().copied()
    }

    /// Returns the first step that is not before `step`.
    pub(super) fn first_from(&self, step: Step) -> Option<Step> {
        let place = self.0.partition_point(|(other, _)| *other < step);
        self.0.get(place).map(|(step, _)| *step)
    }

    /// Leaves out the steps that are not `wanted`.
    pub(super) fn retain(&mut self, wanted: impl Fn(Step) -> bool) {
        self.0.retain(|(step, _)| wanted(*step));
    }

    fn amount(&mut self, step: Step) -> &mut i64 {
        let place = match self.0.last() {
            Some((last, _)) if *last == step => self.0.len() - 1,
            Some((last, _)) if *last > step => {
                let found = self.0.binary_search_by_key(&step, |(other, _)| *other);
                found.unwrap_or_else(|place| {
                    self.0.insert(place, (step, 0));
                    place
                })
            }
            _ => {
                self.0.push((step, 0));
                self.0.len() - 1
            }
        };
        &mut self.0[place].1
    }
}

impl IntoIterator for Steps {
    type Item = (Step, i64);
    type IntoIter = std::vec::IntoIter<(Step, i64)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Of several amounts of a step the last counts.
impl Extend<(Step, i64)> for Steps {
    fn extend<I: IntoIterator<Item = (Step, i64)>>(&mut self, amounts: I) {
        for (step, amount) in amounts {
            self.set(step, amount);
        }
    }
}

#[cfg(test)]
impl<const N: usize> From<[(Step, i64); N]> for Steps {
    fn from(amounts: [(Step, i64); N]) -> Self {
        let mut steps = Self::default();
        steps.extend(amounts);
        steps
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn step(minute: i64) -> Step {
        Step::of_timestamp_ms(minute * 60_000)
    }

    proptest! {
        #[test]
        fn steps_are_a_sorted_map(amounts in prop::collection::vec((0_i64..8, -5_i64..5, any::<bool>()), 0..20), from in 0_i64..9) {
            let (mut steps, mut map) = (Steps::default(), BTreeMap::new());
            for (minute, amount, adds) in amounts {
                let step = step(minute);
                if adds {
                    steps.add(step, amount);
                    *map.entry(step).or_default() += amount;
                } else {
                    steps.set(step, amount);
                    map.insert(step, amount);
                }
            }
            let from = step(from);
            prop_assert_eq!(steps.first_from(from), map.range(from..).next().map(|(step, _)| *step));
            prop_assert!(steps.iter().eq(map.clone()));
            steps.retain(|step| step >= from);
            prop_assert!(steps.into_iter().eq(map.split_off(&from)));
        }
    }
}
