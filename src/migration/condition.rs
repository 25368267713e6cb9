//! When a filter applies: conditions on keys of an event's data, all of which must hold.
//!
//! The Go agent looks for each pattern anywhere in the value of its key. A rule on labels matches one text as a whole:
//! the values of its source labels, joined.

use regex::Regex;

use super::written::Table;

/// What a marker is set to, so that a later rule can ask for several at once.
pub(super) const MARKED: &str = "yes";

/// A pattern that the value of a label has to match as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    /// The label whose value is looked at.
    pub(super) label: String,
    /// The pattern, for the whole value.
    pub(super) regex: String,
}

impl Condition {
    /// Looks for `pattern` anywhere in the value of `label`, which must be there.
    ///
    /// # Errors
    /// What is wrong with the pattern, on one line.
    pub(super) fn search(label: String, pattern: &str) -> Result<Self, String> {
        let regex = Regex::new(pattern).map_err(|error| {
            let message = error.to_string();
            let reason = message.lines().last().unwrap_or_default();
            format!(
                "`{pattern}` is not a regex: {}",
                reason.trim_start_matches("error: ")
            )
        })?;
        // What matches nothing at all and anything matches whatever is there; a label that is missing is empty.
        let matches_anything = regex.is_match("") && regex.is_match("\u{1}");
        let regex = if matches_anything {
            ".+".to_owned()
        } else {
            format!(".*({pattern}).*")
        };
        Ok(Self { label, regex })
    }

    /// Holds where `label` is set.
    pub(super) fn is_set(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            regex: ".+".to_owned(),
        }
    }

    /// Holds where a rule has set the marker `label`.
    pub(super) fn is_marked(label: String) -> Self {
        Self {
            label,
            regex: MARKED.to_owned(),
        }
    }

    /// Holds where `label` has one of `values`.
    pub(super) fn one_of(label: &str, values: &[String]) -> Self {
        // A hyphen stands for itself outside a class, and nearly every watcher has some.
        let escaped = |value: &String| regex::escape(value).replace(r"\-", "-");
        let values: Vec<_> = values.iter().map(escaped).collect();
        Self {
            label: label.to_owned(),
            regex: values.join("|"),
        }
    }

    /// Whether the pattern means a place, which would be another one among several values.
    fn is_anchored(&self) -> bool {
        is_anchored(&self.regex)
    }
}

/// Whether a pattern may mean the beginning or the end of a text.
pub(super) fn is_anchored(pattern: &str) -> bool {
    ["^", "$", r"\A", r"\z"]
        .iter()
        .any(|anchor| pattern.contains(anchor))
}

/// What a rule asks for: the conditions, joined into one.
#[derive(Clone, Debug)]
pub(super) struct Joined {
    /// The rules that have to come before.
    pub(super) before: Vec<Table>,
    /// The labels whose values are joined.
    pub(super) labels: Vec<String>,
    /// The patterns for their values, in the same order.
    pub(super) patterns: Vec<String>,
}

/// Joins `conditions`; `label` begins the names of markers.
///
/// A pattern with an anchor is looked for in a rule of its own, which sets a marker.
pub(super) fn join(conditions: &[Condition], label: &str) -> Joined {
    let mut joined = Joined {
        before: Vec::new(),
        labels: Vec::new(),
        patterns: Vec::new(),
    };
    for (number, condition) in (1..).zip(conditions) {
        if conditions.len() > 1 && condition.is_anchored() {
            let marker = format!("{label}_{number}");
            let mut table = Table::new("relabel");
            table.set("source-labels", vec![condition.label.clone()]);
            table.set("regex", condition.regex.clone());
            table.set("target-label", marker.clone());
            table.set("replacement", MARKED);
            joined.before.push(table);
            joined.labels.push(marker);
            joined.patterns.push(MARKED.to_owned());
        } else {
            joined.labels.push(condition.label.clone());
            joined.patterns.push(in_group(&condition.regex));
        }
    }
    joined
}

/// Keeps the alternatives of a pattern together; those of a pattern that stands alone need no help.
fn in_group(pattern: &str) -> String {
    if pattern.contains('|') && !pattern.starts_with('.') {
        format!("({pattern})")
    } else {
        pattern.to_owned()
    }
}
