//! Names and values that become labels of every series.

use std::collections::BTreeMap;

use super::error::{Fault, Problem};
use crate::metrics::{MAX_VALUE_BYTES, relabel::is_label_name};

/// Labels that the agent sets itself, on one metric or another.
const OWN: [&str; 15] = [
    "active", "app", "audible", "browser", "category", "domain", "editor", "host", "language",
    "player", "project", "status", "type", "user", "watcher",
];

/// Checks the table `[labels]`.
pub(super) fn check(labels: &BTreeMap<String, String>) -> Result<(), Fault> {
    for (name, value) in labels {
        let key = format!("labels.{name}");
        if !is_name(name) {
            return Err(Problem::LabelName(name.clone()).of(key));
        }
        if OWN.contains(&name.as_str()) {
            return Err(Problem::LabelTaken(name.clone()).of(key));
        }
        check_value(&key, value)?;
    }
    Ok(())
}

/// Checks text that becomes a label's value; Prometheus takes an empty one for no label at all.
pub(super) fn check_value(key: &str, value: &str) -> Result<(), Fault> {
    if value.trim().is_empty() {
        return Err(Problem::Empty(key.to_owned()).of(key));
    }
    if value.len() > MAX_VALUE_BYTES {
        return Err(Problem::TooLong {
            key: key.to_owned(),
            bytes: value.len(),
        }
        .of(key));
    }
    Ok(())
}

/// Whether Prometheus takes `name`, and does not keep it for itself, as it does all that begin with `__`.
fn is_name(name: &str) -> bool {
    is_label_name(name) && !name.starts_with("__")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, value: &str) -> String {
        let labels = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        check(&labels).unwrap_err().problem.to_string()
    }

    #[test]
    fn names_are_those_of_prometheus() {
        for name in ["team", "_team", "Team_2"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "2team", "team-2", "__team", "équipe", "a.b"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn each_fault_is_named() {
        insta::assert_snapshot!(message("team-2", "a"), @"
        `labels`: `team-2` is not a label name
        hint: use letters, digits and `_`, begin with a letter or one `_`, as in `team_name`
        ");
        insta::assert_snapshot!(message("app", "a"), @"
        `labels`: `app` is a label that the agent sets itself
        hint: choose another name, like `my_app`
        ");
        insta::assert_snapshot!(message("team", " "), @"
        `labels.team` is empty
        hint: give it a value, or remove it
        ");
        insta::assert_snapshot!(message("team", &"é".repeat(513)), @"
        `labels.team` has 1026 bytes
        hint: shorten it to 1024 bytes, the most that a label value may have
        ");
    }
}
