//! From events to series: which metric a bucket feeds, which labels an event gives, and the sums of each step.
//!
//! A sample is a pure function of events, settings and step. Sums are made in integer nanoseconds and become seconds
//! once, at the end, so that the same step computed again carries the same bits.

mod active;
mod activity;
mod addition;
mod afk;
mod browser;
mod category;
mod editor;
mod family;
mod labelling;
mod meta;
pub mod relabel;
mod seen;
mod series;
mod web;
mod window;

use std::collections::{BTreeMap, HashMap};

use crate::activitywatch::{Bucket, Event};
use crate::timeline::{Interval, Step, split};
use active::{Flooded, flooded};
use family::Family;
use labelling::Sorted;
use seen::Seen;

pub use addition::{Additions, additions};
pub use category::{Categories, CategoryRule, ExportError, RuleError, SkippedRule};
pub use family::{depend_on_each_other, feed_one_metric, waits_for};
pub use labelling::Labelling;
pub use relabel::{Label, Rules};
pub(crate) use series::MAX_VALUE_BYTES;
pub use series::{Labels, Sample, Series};

/// The value of a label that the watcher left empty.
const UNKNOWN: &str = "unknown";

/// The labels that an event of a bucket gives by itself, the metric's name among them.
type EventLabels = Vec<(&'static str, String)>;

/// What a bucket has to say of a stretch of time.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The bucket.
    pub bucket: &'a Bucket,
    /// Its events. They reach beyond the range, so that their neighbours are known.
    pub events: &'a [Event],
    /// What of them counts; should lie on step edges. Empty if they only say when somebody was active.
    pub range: Interval,
}

/// Returns the series of one device, ascending by labels.
///
/// A step without activity has no sample. Events that a rule drops, or whose metric's name a rule takes away, are left
/// out.
pub fn device_series<'a>(
    sources: impl IntoIterator<Item = Source<'a>>,
    labelling: Labelling<'_>,
) -> Vec<Series> {
    let mut sums = HashMap::<Vec<Label>, BTreeMap<Step, i64>>::new();
    let mut sorted = Sorted::by(labelling.categories);
    let sources: Vec<(Source, Flooded)> = sources
        .into_iter()
        .map(|source| (source, flooded(source.events)))
        .collect();
    let seen = Seen::by(&sources, labelling.always_active);
    for (index, (Source { bucket, range, .. }, events)) in sources.iter().enumerate() {
        let family = Family::of(bucket);
        for (interval, event, own) in seen.pieces(index, family, events) {
            let Some(inside) = interval.intersect(*range) else {
                continue;
            };
            let labels = family
                .labels(bucket, event, &mut sorted)
                .into_iter()
                .chain(own);
            let mut labels: Vec<Label> = labels.map(|(name, value)| (name.into(), value)).collect();
            if !labelling.rules.is_empty() {
                labels.extend(meta::labels(bucket, event));
            }
            let steps = sums.entry(labels).or_default();
            for (step, nanos) in split(inside) {
                *steps.entry(step).or_default() += nanos;
            }
        }
    }
    // What differs in the events can be equal in the series: rules join label sets, and so does the longest length of
    // a value.
    let mut series = BTreeMap::<Labels, BTreeMap<Step, i64>>::new();
    for (labels, steps) in sums {
        let Some(labels) = labelling.final_labels(labels) else {
            continue;
        };
        let sums = series.entry(labels).or_default();
        for (step, nanos) in steps {
            *sums.entry(step).or_default() += nanos;
        }
    }
    let samples = |steps: BTreeMap<Step, i64>| steps.into_iter().map(sample).collect();
    series
        .into_iter()
        .map(|(labels, steps)| Series {
            labels,
            samples: samples(steps),
        })
        .collect()
}

fn sample((step, nanos): (Step, i64)) -> Sample {
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^53 ns = 104 days, and a step of one series is far below"
    )]
    let value = nanos as f64 / 1e9;
    Sample {
        timestamp_ms: step.timestamp_ms(),
        value,
    }
}

#[cfg(test)]
mod tests;
