use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use super::shown::{Names, Shown, Sum};

/// What a server's rounding may make of one event: ActivityWatch's Python server cuts the start of an event to whole
/// milliseconds each time that it moves one.
const ROUNDING_NANOS: i64 = 1_000_000;

/// The name that series fold into once a device has too many.
const FOLDED: &str = "(other)";

/// What both sides have of a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// By app.
    pub apps: Table,
    /// By category.
    pub categories: Table,
    /// All of it.
    pub total: Row,
    /// Whether names were folded into one, so that only the total can be compared.
    pub is_folded: bool,
}

/// Time by a name, the longest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Table {
    /// One for each name that either side has.
    pub rows: Vec<Row>,
}

/// The time of one name on both sides. Times are in nanoseconds, in JSON in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The name; empty for series without the label.
    pub name: String,
    /// What ActivityWatch says.
    #[serde(serialize_with = "seconds")]
    pub activitywatch: i64,
    /// What the receiver says.
    #[serde(serialize_with = "seconds")]
    pub prometheus: i64,
    /// How much they may differ.
    #[serde(serialize_with = "seconds")]
    pub allowed: i64,
}

impl Comparison {
    /// Compares what ActivityWatch shows with the seconds that a receiver has by app and by category.
    pub fn new(
        shown: &Shown,
        apps: &BTreeMap<String, f64>,
        categories: &BTreeMap<String, f64>,
    ) -> Self {
        let stored = apps.values().map(|seconds| nanos(*seconds)).sum();
        Self {
            apps: Table::new(&shown.apps, apps),
            categories: Table::new(&shown.categories, categories),
            total: Row::new(String::new(), shown.total, stored),
            is_folded: [apps, categories]
                .iter()
                .any(|names| names.contains_key(FOLDED)),
        }
    }

    /// Whether both sides agree.
    pub fn is_equal(&self) -> bool {
        self.total.is_equal() && (self.is_folded || self.rows().all(Row::is_equal))
    }

    /// Returns the largest difference of any row, in nanoseconds.
    pub fn largest_difference(&self) -> i64 {
        let rows: Box<dyn Iterator<Item = &Row>> = if self.is_folded {
            Box::new(std::iter::empty())
        } else {
            Box::new(self.rows())
        };
        let differences = rows.chain([&self.total]).map(|row| row.difference().abs());
        differences.max().unwrap_or(0)
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.apps.rows.iter().chain(&self.categories.rows)
    }
}

impl Table {
    fn new(shown: &Names, stored: &BTreeMap<String, f64>) -> Self {
        let names: BTreeSet<&String> = shown.keys().chain(stored.keys()).collect();
        let row = |name: &String| {
            let sum = shown.get(name).copied().unwrap_or_default();
            let stored = stored.get(name).map_or(0, |seconds| nanos(*seconds));
            Row::new(name.clone(), sum, stored)
        };
        let mut rows: Vec<Row> = names.into_iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.activitywatch.max(row.prometheus)));
        Self { rows }
    }

    /// Whether both sides agree on every row.
    pub fn is_equal(&self) -> bool {
        self.rows.iter().all(Row::is_equal)
    }
}

impl Row {
    fn new(name: String, shown: Sum, prometheus: i64) -> Self {
        Self {
            name,
            activitywatch: shown.nanos,
            prometheus,
            // One more, for an event so short that the server has cut it away.
            allowed: (shown.pieces + 1) * ROUNDING_NANOS + shown.slack,
        }
    }

    /// Returns what the receiver has more than ActivityWatch, in nanoseconds.
    pub fn difference(&self) -> i64 {
        self.prometheus - self.activitywatch
    }

    /// Whether both sides agree.
    pub fn is_equal(&self) -> bool {
        self.difference().abs() <= self.allowed
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounded, and what is not a time in the answer saturates"
)]
fn nanos(seconds: f64) -> i64 {
    (seconds * 1e9).round() as i64
}

#[expect(
    clippy::cast_precision_loss,
    clippy::trivially_copy_pass_by_ref,
    reason = "exact up to 104 days, and the signature is serde's"
)]
fn seconds<S: Serializer>(nanos: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(*nanos as f64 / 1e9)
}
