use std::collections::HashMap;

use fancy_regex::Regex;

use super::relabel::without_meta;
use super::{Categories, Label, Labels, Rules};
use crate::activitywatch::Data;

/// What becomes of the labels of an event.
#[derive(Debug, Clone, Copy)]
pub struct Labelling<'a> {
    /// The labels that every series of the device carries.
    pub common: &'a [Label],
    /// What windows are sorted into.
    pub categories: &'a Categories,
    /// Apps and titles during which somebody is there even without a key pressed.
    pub always_active: Option<&'a Regex>,
    /// The rules of the person whose time it is. They come last, and see the meta labels too.
    pub rules: &'a Rules,
}

impl Labelling<'_> {
    pub(super) fn with_common(self, mut labels: Vec<Label>) -> Vec<Label> {
        labels.extend(self.common.iter().cloned());
        labels
    }

    pub(super) fn final_labels(self, labels: Vec<Label>) -> Option<Labels> {
        let labels = self.with_common(labels);
        if self.rules.is_empty() {
            return Some(Labels::new(labels));
        }
        let labels = Labels::new(without_meta(self.rules.apply(labels)?));
        labels
            .get("__name__")
            .is_some_and(is_metric_name)
            .then_some(labels)
    }
}

/// Whether a metric may have this name.
fn is_metric_name(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
}

/// Categories with what they made of events, since most data come again and again and matching costs microseconds.
pub(super) struct Sorted<'c> {
    categories: &'c Categories,
    /// By the place of the data.
    known: HashMap<usize, &'c str>,
}

impl<'c> Sorted<'c> {
    pub(super) fn by(categories: &'c Categories) -> Self {
        Self {
            categories,
            known: HashMap::new(),
        }
    }

    /// Returns the category of data that stay where they are for as long as this is used.
    pub(super) fn category(&mut self, data: &Data) -> &'c str {
        self.known
            .entry(data.place())
            .or_insert_with(|| self.categories.categorize(data))
    }
}
