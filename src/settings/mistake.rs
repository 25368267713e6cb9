//! What the TOML reader complains about, in words that lead to the cure.
//!
//! The reader has no typed errors, only a message; what is taken from it here are the names between backticks.

use super::{error::Problem, file::EXAMPLE};

/// Explains why a file is not TOML.
pub(super) fn syntax(message: &str) -> Problem {
    Problem::Malformed {
        message: message.to_owned(),
        hint: "a line is `key = value`, with text in quotes, as in `cron = \"@hourly\"`; \
               a key stands only once"
            .to_owned(),
    }
}

/// Explains why the value of `key`, or a key within it, was not taken.
pub(super) fn value(message: &str, key: &str) -> Problem {
    if message.starts_with("unknown field") {
        let mut names = message.split('`').skip(1).step_by(2);
        let unknown = names.next().unwrap_or_default();
        return unknown_key(unknown, names);
    }
    let complaint = match message.rsplit_once(", expected ") {
        // A destination holds passwords and tokens, and the message repeats the value.
        Some((_, expected)) if key.starts_with("remote-write") || key == "aw-api-key" => {
            format!("expected {}", plain(expected))
        }
        Some((found, expected)) => format!("{found}, expected {}", plain(expected)),
        None => message.to_owned(),
    };
    Problem::Malformed {
        message: format!("`{key}`: {complaint}"),
        hint: format!("write it like `{}`", example(key)),
    }
}

/// Returns what is expected in words that are not Rust's.
fn plain(expected: &str) -> &str {
    match expected {
        "usize" | "u64" | "i64" => "a whole number",
        "a sequence" => "a list",
        "a map" => "a table",
        "a boolean" => "true or false",
        other => other,
    }
}

fn unknown_key<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    // The other spelling of `user-id` is for old files, not for new ones.
    let known: Vec<_> = known
        .filter(|name| !name.contains(char::is_uppercase))
        .collect();
    let closest = known
        .iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&folded(name), &folded(unknown)),
                name,
            )
        })
        // A third of the letters wrong is a slip; more is another word, unless it is a beginning.
        .filter(|(distance, name)| distance * 3 <= name.len() || name.starts_with(unknown))
        .min();
    let hint = match closest {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => format!("the keys here are `{}`", known.join("`, `")),
    };
    Problem::UnknownKey {
        key: unknown.to_owned(),
        hint,
    }
}

/// Returns `name` in the one spelling that `prometheusUrl`, `prometheus_url` and `prometheus-url` share.
fn folded(name: &str) -> String {
    name.replace(['-', '_'], "").to_lowercase()
}

/// Returns a line that sets `key`, or the table around it, from the file of commented defaults.
fn example(key: &str) -> String {
    let key = &without_numbers(key);
    let lines = EXAMPLE
        .lines()
        .map(|line| line.trim_start_matches(['#', ':', ' ']));
    let is_header = |line: &str| line.starts_with('[') && line.trim_matches(['[', ']']) == key;
    if let Some(header) = lines.clone().find(|line| is_header(line)) {
        return header.to_owned();
    }
    let setting = |line: &str, name| {
        let (set, value) = line.split_once(" = ")?;
        (set.rsplit('.').next() == Some(name)).then(|| format!("{name} = {value}"))
    };
    let names = || key.rsplit('.');
    names()
        .find_map(|name| lines.clone().find_map(|line| setting(line, name)))
        .unwrap_or_else(|| format!("{} = \"text\"", names().next().unwrap_or(key)))
}

/// Returns a key with the places of tables in their lists left out.
fn without_numbers(key: &str) -> String {
    let parts = key.split('.').map(|part| match part.split_once('[') {
        Some((list, _)) => list,
        None => part,
    });
    parts.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::settings::file;

    fn message(text: &str) -> String {
        file::parse(Path::new("a.toml"), text)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_unknown_key_is_named_with_the_one_that_was_meant() {
        insta::assert_snapshot!(message("\n\ncronn = '@hourly'"), @"
        a.toml: line 3: unknown key `cronn`
        hint: did you mean `cron`?
        ");
        insta::assert_snapshot!(message("prometheusUrl = 'http://a'"), @"
        a.toml: line 1: unknown key `prometheusUrl`
        hint: did you mean `prometheus-url`?
        ");
        insta::assert_snapshot!(message("[[remote-write]]\nurl = 'http://a'\nremote-timeuot = '5s'"), @"
        a.toml: line 3: unknown key `remote-timeuot`
        hint: did you mean `remote-timeout`?
        ");
        insta::assert_snapshot!(message("remote-write.basic-auth = { user = 'a', password = 'b' }"), @"
        a.toml: line 1: unknown key `user`
        hint: did you mean `username`?
        ");
        insta::assert_snapshot!(message("colour = 'red'"), @"
        a.toml: line 1: unknown key `colour`
        hint: the keys here are `aw-url`, `aw-api-key`, `aw-api-key-file`, `prometheus-url`, `remote-write`, `cron`, `excluded-watchers`, `included-watchers`, `min-data`, `user-id`, `settle`, `history`, `min-break`, `start-of-day`, `synced-buckets`, `series-budget`, `categories-file`, `log-level`, `labels`, `hosts`, `category`, `relabel`
        ");
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named_with_an_example() {
        insta::assert_snapshot!(message("cron = '@hourly'\nmin-data = 'five'"), @r#"
        a.toml: line 2: `min-data`: invalid type: string "five", expected a whole number
        hint: write it like `min-data = 5`
        "#);
        insta::assert_snapshot!(message("min-data = -1"), @"
        a.toml: line 1: `min-data`: invalid value: integer `-1`, expected a whole number
        hint: write it like `min-data = 5`
        ");
        insta::assert_snapshot!(message("[[remote-write]]\n[[remote-write]]\nremote-timeout = 5"), @r#"
        a.toml: line 3: `remote-write[2].remote-timeout`: expected a string
        hint: write it like `remote-timeout = "30s"`
        "#);
        insta::assert_snapshot!(message("[[remote-write]]\n[[remote-write]]\nrelabel = 5"), @"
        a.toml: line 3: `remote-write[2].relabel`: expected one entry or a list of them
        hint: write it like `[[remote-write.relabel]]`
        ");
        insta::assert_snapshot!(message("aw-api-key = 2718"), @r#"
        a.toml: line 1: `aw-api-key`: expected a string
        hint: write it like `aw-api-key = "..."`
        "#);
        insta::assert_snapshot!(message("aw-url = 5"), @r#"
        a.toml: line 1: `aw-url`: invalid type: integer `5`, expected one entry or a list of them
        hint: write it like `aw-url = "http://127.0.0.1:5600"`
        "#);
        insta::assert_snapshot!(message("excluded-watchers = [\n  'a',\n  5,\n]"), @"
        a.toml: line 3: `excluded-watchers`: invalid type: integer `5`, expected a string
        hint: write it like `excluded-watchers = []`
        ");
        insta::assert_snapshot!(message("labels = 'a'"), @r#"
        a.toml: line 1: `labels`: invalid type: string "a", expected a table
        hint: write it like `[labels]`
        "#);
        insta::assert_snapshot!(message("remote-write = 5"), @"
        a.toml: line 1: `remote-write`: expected one entry or a list of them
        hint: write it like `[[remote-write]]`
        ");
        insta::assert_snapshot!(message("remote-write.basic-auth = 'hunter2'"), @r#"
        a.toml: line 1: `remote-write.basic-auth`: expected a table
        hint: write it like `basic-auth = { username = "ada", password-file = "prometheus.password" }`
        "#);
        insta::assert_snapshot!(message("[labels]\nfloor = 3"), @r#"
        a.toml: line 2: `labels.floor`: invalid type: integer `3`, expected a string
        hint: write it like `floor = "text"`
        "#);
        insta::assert_snapshot!(message("remote-write.tls-config.insecure-skip-verify = 'yes'"), @"
        a.toml: line 1: `remote-write.tls-config.insecure-skip-verify`: expected true or false
        hint: write it like `insecure-skip-verify = true`
        ");
    }

    #[test]
    fn a_rule_that_is_not_written_well_is_named_with_its_number() {
        insta::assert_snapshot!(message("[[relabel]]\naction = 'drop'\n[[relabel]]\naction = 'forget'"), @r#"
        a.toml: line 4: `relabel[2].action`: unknown variant `forget`, expected one of `replace`, `keep`, `drop`, `keepequal`, `dropequal`, `hashmod`, `labelmap`, `labeldrop`, `labelkeep`, `lowercase`, `uppercase`
        hint: write it like `action = "drop"`
        "#);
        insta::assert_snapshot!(message("[[relabel]]\nsource-labels = 'app'"), @r#"
        a.toml: line 2: `relabel[1].source-labels`: invalid type: string "app", expected a list
        hint: write it like `source-labels = ["category"]`
        "#);
        insta::assert_snapshot!(message("[[relabel]]\nmodulus = '8'"), @r#"
        a.toml: line 2: `relabel[1].modulus`: invalid type: string "8", expected a whole number
        hint: write it like `modulus = 1000000`
        "#);
        insta::assert_snapshot!(message("[[relabel]]\ntarget = 'app'"), @"
        a.toml: line 2: unknown key `target`
        hint: did you mean `target-label`?
        ");
        insta::assert_snapshot!(message("[[relabel]]\nregexp = 'a'"), @"
        a.toml: line 2: unknown key `regexp`
        hint: did you mean `regex`?
        ");
        insta::assert_snapshot!(message("relabel = 5"), @"
        a.toml: line 1: `relabel`: invalid type: integer `5`, expected one entry or a list of them
        hint: write it like `[[relabel]]`
        ");
        insta::assert_snapshot!(message("relabel = 'drop'"), @r#"
        a.toml: line 1: `relabel`: invalid type: string "drop", expected a table
        hint: write it like `[[relabel]]`
        "#);
    }

    #[test]
    fn what_is_not_toml_is_named() {
        insta::assert_snapshot!(message("cron = @hourly"), @r#"
        a.toml: line 1: string values must be quoted, expected literal string
        hint: a line is `key = value`, with text in quotes, as in `cron = "@hourly"`; a key stands only once
        "#);
        insta::assert_snapshot!(message("cron = '@hourly'\ncron = '@daily'"), @r#"
        a.toml: line 2: duplicate key
        hint: a line is `key = value`, with text in quotes, as in `cron = "@hourly"`; a key stands only once
        "#);
        insta::assert_snapshot!(message("[labels\nteam = 'a'"), @r#"
        a.toml: line 1: unclosed table, expected `]`
        hint: a line is `key = value`, with text in quotes, as in `cron = "@hourly"`; a key stands only once
        "#);
    }

    #[test]
    fn a_value_that_may_be_a_secret_is_not_shown() {
        for text in [
            "remote-write.basic-auth = 'hunter2'",
            "remote-write.basic-auth = { username = 'ada', password = ['hunter2'] }",
            "[remote-write.basic-auth]\npassword = hunter2",
            "remote-write.authorization = { credentials = { hunter2 = 1 } }",
            "remote-write = 'hunter2'",
            "aw-api-key = ['hunter2']",
            "aw-api-key = hunter2",
            "aw-api-key.hunter2 = 1",
        ] {
            assert!(!message(text).contains("hunter2"), "{}", message(text));
        }
    }
}
