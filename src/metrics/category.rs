//! Which category an event belongs to, by the rules that ActivityWatch's own server applies.
//!
//! This module knows how rules are written ([`CategoryRule`]) and how they decide ([`Categories`]); where they come
//! from, and how often they are read again, is not its concern. It takes three sources in this order, and of equals the
//! later wins:
//!
//! 1. the server's own rules ([`CategoryRule::of_server`]), or the web UI's export file in their place
//!    ([`CategoryRule::of_export`]), which replaces them altogether;
//! 2. the `[[category]]` tables of the settings, which are added. One that has the name of an existing category adds a
//!    pattern to it.
//!
//! # Where servers differ
//!
//! `aw_transform.classify` of aw-core 0.5.18 is followed. aw-server-rust knows no priority, and lets an empty regex
//! match everything. Both answer a query with an error when any regex of the list is invalid, so that not one category
//! is shown; here such a rule is left out and named, and the others count.
//!
//! The regex engine is the one of aw-server-rust. The Python server's differs in rare places: there `$` matches before
//! a final line break too, `\w` leaves out combining marks, `\<` is a plain `<`, and a `[` within `[…]` needs no
//! backslash.

mod rule;
mod starter;

use std::{error::Error, fmt};

use fancy_regex::{CompileError, Regex, RegexBuilder};
use serde_json::{Map, Value};

pub use rule::{CategoryRule, ExportError, RuleError, SkippedRule};

/// The category of what no rule matches.
const UNCATEGORIZED: &str = "Uncategorized";

/// What stands between the names of a path, as in ActivityWatch's web UI.
const SEPARATOR: &str = " > ";

/// How often a pattern with look-around or back-references may step back within one value.
///
/// A tenth of the engine's default, which is some milliseconds: titles are short, and a pattern that needs more for one
/// of them would need it for each.
const BACKTRACK_LIMIT: usize = 100_000;

/// Compiled rules.
#[derive(Clone, Default)]
pub struct Categories {
    /// The strongest first, so that the first match decides.
    rules: Vec<Compiled>,
}

#[derive(Clone)]
struct Compiled {
    rule: CategoryRule,
    name: String,
    regex: Regex,
}

impl Categories {
    /// Compiles `rules`, of which the later wins among equals, and returns those that had to be left out as well.
    ///
    /// A rule without a regex, or with an empty one, matches nothing and is passed over in silence: it is how
    /// ActivityWatch writes a category that only holds others.
    pub fn new(rules: impl IntoIterator<Item = CategoryRule>) -> (Self, Vec<SkippedRule>) {
        let mut compiled = Vec::new();
        let mut skipped = Vec::new();
        for rule in rules {
            let name = rule.joined_name();
            match rule.compile() {
                Ok(Some(regex)) => compiled.push(Compiled { rule, name, regex }),
                Ok(None) => {}
                Err(reason) => skipped.push(SkippedRule { name, reason }),
            }
        }
        compiled.sort_by_key(|compiled| compiled.rule.rank());
        compiled.reverse();
        (Self { rules: compiled }, skipped)
    }

    /// Returns the category of an event with these data: the names of its path joined as in `Work > Programming`, or
    /// `Uncategorized`.
    ///
    /// A rule looks at every text at the top level of `data`, or at those under its `select-keys`; numbers, lists and
    /// nested objects are not looked at. The highest priority wins, which is ten times the depth unless a rule sets
    /// its own; of equals, the later rule. A match that would take too long counts as none.
    ///
    /// This costs about 10 µs with 50 rules, so events with equal data are better asked about once.
    pub fn categorize(&self, data: &Map<String, Value>) -> &str {
        self.rules
            .iter()
            .find(|compiled| compiled.is_match(data))
            .map_or(UNCATEGORIZED, |compiled| &compiled.name)
    }

    /// Whether an event can belong to a category of this name.
    pub fn has(&self, name: &str) -> bool {
        name == UNCATEGORIZED || self.rules.iter().any(|compiled| compiled.name == name)
    }

    /// Returns the rules that count, in an order that decides as they do: sent in a query, they give the server's
    /// answer to the same question.
    pub fn rules(&self) -> impl Iterator<Item = &CategoryRule> {
        self.rules.iter().rev().map(|compiled| &compiled.rule)
    }
}

impl fmt::Debug for Categories {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.rules()).finish()
    }
}

impl Compiled {
    fn is_match(&self, data: &Map<String, Value>) -> bool {
        let matches = |value: &Value| {
            let found = value.as_str().map(|text| self.regex.is_match(text));
            found.is_some_and(|found| found.unwrap_or(false))
        };
        let keys = &self.rule.select_keys;
        if keys.is_empty() {
            data.values().any(matches)
        } else {
            keys.iter().filter_map(|key| data.get(key)).any(matches)
        }
    }
}

impl CategoryRule {
    /// Checks that this rule can match something.
    ///
    /// # Errors
    /// [`RuleError::NoName`], [`RuleError::NoRegex`] or [`RuleError::Regex`]: whoever wrote the rule must mend it.
    pub fn check(&self) -> Result<(), RuleError> {
        self.compile()?.map(|_| ()).ok_or(RuleError::NoRegex)
    }

    /// Returns the compiled regex, if there is one to match anything.
    fn compile(&self) -> Result<Option<Regex>, RuleError> {
        let Some(pattern) = self.regex.as_deref().filter(|regex| !regex.is_empty()) else {
            return Ok(None);
        };
        if self.name.iter().all(|part| part.trim().is_empty()) {
            return Err(RuleError::NoName {
                pattern: pattern.to_owned(),
            });
        }
        RegexBuilder::new(pattern)
            .case_insensitive(self.ignore_case)
            .backtrack_limit(BACKTRACK_LIMIT)
            .build()
            .map(Some)
            .map_err(|error| RuleError::Regex {
                pattern: pattern.to_owned(),
                reason: reason(&error),
            })
    }

    /// Returns what decides between matching rules; aw-core 0.5.18 leaves room for priorities between two depths.
    fn rank(&self) -> i64 {
        let depth = i64::try_from(self.name.len()).unwrap_or(i64::MAX);
        self.priority.unwrap_or(depth.saturating_mul(10))
    }

    /// Returns the category as it is shown: `Work > Programming`.
    pub fn joined_name(&self) -> String {
        self.name.join(SEPARATOR)
    }
}

/// Returns what is wrong with a pattern, in one line.
///
/// What the engine hands on to the plain engine below it fails with a cause that only that one's error can tell, in the
/// last line of a message that draws the pattern first.
fn reason(error: &fancy_regex::Error) -> String {
    let inner = match error {
        fancy_regex::Error::CompileError(error) => match &**error {
            CompileError::InnerError(error) => error.source(),
            _ => None,
        },
        _ => None,
    };
    let message = inner.map_or_else(|| error.to_string(), ToString::to_string);
    let line = message.lines().last().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests;
