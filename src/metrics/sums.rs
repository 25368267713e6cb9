use std::collections::{BTreeMap, HashMap};

use super::active::{Active, Flooded, flooded};
use super::family::Family;
use super::focus::ActiveWindow;
use super::labelling::Sorted;
use super::seen::Seen;
use super::{Label, Labelling, Source, meta};
use crate::activitywatch::Event;
use crate::timeline::{Interval, Step, split};

/// Nanoseconds, or billionths of a count, by step.
pub(super) type Steps = BTreeMap<Step, i64>;

/// What the events of a device add up to, by the labels that they give, before the rules have a say.
#[derive(Debug, Default)]
pub(super) struct Sums<'a> {
    pub(super) by_labels: HashMap<Vec<Label>, Steps>,
    /// The windows during which somebody was there, or nobody knows.
    pub(super) active_windows: Vec<ActiveWindow<'a>>,
}

impl<'a> Sums<'a> {
    pub(super) fn of<'s: 'a>(
        sources: impl IntoIterator<Item = Source<'s>>,
        labelling: Labelling<'a>,
    ) -> Self {
        let mut sums = Self::default();
        let mut sorted = Sorted::by(labelling.categories);
        let (counted, timed): (Vec<Source>, Vec<Source>) = sources
            .into_iter()
            .partition(|source| Family::of(source.bucket).is_counted());
        for source in counted {
            sums.count(source, labelling);
        }
        let timed: Vec<(Source, Flooded)> = timed
            .into_iter()
            .map(|source| (source, flooded(source.events)))
            .collect();
        let seen = Seen::by(&timed, labelling.always_active);
        for (index, (source, events)) in timed.iter().enumerate() {
            let family = Family::of(source.bucket);
            for (interval, event, active) in seen.pieces(index, family, events) {
                if family == Family::Window
                    && let Some(active) = active.filter(|active| *active != Active::No)
                    && let Some(interval) = interval.intersect(source.range)
                {
                    sums.active_windows.push(ActiveWindow {
                        interval,
                        bucket: source.bucket,
                        event,
                        category: sorted.category(&event.data),
                        active: active.label(),
                    });
                }
                let labels = family.labels(source.bucket, event, &mut sorted);
                let own = active.map(|active| ("active", active.label().to_owned()));
                let labels = labels.into_iter().chain(own);
                sums.time(*source, labelling, (interval, event), labels);
            }
        }
        sums
    }

    fn time(
        &mut self,
        source: Source<'_>,
        labelling: Labelling<'_>,
        (interval, event): (Interval, &Event),
        labels: impl Iterator<Item = (&'static str, String)>,
    ) {
        let Some(inside) = interval.intersect(source.range) else {
            return;
        };
        let mut labels: Vec<Label> = labels.map(|(name, value)| (name.into(), value)).collect();
        if !labelling.rules.is_empty() {
            labels.extend(meta::labels(source.bucket, &event.data));
        }
        self.add(labels, split(inside));
    }

    fn count(&mut self, source: Source<'_>, labelling: Labelling<'_>) {
        let family = Family::of(source.bucket);
        for event in source.events {
            for count in family.counts(event) {
                let mut labels: Vec<Label> = vec![("__name__".into(), count.metric.to_owned())];
                if !labelling.rules.is_empty() {
                    // The data are what is counted: as labels, each count would be a series of its own.
                    labels.extend(meta::labels(source.bucket, &serde_json::Map::new()));
                }
                self.add(labels, count.shares(source.range));
            }
        }
    }

    fn add(&mut self, labels: Vec<Label>, amounts: impl IntoIterator<Item = (Step, i64)>) {
        let mut amounts = amounts.into_iter().peekable();
        if amounts.peek().is_none() {
            return;
        }
        let steps = self.by_labels.entry(labels).or_default();
        for (step, amount) in amounts {
            *steps.entry(step).or_default() += amount;
        }
    }
}
