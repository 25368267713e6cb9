//! From the settings of aw-sync-suite's Go agent to ours.
//!
//! Both of its shapes are read: `aw-sync-settings.yaml` with a file of filters beside it, and the older single
//! `aw-sync-agent.yaml`, in any spelling of the keys (`awUrl`, `aw-url`). Its filters become rules on labels with the
//! same effect on what leaves; what has no counterpart is said, never passed over.

mod condition;
mod filter;
mod written;

use serde_json::{Map, Value};

use filter::Filter;
use written::Table;

/// What the settings of the Go agent come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// A settings file: TOML with comments. It may hold the token of the receiver.
    pub settings: String,
    /// What could not be carried over, one sentence each, in the order of the files.
    pub left_out: Vec<String>,
}

/// A text that is not the settings of the Go agent.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// Not YAML.
    #[error("not YAML: {0}")]
    Syntax(String),
    /// YAML, but neither settings nor filters of that agent.
    #[error(
        "neither `Settings` nor `Filters` in it\n\
         hint: it wants aw-sync-settings.yaml and the file of filters, or the older aw-sync-agent.yaml"
    )]
    Foreign,
}

/// Translates `texts`, the files in the order in which they count; of a key that several have, the last counts.
///
/// # Errors
/// The first text that is not what it should be, with its number.
pub fn import(texts: &[String]) -> Result<Imported, (usize, MigrationError)> {
    let mut settings = Map::new();
    let mut filters = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let document = document(text).map_err(|error| (number, error))?;
        if let Some(Value::Object(more)) = document.get("settings") {
            settings.extend(more.iter().map(|(key, value)| (plain(key), value.clone())));
        }
        if let Some(Value::Array(more)) = document.get("filters") {
            filters.extend(more.iter().cloned());
        }
    }
    let mut imported = Imported::default();
    let mut file = String::from("## From the settings of aw-sync-suite's agent.\n");
    file.push_str(&keys(settings, &mut imported.left_out));
    let mut categories = Vec::new();
    let mut rules = Vec::new();
    for (entry, number) in filters.iter().zip(1..) {
        let filter = Filter::read(number, entry, &mut imported.left_out);
        match filter.tables() {
            Ok(tables) => {
                for table in tables {
                    let kind = if table.name == "category" {
                        &mut categories
                    } else {
                        &mut rules
                    };
                    kind.push(table);
                }
            }
            Err(reason) => {
                let title = filter.title();
                imported.left_out.push(format!("{title}: {reason}"));
            }
        }
    }
    for table in categories.iter().chain(&rules) {
        file.push('\n');
        file.push_str(&table.to_string());
    }
    imported.settings = file;
    Ok(imported)
}

/// Reads one file, with its top-level keys spelled plainly.
fn document(text: &str) -> Result<Map<String, Value>, MigrationError> {
    let value: Value = serde_saphyr::from_str(text).map_err(|error| {
        let message = error.to_string();
        MigrationError::Syntax(message.lines().next().unwrap_or_default().to_owned())
    })?;
    let Value::Object(document) = value else {
        return Err(MigrationError::Foreign);
    };
    let document: Map<_, _> = document
        .into_iter()
        .map(|(key, value)| (plain(&key), value))
        .collect();
    if document.contains_key("settings") || document.contains_key("filters") {
        Ok(document)
    } else {
        Err(MigrationError::Foreign)
    }
}

/// Translates the keys of `Settings`, in the order of our own file.
fn keys(mut settings: Map<String, Value>, left_out: &mut Vec<String>) -> String {
    let mut general = Table::of_file();
    let mut take = |names: &[&str]| {
        let values = names.iter().filter_map(|name| settings.remove(*name));
        values.last().filter(|value| !is_empty(value))
    };
    if let Some(value) = take(&["awurl"]) {
        general.set("aw-url", text(&value));
    }
    if let Some(value) = take(&["prometheusurl"]) {
        general.set("prometheus-url", text(&value));
    }
    if let Some(value) = take(&["cron"]) {
        general.set("cron", text(&value));
    }
    if let Some(value) = take(&["excludedwatchers"]) {
        general.set("excluded-watchers", texts(&value));
    }
    if let Some(value) = take(&["mindata"]) {
        match scalar(&value).trim().parse::<i64>() {
            Ok(number) => general.set("min-data", number),
            Err(_) => left_out.push(format!("min-data = {value}: it is not a whole number")),
        }
    }
    if let Some(value) = take(&["userid"]) {
        general.set("user-id", text(&value));
    }
    let token = take(&["prometheussecretkey", "prometheusauth"]);
    let host = take(&["includehostname"]);
    // Its only plugin that changes what leaves is the one of the filters.
    let plugins = take(&["plugins"]);
    take(&["pluginsstrictorder"]);
    let mut written = general.to_string();
    if let Some(token) = token {
        let mut destination = Table::new("remote-write");
        destination.set("authorization.credentials", text(&token));
        written.push('\n');
        written.push_str(&destination.to_string());
    }
    if host.is_some_and(|host| !is_yes(&host)) {
        left_out.push(
            "include-hostname = false: the label `host` leaves all the same, since it tells two machines of one user \
             apart"
                .to_owned(),
        );
    }
    let foreign = plugins.iter().flat_map(list);
    for plugin in foreign.filter(|plugin| plugin != "filters") {
        left_out.push(format!("plugin `{plugin}`: there are no plugins here"));
    }
    left_out.extend(
        settings
            .keys()
            .map(|key| format!("setting `{key}`: it is not known")),
    );
    written
}

/// Spells a key without case, hyphens and underscores: its versions do not agree on them.
fn plain(key: &str) -> String {
    let letters = key.chars().filter(|letter| !matches!(letter, '-' | '_'));
    letters.flat_map(char::to_lowercase).collect()
}

/// Whether nothing is said, or what stands there in the examples, such as `<user_identification>`.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty() || text.starts_with('<'),
        Value::Array(values) => values.iter().all(is_empty),
        _ => false,
    }
}

/// Whether a switch is on; it may be quoted.
fn is_yes(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::String(text) => text.trim().eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// Returns a scalar as text; a user may be called 7.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Returns the texts of a list, or of a lone scalar.
fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values
            .iter()
            .filter(|value| !is_empty(value))
            .map(scalar)
            .collect(),
        value if is_empty(value) => Vec::new(),
        value => vec![scalar(value)],
    }
}

fn text(value: &Value) -> toml::Value {
    toml::Value::String(scalar(value))
}

fn texts(value: &Value) -> toml::Value {
    list(value).into()
}

#[cfg(test)]
mod tests;
