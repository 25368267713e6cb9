//! Relabelling: the user's rules on the labels of an event, with the semantics of Prometheus's `relabel_config`.
//!
//! It knows label sets and nothing else: not where labels come from, nor which of them a receiver takes. Checked
//! against Prometheus itself, case by case (`cases.toml`); the differences, all on the safe side, are:
//!
//! - Label names are `[a-zA-Z_][a-zA-Z0-9_]*` everywhere. Prometheus 3 takes any UTF-8 for a name, and Prometheus 2
//!   lets `labelmap` make a name that it then refuses. Here a name that is not one leaves the labels as they are.
//! - `.` matches a line break, as since Prometheus 3.
//! - Of several labels that `labelmap` gives one name, the last by name counts, as in Prometheus 2; in Prometheus 3 those
//!   that an earlier rule has set come after all others.
//! - An empty replacement removes the label that a target with groups names; Prometheus 2 leaves it.
//! - A regex must parse by itself, not only once it is anchored: `a)|(b` is refused.

mod config;
mod error;
mod letter_case;
mod pattern;
mod rule;
mod template;

use std::borrow::Cow;

pub use config::{Action, RelabelConfig};
pub use error::{RelabelError, RelabelFault};

use rule::{LabelSet, Rule};

/// The label that holds the name of the metric; the only one with two underscores that leaves.
const METRIC_NAME: &str = "__name__";

/// Name and value of a label.
pub type Label = (Cow<'static, str>, String);

/// Rules that have been checked and compiled, applied one after the other.
///
/// Two are equal if they were written alike.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    configs: Vec<RelabelConfig>,
    rules: Vec<Rule>,
}

impl Rules {
    /// Compiles rules; an empty list is allowed and changes nothing.
    ///
    /// # Errors
    /// The first rule that Prometheus would not take either. Nothing may be sent then: the rule may have been there
    /// to keep something private.
    pub fn new(configs: Vec<RelabelConfig>) -> Result<Self, RelabelError> {
        let rules = configs
            .iter()
            .zip(1..)
            .map(|(config, number)| {
                Rule::new(config).map_err(|fault| RelabelError { number, fault })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { configs, rules })
    }

    /// Returns these rules, and `further` ones after them.
    #[must_use]
    pub fn then(&self, further: &Self) -> Self {
        Self {
            configs: [&self.configs[..], &further.configs].concat(),
            rules: [&self.rules[..], &further.rules].concat(),
        }
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns the rules as written.
    pub fn configs(&self) -> &[RelabelConfig] {
        &self.configs
    }

    /// Returns what the rules make of a label set, ascending by name; `None` if one of them drops it.
    ///
    /// The order of `labels` has no influence. An empty value is the same as no label, before and after; of two
    /// labels with one name the earlier counts. Meta labels are still there, see [`without_meta`]. What is left may be
    /// empty, or lack the name of the metric if a rule takes that away.
    ///
    /// ```
    /// # use aw_sync_agent::metrics::relabel::{RelabelConfig, Rules};
    /// let hide: RelabelConfig = toml::from_str(
    ///     r#"
    ///     source-labels = ["app"]
    ///     regex = "KeePass.*"
    ///     target-label = "app"
    ///     replacement = "(hidden)"
    ///     "#,
    /// )?;
    /// let rules = Rules::new(vec![hide])?;
    /// let app = |name: &str| vec![("app".into(), name.to_owned())];
    /// assert_eq!(rules.apply(app("KeePassXC")), Some(app("(hidden)")));
    /// assert_eq!(rules.apply(app("My KeePass")), Some(app("My KeePass"))); // a regex matches all or nothing
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(&self, labels: Vec<Label>) -> Option<Vec<Label>> {
        let mut set = label_set(labels);
        let stays = self.rules.iter().all(|rule| rule.apply(&mut set));
        stays.then(|| set.into_iter().collect())
    }
}

impl Rules {
    /// Returns what becomes of a label set at each rule, up to the one that drops it. For an explanation: slower than
    /// [`Self::apply`].
    ///
    /// If no name of a metric is left in the end, the last rule that changed anything counts as the one that drops it.
    pub fn fates(&self, labels: Vec<Label>) -> Vec<Fate> {
        let mut set = label_set(labels);
        let mut fates = Vec::new();
        for rule in &self.rules {
            let before = set.clone();
            let stays = rule.apply(&mut set);
            fates.push(match (stays, set == before) {
                (false, _) => Fate::Dropped,
                (true, false) => Fate::Changed,
                (true, true) => Fate::Unchanged,
            });
            if !stays {
                return fates;
            }
        }
        let last_change = fates.iter_mut().rfind(|fate| **fate == Fate::Changed);
        if !set.contains_key(METRIC_NAME)
            && let Some(fate) = last_change
        {
            *fate = Fate::Dropped;
        }
        fates
    }
}

/// What a rule does to a label set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    Unchanged,
    /// It has other labels afterwards.
    Changed,
    /// It goes no further.
    Dropped,
}

fn label_set(labels: Vec<Label>) -> LabelSet {
    // Backwards, so that the earlier of two with one name is the one that stays.
    let mut set: LabelSet = labels.into_iter().rev().collect();
    set.retain(|_, value| !value.is_empty());
    set
}

impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        self.configs == other.configs
    }
}

/// Returns `labels` without those that only rules may see: all that begin with `__`, but for the metric's name.
pub fn without_meta(mut labels: Vec<Label>) -> Vec<Label> {
    labels.retain(|(name, _)| name == METRIC_NAME || !name.starts_with("__"));
    labels
}

/// Whether a label may have this name.
pub(crate) fn is_label_name(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests;
