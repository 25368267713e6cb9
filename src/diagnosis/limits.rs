//! Limits of what a series may look like.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{Check, Fault};
use crate::metrics::relabel::Action;
use crate::settings::Settings;

/// The most labels that the agent gives a series; what is beyond is cut.
const MAX_LABELS: usize = 30;

/// The longest value that the agent gives a label, in bytes.
const MAX_VALUE_BYTES: usize = 1024;

/// `__name__`, `user` and `host`, and of the metric with most labels `browser domain audible active`.
const OWN_LABELS: usize = 3 + 4;

/// Returns how many labels a series can have at most by these settings, its name among them.
pub fn labels_at_most(settings: &Settings) -> usize {
    let mut set_by_rules = BTreeSet::new();
    for rule in settings.relabel.configs() {
        match rule.action {
            // Any label of an event can become one.
            Action::LabelMap => return MAX_LABELS,
            Action::Replace | Action::HashMod | Action::Lowercase | Action::Uppercase
                if !rule.target_label.starts_with("__") =>
            {
                set_by_rules.insert(rule.target_label.as_str());
            }
            _ => {}
        }
    }
    let own = settings.labels.keys().map(String::as_str);
    OWN_LABELS
        + set_by_rules
            .into_iter()
            .chain(own)
            .collect::<BTreeSet<_>>()
            .len()
}

/// Judges the limits among the flags of a server of VictoriaMetrics's family; `labels` is the most that a series has.
///
/// Its defaults are wide enough. What is over a limit it drops or cuts without a word.
pub(super) fn check(labels: usize, flags: &BTreeMap<String, String>) -> Vec<Check> {
    let limit = |name: &str| flags.get(name)?.parse().ok().filter(|limit| *limit > 0);
    let limits = [
        ("maxLabelsPerTimeseries", labels.min(MAX_LABELS), MAX_LABELS),
        ("maxLabelValueLen", MAX_VALUE_BYTES, MAX_VALUE_BYTES),
    ];
    let too_narrow = limits.into_iter().filter_map(|(name, needed, enough)| {
        let limit: usize = limit(name).filter(|limit| *limit < needed)?;
        let found =
            format!("-{name}={limit}, but a series can need {needed}: it is dropped in silence");
        let check = Check::fail("labels", Fault::Settings, found);
        Some(check.fix("start it with", format!("-{name}={enough}")))
    });
    too_narrow.collect()
}

/// Judges the labels that the settings ask for.
pub(super) fn check_own(labels: usize) -> Option<Check> {
    (labels > MAX_LABELS).then(|| {
        let found = format!("a series can get {labels} labels, of which {MAX_LABELS} are sent: those with the first names");
        Check::warn("labels", found)
            .advise("take some from `[labels]` or `[[relabel]]` in the settings file")
    })
}
