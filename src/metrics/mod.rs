//! From events to series: which metric a bucket feeds, which labels an event gives, and the sums of each step.
//!
//! A sample is a pure function of events, settings and step. Sums are made in integer nanoseconds, or
//! billionths of a count, and become numbers once, at the end, so that the same step computed again carries the same bits.

mod active;
mod activity;
mod addition;
mod afk;
mod browser;
mod budget;
mod category;
mod count;
mod editor;
mod effect;
mod family;
mod focus;
mod input;
mod labelling;
mod media;
mod meta;
pub mod relabel;
mod seen;
mod series;
mod steps;
mod sums;
mod unlock;
mod web;
mod window;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::activitywatch::{Bucket, Event};
use crate::timeline::{Interval, Step};
use browser::Browser;
use steps::Steps;
use sums::Sums;

pub use active::Active;
pub use addition::{Additions, additions};
pub use budget::Budget;
pub use category::{Categories, CategoryRule, ExportError, RuleError, SkippedRule};
pub use effect::{RuleEffect, rule_effects};
pub use family::{depend_on_each_other, feed_one_metric, is_window, say_together, waits_for};
pub use focus::{Focus, FocusRules, adds_up, depends_on_the_past};
pub use labelling::Labelling;
pub use relabel::{Label, Rules};
pub(crate) use series::MAX_VALUE_BYTES;
pub use series::{Labels, Sample, Series, joined};

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
/// out. Label sets beyond the budget are folded. With a `focus` that knows the time before, there are its series too; of
/// these there are few, and they are not in the budget.
pub fn device_series<'a>(
    sources: impl IntoIterator<Item = Source<'a>>,
    labelling: Labelling<'_>,
    focus: Option<(&mut Focus, FocusRules<'_>)>,
    budget: &mut Budget,
) -> Vec<Series> {
    // What differs in the events can be equal in the series: rules join label sets, and so does the longest length of
    // a value.
    let mut sums = BTreeMap::<Labels, Steps>::new();
    let Sums {
        by_labels,
        active_windows,
        ..
    } = Sums::of(sources, labelling);
    for (labels, steps) in by_labels {
        let Some(labels) = labelling.final_labels(labels) else {
            continue;
        };
        match sums.entry(labels) {
            Entry::Vacant(entry) => _ = entry.insert(steps),
            Entry::Occupied(mut entry) => {
                for (step, amount) in steps {
                    entry.get_mut().add(step, amount);
                }
            }
        }
    }
    let mut all = budget.fold(sums, labelling);
    if let Some((focus, rules)) = focus {
        for (labels, steps) in focus.follow(&active_windows, rules, labelling) {
            all.entry(labels).or_default().extend(steps);
        }
    }
    let samples = |steps: Steps| steps.into_iter().map(sample).collect();
    all.into_iter()
        .map(|(labels, steps)| Series {
            labels,
            samples: samples(steps),
        })
        .collect()
}

/// Returns the labels of the series that the time of a window's event goes into; `None` if the rules drop it.
pub fn window_labels(
    bucket: &Bucket,
    event: &Event,
    category: &str,
    active: Active,
    labelling: Labelling<'_>,
) -> Option<Labels> {
    let own = Some(("active", active.label().to_owned()));
    let labels = with_meta(
        bucket,
        event,
        window::labels(event, category),
        own,
        labelling,
    );
    labelling.final_labels(labels)
}

/// Returns a regex of the apps that are the browser which writes `bucket`; `None` of browsers that ActivityWatch does
/// not know.
pub fn browser_pattern(bucket: &Bucket) -> Option<String> {
    Browser::of(bucket).map(Browser::pattern)
}

/// Returns the labels of an event, and the meta labels if there are rules to see them.
fn with_meta(
    bucket: &Bucket,
    event: &Event,
    of_event: EventLabels,
    own: Option<(&'static str, String)>,
    labelling: Labelling<'_>,
) -> Vec<Label> {
    let labels = of_event.into_iter().chain(own);
    let mut labels: Vec<Label> = labels.map(|(name, value)| (name.into(), value)).collect();
    if !labelling.rules.is_empty() {
        labels.extend(meta::labels(bucket, &event.data));
    }
    labels
}

fn sample((step, amount): (Step, i64)) -> Sample {
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^53 ns = 104 days, and a step of one series is far below; counts are a million at most"
    )]
    let value = amount as f64 / 1e9;
    Sample {
        timestamp_ms: step.timestamp_ms(),
        value,
    }
}

#[cfg(test)]
mod tests;
