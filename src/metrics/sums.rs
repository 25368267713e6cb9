use std::collections::HashMap;

use super::active::{Flooded, flooded};
use super::family::Family;
use super::focus::ActiveWindow;
use super::labelling::Sorted;
use super::seen::{Piece, Seen};
use super::steps::Steps;
use super::{Active, Label, Labelling, Source, meta, with_meta};
use crate::timeline::split;

/// What the events of a device add up to.
#[derive(Debug, Default)]
pub(super) struct Sums<'a> {
    /// By the labels that events give, before the rules have a say; each label set once, with at least one step.
    pub(super) by_labels: Vec<(Vec<Label>, Steps)>,
    /// The windows during which somebody was there, or nobody knows.
    pub(super) active_windows: Vec<ActiveWindow<'a>>,
    /// Where in `by_labels` a label set is.
    places: HashMap<Vec<Label>, usize>,
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
            let pieces = seen.pieces(index, Family::of(source.bucket), events);
            sums.time(*source, labelling, &mut sorted, pieces);
        }
        sums
    }

    fn time<'s: 'a>(
        &mut self,
        source: Source<'s>,
        labelling: Labelling<'a>,
        sorted: &mut Sorted<'a>,
        pieces: Vec<Piece<'s>>,
    ) {
        let bucket = source.bucket;
        let family = Family::of(bucket);
        // Most data come again and again, and to make labels of them takes longer than to add up.
        let mut known = HashMap::<(usize, Option<Active>), usize>::new();
        for (interval, event, active) in pieces {
            let Some(inside) = interval.intersect(source.range) else {
                continue;
            };
            if family == Family::Window
                && let Some(active) = active.filter(|active| *active != Active::No)
            {
                self.active_windows.push(ActiveWindow {
                    interval: inside,
                    bucket,
                    event,
                    category: sorted.category(&event.data),
                    active: active.label(),
                });
            }
            let place = *known
                .entry((event.data.place(), active))
                .or_insert_with(|| {
                    let labels = family.labels(bucket, event, sorted);
                    let own = active.map(|active| ("active", active.label().to_owned()));
                    self.place(with_meta(bucket, event, labels, own, labelling))
                });
            let steps = &mut self.by_labels[place].1;
            for (step, nanos) in split(inside) {
                steps.add(step, nanos);
            }
        }
    }

    fn count(&mut self, source: Source<'_>, labelling: Labelling<'_>) {
        let family = Family::of(source.bucket);
        for event in source.events {
            for count in family.counts(event) {
                let shares = count.shares(source.range);
                if shares.is_empty() {
                    continue;
                }
                let mut labels: Vec<Label> = vec![("__name__".into(), count.metric.to_owned())];
                if !labelling.rules.is_empty() {
                    // The data are what is counted: as labels, each count would be a series of its own.
                    labels.extend(meta::labels(source.bucket, &serde_json::Map::new()));
                }
                let place = self.place(labels);
                let steps = &mut self.by_labels[place].1;
                for (step, amount) in shares {
                    steps.add(step, amount);
                }
            }
        }
    }

    /// Returns where a label set is, or is from now on.
    fn place(&mut self, labels: Vec<Label>) -> usize {
        if let Some(place) = self.places.get(&labels) {
            return *place;
        }
        let place = self.by_labels.len();
        self.places.insert(labels.clone(), place);
        self.by_labels.push((labels, Steps::default()));
        place
    }
}
