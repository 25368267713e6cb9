//! Settings as they may be shown: in TOML that can be pasted into the file, secrets masked.

use super::{Settings, duration, remote_write, secret::masked_url};
use crate::metrics::{
    CategoryRule,
    relabel::{RelabelConfig, Rules},
};

/// Returns each key with its value, both as the file would have them; of several destinations, the keys are numbered
/// (`remote-write[2].url`) and come last.
pub(super) fn settings(settings: &Settings) -> Vec<(String, String)> {
    let included = settings
        .included_watchers
        .as_ref()
        .map_or(&[][..], |watchers| watchers.patterns());
    let history = settings
        .history
        .map_or_else(|| "all".to_owned(), duration::text);
    let mut entries = vec![entry(
        "aw-url",
        list(
            settings
                .aw_servers
                .iter()
                .map(|server| masked_url(&server.url)),
        ),
    )];
    entries.extend(api_key(settings));
    if let [destination] = &settings.remote_write[..] {
        entries.extend(remote_write::shown(destination));
    }
    entries.extend([
        entry("cron", quoted(&settings.schedule.to_string())),
        entry(
            "excluded-watchers",
            list(settings.excluded_watchers.patterns()),
        ),
        entry("included-watchers", list(included)),
        entry("min-data", settings.min_data.to_string()),
        entry("user-id", quoted(&settings.user)),
        entry("settle", quoted(&duration::text(settings.settle))),
        entry("history", quoted(&history)),
        entry("min-break", quoted(&duration::text(settings.min_break))),
    ]);
    let start_of_day = settings.start_of_day.map(|time| time.format("%H:%M"));
    let start_of_day = start_of_day.map(|time| entry("start-of-day", quoted(&time.to_string())));
    entries.extend(start_of_day);
    entries.extend([
        entry("synced-buckets", settings.synced_buckets.to_string()),
        entry("series-budget", settings.series_budget.to_string()),
        entry(
            "log-level",
            quoted(&settings.log_level.as_str().to_lowercase()),
        ),
    ]);
    entries.extend(
        settings
            .labels
            .iter()
            .map(|(name, value)| nested("labels", name, value)),
    );
    entries.extend(
        settings
            .hosts
            .iter()
            .map(|(name, value)| nested("hosts", name, value)),
    );
    entries.extend(categories(settings));
    entries.extend(rules("relabel", &settings.relabel));
    if settings.remote_write.len() > 1 {
        for (destination, number) in settings.remote_write.iter().zip(1..) {
            let in_table = |(key, value): (String, String)| {
                let key = match key.as_str() {
                    "prometheus-url" => "remote-write.url",
                    key => key,
                };
                (remote_write::key_in_table(key, Some(number)), value)
            };
            entries.extend(remote_write::shown(destination).into_iter().map(in_table));
        }
    }
    entries
}

/// Returns the key that servers want, or the file that holds it; where several have one it is the same.
fn api_key(settings: &Settings) -> Option<(String, String)> {
    let mut servers = settings.aw_servers.iter();
    let (key, value) = servers
        .find_map(|server| server.api_key.as_ref())?
        .setting();
    Some(entry(key, quoted(&value)))
}

/// Returns the file of categories and the list of one's own, if there are any.
fn categories(settings: &Settings) -> impl Iterator<Item = (String, String)> {
    let file = settings
        .categories_file
        .as_ref()
        .map(|file| entry("categories-file", quoted(&file.path.display().to_string())));
    let own: Vec<_> = settings.category.iter().map(category).collect();
    let own = (!own.is_empty()).then(|| entry("category", format!("[{}]", own.join(", "))));
    file.into_iter().chain(own)
}

fn category(rule: &CategoryRule) -> String {
    let mut fields = vec![format!("name = {}", list(&rule.name))];
    fields.extend(
        rule.regex
            .as_ref()
            .map(|regex| format!("regex = {}", quoted(regex))),
    );
    fields.extend(rule.ignore_case.then(|| "ignore-case = true".to_owned()));
    if !rule.select_keys.is_empty() {
        fields.push(format!("select-keys = {}", list(&rule.select_keys)));
    }
    fields.extend(
        rule.priority
            .map(|priority| format!("priority = {priority}")),
    );
    format!("{{ {} }}", fields.join(", "))
}

/// Returns the rules on labels as one list, of each what is not the default.
pub(super) fn rules(key: &str, rules: &Rules) -> Option<(String, String)> {
    let rules: Vec<_> = rules.configs().iter().map(rule).collect();
    let list = format!("[{}]", rules.join(", "));
    (!rules.is_empty()).then(|| entry(key, list))
}

fn rule(rule: &RelabelConfig) -> String {
    let default = RelabelConfig::default();
    let text = |value: &str, default: &str| (value != default).then(|| quoted(value));
    let written = |value: String, is_default: bool| (!is_default).then_some(value);
    let keys = [
        (
            "source-labels",
            written(list(&rule.source_labels), rule.source_labels.is_empty()),
        ),
        ("separator", text(&rule.separator, &default.separator)),
        ("regex", text(&rule.regex, &default.regex)),
        (
            "modulus",
            written(rule.modulus.to_string(), rule.modulus == default.modulus),
        ),
        (
            "target-label",
            text(&rule.target_label, &default.target_label),
        ),
        ("replacement", text(&rule.replacement, &default.replacement)),
        (
            "action",
            text(rule.action.as_str(), default.action.as_str()),
        ),
    ];
    let keys: Vec<_> = keys
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key} = {}", value?)))
        .collect();
    format!("{{ {} }}", keys.join(", "))
}

pub(super) fn entry(key: &str, value: String) -> (String, String) {
    (key.to_owned(), value)
}

/// Returns the key `name` of a table with its value, a text.
pub(super) fn nested(table: &str, name: &str, value: &str) -> (String, String) {
    (format!("{table}.{}", key(name)), quoted(value))
}

fn list(values: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let values: Vec<_> = values
        .into_iter()
        .map(|value| quoted(value.as_ref()))
        .collect();
    format!("[{}]", values.join(", "))
}

/// Returns `name` as one part of a dotted key.
pub(super) fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !name.is_empty() && name.bytes().all(is_bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// Returns `text` as a basic string of TOML, on one line and without control characters.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            character if character.is_control() => {
                let escape = format!("\\u{:04X}", u32::from(character));
                quoted.push_str(&escape);
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_back_by_toml() {
        let tables = r#"
            [[relabel]]
            source-labels = ["app", "user"]
            separator = '\'
            regex = '(a\.b|"c")'
            target-label = "${1}"
            replacement = ""
            [[relabel]]
            source-labels = ["project"]
            modulus = 8
            target-label = "project"
            action = "hashmod"
            [[relabel]]
            action = "drop"
        "#;
        let configs = |document: &str| {
            let partial: super::super::PartialSettings = toml::from_str(document).unwrap();
            partial.relabel.unwrap()
        };
        let written = configs(tables);
        let (key, value) = rules("relabel", &Rules::new(written.clone()).unwrap()).unwrap();
        assert_eq!(configs(&format!("{key} = {value}")), written);
        assert_eq!(rules("relabel", &Rules::default()), None);
    }

    #[test]
    fn quoting_is_read_back_by_toml() {
        for text in [
            "",
            "plain",
            "a \"b\" \\c",
            "line\nbreak\tand\u{7f}\u{1b}",
            "é日本",
        ] {
            let document = format!("{} = {}", key(text), quoted(text));
            let table: toml::Table = document.parse().unwrap();
            assert_eq!(table[text].as_str(), Some(text));
            assert!(!document.contains(char::is_control), "{document}");
        }
    }
}
