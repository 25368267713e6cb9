use serde::{Deserialize, Deserializer, de::value::StringDeserializer};

/// A rule as written; the keys and their defaults are those of Prometheus's `relabel_config`, in kebab case.
///
/// Not yet checked: [`Rules::new`](super::Rules::new) does that.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table",
    rename_all = "kebab-case"
)]
pub struct RelabelConfig {
    /// The labels whose values are joined; one that is missing counts as empty.
    pub source_labels: Vec<String>,
    /// What stands between the joined values.
    pub separator: String,
    /// What the joined values must match as a whole; for the actions on names, what a label's name must.
    pub regex: String,
    /// What the hash of the joined values is divided by; the remainder is the label.
    pub modulus: u64,
    /// The label that is set; with `replace` it may refer to groups of the regex.
    pub target_label: String,
    /// The value that is set, or with `labelmap` the new name; it may refer to groups of the regex.
    pub replacement: String,
    /// What is done.
    #[serde(deserialize_with = "in_any_case")]
    pub action: Action,
}

impl Default for RelabelConfig {
    fn default() -> Self {
        Self {
            source_labels: Vec::new(),
            separator: ";".to_owned(),
            regex: "(.*)".to_owned(),
            modulus: 0,
            target_label: String::new(),
            replacement: "$1".to_owned(),
            action: Action::default(),
        }
    }
}

/// What a rule does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Sets a label where the regex matches; removes it where the new value is empty.
    #[default]
    Replace,
    /// Drops the label sets that the regex does not match.
    Keep,
    /// Drops the label sets that the regex matches.
    Drop,
    /// Drops the label sets whose joined values differ from the target label.
    KeepEqual,
    /// Drops the label sets whose joined values equal the target label.
    DropEqual,
    /// Sets a label to a number below `modulus`, the same for the same values.
    HashMod,
    /// Copies each label whose name matches under a new name.
    LabelMap,
    /// Removes the labels whose name matches.
    LabelDrop,
    /// Removes the labels whose name does not match.
    LabelKeep,
    /// Sets a label to the joined values in lower case.
    Lowercase,
    /// Sets a label to the joined values in upper case.
    Uppercase,
}

impl Action {
    /// Returns its name in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Keep => "keep",
            Self::Drop => "drop",
            Self::KeepEqual => "keepequal",
            Self::DropEqual => "dropequal",
            Self::HashMod => "hashmod",
            Self::LabelMap => "labelmap",
            Self::LabelDrop => "labeldrop",
            Self::LabelKeep => "labelkeep",
            Self::Lowercase => "lowercase",
            Self::Uppercase => "uppercase",
        }
    }
}

/// Reads an action as Prometheus does, which takes `labelMap` too.
fn in_any_case<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Action, D::Error> {
    let action = String::deserialize(deserializer)?.to_ascii_lowercase();
    Action::deserialize(StringDeserializer::new(action))
}
