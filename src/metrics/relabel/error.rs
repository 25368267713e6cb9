/// A rule that cannot be applied, and which one it is.
///
/// The message is complete: it ends in a `hint:` line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`relabel` rule {number}: {fault}")]
pub struct RelabelError {
    /// The rule's place among the rules, counted from 1.
    pub number: usize,
    /// What is wrong with it.
    pub fault: RelabelFault,
}

/// What is wrong with a rule, with a hint how to put it right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelabelFault {
    /// The action cannot do without this key.
    #[error("`{action}` needs `{key}`\nhint: add it, as in `{example}`")]
    Missing {
        /// The action.
        action: &'static str,
        /// The key.
        key: &'static str,
        /// How it is written.
        example: &'static str,
    },
    /// The action has no use for this key, so something else was meant.
    #[error("`{action}` takes no `{key}`\nhint: {hint}")]
    Unused {
        /// The action.
        action: &'static str,
        /// The key.
        key: &'static str,
        /// What the action takes.
        hint: &'static str,
    },
    /// A label's name that Prometheus does not take, or a template that cannot make one.
    #[error("`{key}`: `{name}` is not a label name\nhint: {hint}")]
    LabelName {
        /// The key.
        key: &'static str,
        /// The name as written.
        name: String,
        /// How names are written there.
        hint: &'static str,
    },
    /// Not a regular expression.
    #[error(
        "`regex`: `{regex}` is not a regular expression: {reason}\n\
         hint: put a `\\` before a character that is meant as itself, in TOML between single quotes, as in `'a\\.b'`"
    )]
    Regex {
        /// The regex as written.
        regex: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl RelabelFault {
    /// Returns the key that is at fault, or would be if it were there.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Missing { key, .. } | Self::Unused { key, .. } | Self::LabelName { key, .. } => {
                key
            }
            Self::Regex { .. } => "regex",
        }
    }
}
