//! A rule as it is written: in ActivityWatch's settings, in its web UI's export file, and in ours.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor, value::SeqAccessDeserializer},
};
use serde_json::Value;

use super::{SEPARATOR, starter};

/// A pattern, and the category of what it matches.
///
/// Read from TOML it is a table `[[category]]` of the settings, where `name` may be a list of names or one text with
/// `>` between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table", rename_all = "kebab-case")]
pub struct CategoryRule {
    /// The path of the category, from the root down; empty only in a rule that is not usable.
    #[serde(deserialize_with = "path")]
    pub name: Vec<String>,
    /// Looked for anywhere in a value. None, or an empty one, matches nothing.
    #[serde(default)]
    pub regex: Option<String>,
    /// Whether `A` matches `a`.
    #[serde(default)]
    pub ignore_case: bool,
    /// The only keys of the data whose values are looked at; an empty list takes all.
    #[serde(default)]
    pub select_keys: Vec<String>,
    /// Decides between matching rules, the highest wins; ten times the depth unless set.
    #[serde(default)]
    pub priority: Option<i64>,
}

/// A rule that is left out of the count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("category `{name}` is left out: {reason}")]
pub struct SkippedRule {
    /// The joined name, as far as there is one; the position in the list, as in `#3`, if it cannot be read.
    pub name: String,
    /// What is wrong.
    pub reason: RuleError,
}

/// Why a rule cannot be used, with a hint how to put it right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A rule that does not say which category it is of.
    #[error("nothing names the category of `{pattern}`\nhint: name it, as in `Work > Programming`")]
    NoName {
        /// The regex as written.
        pattern: String,
    },
    /// A rule that would match nothing. Harmless where ActivityWatch writes it: it only holds other categories.
    #[error("it has no regex\nhint: give it one, as in `regex = 'vim|emacs'`")]
    NoRegex,
    /// Not a regular expression.
    #[error(
        "`{pattern}` is not a regex: {reason}\n\
         hint: put a backslash before a character that means itself, as in `C\\+\\+`"
    )]
    Regex {
        /// The regex as written.
        pattern: String,
        /// What the engine says.
        reason: String,
    },
    /// Not what ActivityWatch writes.
    #[error(
        "{0}\nhint: open it in ActivityWatch under Settings, Categorization, and save it again"
    )]
    Malformed(String),
}

/// Why a file is not an export of categories.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Something else than JSON.
    #[error("not JSON: {0}\nhint: export it again: Settings, Categorization, Export")]
    NotJson(serde_json::Error),
    /// JSON of another kind.
    #[error(
        "JSON without a list of `categories`\n\
         hint: it wants the file of Settings, Categorization, Export, and not that of a bucket"
    )]
    NoCategories,
}

impl CategoryRule {
    /// Reads the setting `classes` of an ActivityWatch server, and returns what is not a rule there as well.
    ///
    /// Without it the starter set is returned: the server is too old to have settings, or nobody ever saved any. An
    /// empty list is a choice, and is kept. A rule whose type is `none` or `null` matches nothing, whatever else it
    /// says; one without a type is a regex.
    pub fn of_server(classes: Option<&Value>) -> (Vec<Self>, Vec<SkippedRule>) {
        match classes {
            None | Some(Value::Null) => (starter::rules(), Vec::new()),
            Some(Value::Object(object)) if object.is_empty() => (starter::rules(), Vec::new()),
            Some(Value::Array(classes)) => read(classes),
            Some(_) => {
                let skipped = SkippedRule {
                    name: "classes".to_owned(),
                    reason: RuleError::Malformed("not a list of categories".to_owned()),
                };
                (Vec::new(), vec![skipped])
            }
        }
    }

    /// Reads the file that ActivityWatch's web UI exports, and returns what is not a rule there as well.
    ///
    /// # Errors
    /// [`ExportError`] when `text` is another kind of file: nothing can be taken from it.
    pub fn of_export(text: &str) -> Result<(Vec<Self>, Vec<SkippedRule>), ExportError> {
        // Editors on Windows put a byte order mark in front, which is not JSON.
        let text = text.trim_start_matches('\u{feff}');
        let export: Value = serde_json::from_str(text).map_err(ExportError::NotJson)?;
        let categories = export.get("categories").and_then(Value::as_array);
        categories
            .map(|categories| read(categories))
            .ok_or(ExportError::NoCategories)
    }
}

/// A category as ActivityWatch writes it. Only what is used: its colour and score may be anything.
#[derive(Deserialize)]
#[serde(expecting = "a category")]
struct Class {
    name: Vec<String>,
    rule: Option<ClassRule>,
}

#[derive(Deserialize)]
#[serde(expecting = "a rule")]
struct ClassRule {
    #[serde(rename = "type", default = "regex_type")]
    kind: Option<String>,
    regex: Option<String>,
    ignore_case: Option<bool>,
    select_keys: Option<Vec<String>>,
    priority: Option<i64>,
    weight: Option<i64>,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "serde wants the type of the field, where `None` is an explicit null"
)]
fn regex_type() -> Option<String> {
    Some("regex".to_owned())
}

fn read(classes: &[Value]) -> (Vec<CategoryRule>, Vec<SkippedRule>) {
    let mut rules = Vec::new();
    let mut skipped = Vec::new();
    for (index, class) in classes.iter().enumerate() {
        match Class::deserialize(class) {
            Ok(class) => rules.extend(rule(class)),
            Err(error) => skipped.push(SkippedRule {
                name: name(class).unwrap_or_else(|| format!("#{}", index + 1)),
                reason: RuleError::Malformed(error.to_string()),
            }),
        }
    }
    (rules, skipped)
}

/// Returns the rule of a category, unless that only holds others.
fn rule(class: Class) -> Option<CategoryRule> {
    let rule = class.rule?;
    (rule.kind.as_deref() == Some("regex")).then(|| CategoryRule {
        name: class.name,
        regex: rule.regex,
        ignore_case: rule.ignore_case.unwrap_or(false),
        select_keys: rule.select_keys.unwrap_or_default(),
        // Two names of one thing; aw-core looks for the second only in the absence of the first.
        priority: rule.priority.or(rule.weight),
    })
}

fn name(class: &Value) -> Option<String> {
    let parts = Vec::<String>::deserialize(class.get("name")?).ok()?;
    Some(parts.join(SEPARATOR)).filter(|name| !name.is_empty())
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    deserializer.deserialize_any(Path)
}

struct Path;

impl<'de> Visitor<'de> for Path {
    type Value = Vec<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name or a list of names")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<String>, E> {
        Ok(text.split('>').map(|part| part.trim().to_owned()).collect())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Vec<String>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list))
    }
}
