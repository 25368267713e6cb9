use std::{borrow::Cow, collections::BTreeMap, num::NonZeroU64};

use md5::{Digest, Md5};
use regex::Regex;

use super::{
    config::{Action, RelabelConfig},
    error::RelabelFault,
    is_label_name, letter_case, pattern,
    template::Template,
};

const NAME: &str = "a name has letters, digits and `_`, and begins with no digit";
const TEMPLATE: &str = "a name has letters, digits and `_`, and begins with no digit; `$1` stands for what the first `( )` matches";

/// Labels by name, none with an empty value. Their order decides which one counts when `labelmap` gives several one name.
pub(super) type LabelSet = BTreeMap<Cow<'static, str>, String>;

/// A rule that has been checked and compiled.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    source_labels: Vec<String>,
    separator: String,
    operation: Operation,
}

#[derive(Clone, Debug)]
enum Operation {
    Replace {
        regex: Regex,
        target: Template,
        replacement: Template,
    },
    Keep(Regex),
    Drop(Regex),
    KeepEqual(String),
    DropEqual(String),
    HashMod {
        modulus: NonZeroU64,
        target: String,
    },
    LabelMap {
        regex: Regex,
        name: Template,
    },
    LabelDrop(Regex),
    LabelKeep(Regex),
    Lowercase(String),
    Uppercase(String),
}

impl Rule {
    /// Checks and compiles a rule.
    ///
    /// # Errors
    /// The first thing that keeps it from being applied.
    pub(super) fn new(config: &RelabelConfig) -> Result<Self, RelabelFault> {
        check_unused(config)?;
        for name in &config.source_labels {
            check_name("source-labels", name, is_label_name(name), NAME)?;
        }
        let regex = pattern::compile(&config.regex).map_err(|reason| RelabelFault::Regex {
            regex: config.regex.clone(),
            reason,
        })?;
        let operation = match config.action {
            Action::Replace => Operation::Replace {
                target: template("target-label", present_target(config)?, &regex)?,
                replacement: Template::new(&config.replacement, &regex),
                regex,
            },
            Action::Keep => Operation::Keep(regex),
            Action::Drop => Operation::Drop(regex),
            Action::KeepEqual => Operation::KeepEqual(target(config)?),
            Action::DropEqual => Operation::DropEqual(target(config)?),
            Action::HashMod => Operation::HashMod {
                modulus: NonZeroU64::new(config.modulus)
                    .ok_or_else(|| missing(config, "modulus", "modulus = 16"))?,
                target: target(config)?,
            },
            Action::LabelMap => Operation::LabelMap {
                name: template("replacement", &config.replacement, &regex)?,
                regex,
            },
            Action::LabelDrop => Operation::LabelDrop(regex),
            Action::LabelKeep => Operation::LabelKeep(regex),
            Action::Lowercase => Operation::Lowercase(target(config)?),
            Action::Uppercase => Operation::Uppercase(target(config)?),
        };
        Ok(Self {
            source_labels: config.source_labels.clone(),
            separator: config.separator.clone(),
            operation,
        })
    }

    /// Changes `labels`, and returns whether they stay.
    pub(super) fn apply(&self, labels: &mut LabelSet) -> bool {
        match &self.operation {
            Operation::Keep(regex) => return regex.is_match(&self.source(labels)),
            Operation::Drop(regex) => return !regex.is_match(&self.source(labels)),
            Operation::KeepEqual(target) => return value(labels, target) == self.source(labels),
            Operation::DropEqual(target) => return value(labels, target) != self.source(labels),
            Operation::Replace {
                regex,
                target,
                replacement,
            } => {
                let source = self.source(labels);
                if let Some(captures) = regex.captures(&source) {
                    let target = target.expand(&captures);
                    if is_label_name(&target) {
                        set(labels, target, replacement.expand(&captures));
                    }
                }
            }
            Operation::HashMod { modulus, target } => {
                let remainder = hash(&self.source(labels)) % *modulus;
                set(labels, target.clone(), remainder.to_string());
            }
            Operation::LabelMap { regex, name } => {
                let renamed = |(label, value): (&Cow<'static, str>, &String)| {
                    let target = name.expand(&regex.captures(label)?);
                    is_label_name(&target).then(|| (target, value.clone()))
                };
                // All are found before the first is set: a copy is not copied again.
                for (target, value) in labels.iter().filter_map(renamed).collect::<Vec<_>>() {
                    set(labels, target, value);
                }
            }
            Operation::LabelDrop(regex) => labels.retain(|name, _| !regex.is_match(name)),
            Operation::LabelKeep(regex) => labels.retain(|name, _| regex.is_match(name)),
            Operation::Lowercase(target) => {
                set(
                    labels,
                    target.clone(),
                    letter_case::lower(&self.source(labels)),
                );
            }
            Operation::Uppercase(target) => {
                set(
                    labels,
                    target.clone(),
                    letter_case::upper(&self.source(labels)),
                );
            }
        }
        true
    }

    /// Returns the values of the source labels, joined.
    fn source(&self, labels: &LabelSet) -> String {
        let values: Vec<_> = self
            .source_labels
            .iter()
            .map(|name| value(labels, name))
            .collect();
        values.join(&self.separator)
    }
}

/// Returns the value of `name`, empty if there is no such label.
fn value<'a>(labels: &'a LabelSet, name: &str) -> &'a str {
    labels.get(name).map_or("", String::as_str)
}

/// Sets the value of `name`; an empty one removes the label.
fn set(labels: &mut LabelSet, name: String, value: String) {
    if value.is_empty() {
        labels.remove(name.as_str());
    } else {
        labels.insert(name.into(), value);
    }
}

/// Returns the last eight bytes of the MD5 of `text`, the most significant first.
fn hash(text: &str) -> u64 {
    let digest: [u8; 16] = Md5::digest(text).into();
    digest[8..]
        .iter()
        .fold(0, |hash, &byte| hash << 8 | u64::from(byte))
}

/// Refuses keys that Prometheus refuses because the action has no use for them.
fn check_unused(config: &RelabelConfig) -> Result<(), RelabelFault> {
    let default = RelabelConfig::default();
    let has = |key| match key {
        "source-labels" => config.source_labels != default.source_labels,
        "separator" => config.separator != default.separator,
        "regex" => config.regex != default.regex,
        "modulus" => config.modulus != default.modulus,
        "target-label" => config.target_label != default.target_label,
        _ => config.replacement != default.replacement,
    };
    let (unused, hint): (&[_], _) = match config.action {
        Action::LabelDrop | Action::LabelKeep => (
            &[
                "source-labels",
                "separator",
                "modulus",
                "target-label",
                "replacement",
            ],
            "it takes only `regex`, which the names of labels are matched with",
        ),
        Action::KeepEqual | Action::DropEqual => (
            &["separator", "regex", "modulus", "replacement"],
            "it takes only `source-labels` and `target-label`, whose values are compared",
        ),
        Action::Lowercase | Action::Uppercase => (
            &["replacement"],
            "the value is that of `source-labels`; use a rule `replace` for another",
        ),
        _ => (&[], ""),
    };
    match unused.iter().find(|key| has(**key)) {
        Some(key) => Err(RelabelFault::Unused {
            action: config.action.as_str(),
            key,
            hint,
        }),
        None => Ok(()),
    }
}

fn missing(config: &RelabelConfig, key: &'static str, example: &'static str) -> RelabelFault {
    RelabelFault::Missing {
        action: config.action.as_str(),
        key,
        example,
    }
}

fn present_target(config: &RelabelConfig) -> Result<&str, RelabelFault> {
    if config.target_label.is_empty() {
        return Err(missing(config, "target-label", "target-label = \"title\""));
    }
    Ok(&config.target_label)
}

/// Returns the target of an action that takes no template.
fn target(config: &RelabelConfig) -> Result<String, RelabelFault> {
    let name = present_target(config)?;
    check_name("target-label", name, is_label_name(name), NAME)?;
    Ok(name.to_owned())
}

fn template(key: &'static str, text: &str, regex: &Regex) -> Result<Template, RelabelFault> {
    let template = Template::new(text, regex);
    check_name(key, text, template.can_be_label_name(), TEMPLATE)?;
    Ok(template)
}

fn check_name(
    key: &'static str,
    name: &str,
    is_valid: bool,
    hint: &'static str,
) -> Result<(), RelabelFault> {
    if is_valid {
        return Ok(());
    }
    Err(RelabelFault::LabelName {
        key,
        name: name.to_owned(),
        hint,
    })
}
