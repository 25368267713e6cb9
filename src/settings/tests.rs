use std::{collections::HashMap, fs};

use super::*;
use crate::metrics::relabel::without_meta;

/// A home of its own for each test, with a settings file if there is one.
struct Home {
    root: tempfile::TempDir,
    dirs: Dirs,
}

impl Home {
    fn empty() -> Self {
        let root = tempfile::tempdir().unwrap();
        let dirs = Dirs::below(root.path());
        Self { root, dirs }
    }

    fn with(text: &str) -> Self {
        let home = Self::empty();
        fs::create_dir_all(&home.dirs.config).unwrap();
        fs::write(file::path(&home.dirs, false), text).unwrap();
        home
    }

    fn load(
        &self,
        flags: PartialSettings,
        environment: &[(&str, &str)],
    ) -> Result<Loaded, SettingsError> {
        let variables: HashMap<_, _> = environment.iter().copied().collect();
        load(
            flags,
            |name| variables.get(name).map(|value| (*value).to_owned()),
            &self.dirs,
        )
    }

    /// The message for a file, with its directory left out.
    fn message(text: &str) -> String {
        let home = Self::with(text);
        let error = home.load(PartialSettings::default(), &[]).unwrap_err();
        assert!(matches!(error, SettingsError::File { .. }), "{error}");
        error
            .to_string()
            .replace(&home.dirs.config.display().to_string(), "DIR")
    }
}

fn cron(cron: &str) -> PartialSettings {
    PartialSettings {
        cron: Some(cron.to_owned()),
        ..PartialSettings::default()
    }
}

/// The example file with the marks `marks` taken away from its lines.
fn uncommented(marks: &[&str]) -> String {
    let is_prose = |line: &&str| line.is_empty() || line.starts_with("##");
    let lines = file::EXAMPLE.lines().filter(|line| !is_prose(line));
    let uncommented = lines.filter_map(|line| {
        let (mark, rest) = if line.starts_with("#: ") {
            line.split_at(3)
        } else {
            line.split_at(1)
        };
        marks.contains(&mark).then_some(rest)
    });
    uncommented.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_commented_defaults_are_the_defaults() {
    let nothing_said = Home::empty().load(PartialSettings::default(), &[]).unwrap();
    let all_said = Home::with(&uncommented(&["#"]))
        .load(PartialSettings::default(), &[])
        .unwrap();
    assert_eq!(all_said.settings, nothing_said.settings);
}

#[test]
fn the_examples_are_valid_and_with_the_defaults_name_every_key() {
    let home = Home::with(&uncommented(&["#", "#: "]));
    let settings = home.load(PartialSettings::default(), &[]).unwrap().settings;
    assert_eq!(settings.user, "ada");
    assert_eq!(settings.labels["team"], "research");
    assert_eq!(settings.hosts["laptop.local"], "laptop");
    assert!(settings.remote_write[0].basic_auth.is_some());
    assert_eq!(settings.relabel.configs().len(), 6);

    assert!(settings.aw_servers[0].api_key.is_some());

    let first_way = uncommented(&["#: "]);
    let other_way = first_way
        .replace("\nbasic-auth", "\n#basic-auth")
        .replace("#authorization", "authorization")
        .replace("#insecure", "insecure")
        .replace("#tls-config", "tls-config");
    let other_proxy = first_way
        .replace("#insecure", "insecure")
        .replace("#proxy-url", "proxy-url")
        .replace("#no-proxy", "no-proxy");
    let destination = |text: &str| {
        let home = Home::with(text);
        let mut settings = home.load(PartialSettings::default(), &[]).unwrap().settings;
        settings.remote_write.remove(0)
    };
    assert!(destination(&other_way).authorization.is_some());
    assert!(destination(&other_way).insecure_credentials);
    assert!(destination(&other_way).tls_config.server_name.is_some());
    assert!(matches!(
        destination(&other_proxy).proxy,
        Proxy::Explicit { .. }
    ));

    for unknown in [
        "x = 1",
        "remote-write.x = 1",
        "remote-write.tls-config.x = 1",
    ] {
        let message = Home::message(unknown);
        let known = message.split('`').skip(1).step_by(2).skip(1);
        // Inline, certificates would be pages.
        for key in known.filter(|key| !["url", "ca", "cert", "key"].contains(key)) {
            let mut forms =
                [format!("{key} = "), format!("{key}."), format!("[{key}]")].into_iter();
            assert!(forms.any(|form| file::EXAMPLE.contains(&form)), "{key}");
        }
    }
}

#[test]
fn the_recipes_for_labels_do_what_they_say() {
    let home = Home::with(&uncommented(&["#: "]));
    let settings = home.load(PartialSettings::default(), &[]).unwrap().settings;
    let leaving = |labels: &[(&'static str, &str)]| {
        let labels = labels
            .iter()
            .map(|&(name, value)| (name.into(), value.to_owned()));
        let left = without_meta(settings.relabel.apply(labels.collect())?);
        let left: Vec<_> = left
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Some(left.join(" "))
    };
    for (labels, expected) in [
        (
            &[("app", "Blender"), ("__data_title", "a.blend")][..],
            Some("app=Blender title=a.blend"),
        ),
        (
            &[("app", "Signal"), ("__data_title", "Bob")],
            Some("app=(hidden)"),
        ),
        (
            &[("app", "vim"), ("__data_title", "diary")],
            Some("app=vim"),
        ),
        (&[("domain", "www.example.com")], None),
        (
            &[("domain", "notexample.com")],
            Some("domain=notexample.com"),
        ),
        (&[("host", "desk.lan")], Some("host=desk")),
        (&[("project", "apollo")], Some("project=15872")),
    ] {
        assert_eq!(leaving(labels).as_deref(), expected, "{labels:?}");
    }
}

#[test]
fn every_line_of_the_example_is_a_comment_in_ascii() {
    assert!(file::EXAMPLE.is_ascii());
    assert!(
        file::EXAMPLE
            .lines()
            .all(|line| line.is_empty() || line.starts_with('#'))
    );
}

#[test]
fn flags_are_stronger_than_the_environment_and_that_than_the_file() {
    let home = Home::with("cron = '@daily'\nmin-data = 7\nuser-id = 'file'");
    let loaded = home
        .load(
            cron("@hourly"),
            &[
                ("CRON", "@weekly"),
                ("USER_ID", "environment"),
                ("MIN_DATA", ""),
            ],
        )
        .unwrap();
    assert_eq!(loaded.settings.schedule.to_string(), "@hourly");
    assert_eq!(loaded.settings.user, "environment");
    assert_eq!(loaded.settings.min_data, 7);
    let file = file::path(&home.dirs, false);
    for (key, origin) in [
        ("cron", Origin::Flag),
        ("user-id", Origin::Environment("USER_ID")),
        (
            "min-data",
            Origin::File {
                path: file,
                line: Some(2),
            },
        ),
        ("settle", Origin::Default),
    ] {
        assert_eq!(loaded.origins.of(key), origin, "{key}");
    }
}

#[test]
fn the_first_start_writes_the_file_and_the_second_reads_it() {
    let home = Home::empty();
    let first = home.load(PartialSettings::default(), &[]).unwrap();
    assert!(first.warnings.is_empty());
    assert_eq!(
        fs::read_to_string(file::path(&home.dirs, false)).unwrap(),
        file::EXAMPLE
    );
    let second = home.load(PartialSettings::default(), &[]).unwrap();
    assert_eq!(second.settings, first.settings);
}

#[test]
fn a_file_that_cannot_be_written_is_a_warning_only() {
    let home = Home::empty();
    fs::write(&home.dirs.base_config, "in the way of the directory").unwrap();
    let loaded = home.load(PartialSettings::default(), &[]).unwrap();
    let warning = loaded.warnings[0]
        .to_string()
        .replace(&home.root.path().display().to_string(), "DIR");
    let (first, hint) = warning.split_once('\n').unwrap();
    assert!(
        first.starts_with("DIR/config/aw-sync-agent/aw-sync-agent.toml: cannot be written: "),
        "{first}"
    );
    assert_eq!(
        hint,
        "hint: nothing is lost, the defaults hold; to change them, use flags or environment variables"
    );
}

#[test]
fn testing_has_a_file_of_its_own() {
    let home = Home::with("user-id = 'real'");
    let flags = PartialSettings {
        testing: Some(true),
        ..PartialSettings::default()
    };
    let settings = home.load(flags, &[("USER_ID", "test")]).unwrap().settings;
    assert!(settings.testing);
    assert_eq!(
        settings.aw_servers[0].url.as_str(),
        "http://127.0.0.1:5666/"
    );
    assert!(file::path(&home.dirs, true).exists());
}

#[test]
fn a_server_that_was_found_is_used_only_if_no_layer_names_one() {
    let home = Home::empty();
    let client = home.dirs.base_config.join("aw-client");
    fs::create_dir_all(&client).unwrap();
    let client = client.join("aw-client.toml");
    fs::write(&client, "[server]\nport = '5601'").unwrap();

    let found = home.load(PartialSettings::default(), &[]).unwrap();
    assert_eq!(
        found.settings.aw_servers[0].url.as_str(),
        "http://127.0.0.1:5601/"
    );
    assert_eq!(found.origins.of("aw-url"), Origin::Found(client));

    let named = home
        .load(
            PartialSettings::default(),
            &[("ACTIVITY_WATCH_URL", "http://a,http://b,http://a/")],
        )
        .unwrap();
    assert_eq!(
        named
            .settings
            .aw_servers
            .iter()
            .map(|server| server.url.as_str())
            .collect::<Vec<_>>(),
        ["http://a/", "http://b/"]
    );
    assert_eq!(
        named.origins.of("aw-url"),
        Origin::Environment("ACTIVITY_WATCH_URL")
    );
}

#[test]
fn a_key_that_was_found_is_used_only_if_no_layer_has_one() {
    let rust = "aw-server-rust/config.toml";
    let load = |text: &str, environment: &[(&str, &str)]| {
        let home = Home::with(text);
        fs::write(home.dirs.config.join("key"), "from-file").unwrap();
        fs::create_dir_all(home.dirs.base_config.join("aw-server-rust")).unwrap();
        let path = home.dirs.base_config.join(rust);
        fs::write(path, "[auth]\napi_key = 'from-server'").unwrap();
        let loaded = home.load(PartialSettings::default(), environment).unwrap();
        let keys = loaded.settings.aw_servers.iter();
        let keys: Vec<_> = keys
            .map(|server| Some(server.api_key.as_ref()?.read().unwrap().expose().to_owned()))
            .collect();
        let shown = loaded.settings.shown();
        let (key, shown) = &shown[1];
        let directory = home.dirs.base_config.display().to_string();
        let shown = format!("{key} = {shown}  # {}", loaded.origins.of(key));
        (keys, shown.replace(&directory, "DIR"))
    };
    let found = "aw-api-key = \"[redacted]\"  # found in DIR/aw-server-rust/config.toml";
    let key = |key: &str| Some(key.to_owned());
    assert_eq!(load("", &[]), (vec![key("from-server")], found.to_owned()));
    // Each server has its own, and a user in the address is enough.
    assert_eq!(
        load(
            "aw-url = ['http://desk.lan:5600', 'http://localhost:5600', 'http://ada@127.0.0.1:5600']",
            &[]
        ),
        (vec![None, key("from-server"), None], found.to_owned())
    );
    assert_eq!(
        load("aw-api-key-file = 'key'", &[]),
        (
            vec![key("from-file")],
            "aw-api-key-file = \"DIR/aw-sync-agent/key\"  # DIR/aw-sync-agent/aw-sync-agent.toml: line 1".to_owned()
        )
    );
    for text in ["aw-api-key = 'hunter2'", "aw-api-key-file = 'key'"] {
        assert_eq!(
            load(text, &[("AW_API_KEY", "from-variable")]),
            (
                vec![key("from-variable")],
                "aw-api-key = \"[redacted]\"  # environment variable AW_API_KEY".to_owned()
            )
        );
    }
}

#[test]
fn a_key_that_others_can_read_on_its_way_is_warned_of() {
    let home = Home::with("aw-url = ['http://desk.lan', 'https://b', 'http://ada@c', 'http://d']");
    let warned = |environment: &[(&str, &str)]| {
        let loaded = home.load(PartialSettings::default(), environment).unwrap();
        let warnings = loaded.warnings.iter();
        let first = |warning: &Warning| warning.to_string().split(": ").next().unwrap().to_owned();
        warnings.map(first).collect::<Vec<_>>()
    };
    assert_eq!(warned(&[]), [""; 0]);
    assert_eq!(
        warned(&[("AW_API_KEY", "hunter2")]),
        ["http://desk.lan/", "http://d/"]
    );
}

#[test]
fn a_bad_value_in_the_file_is_named_with_its_line() {
    insta::assert_snapshot!(Home::message("\ncron = 'often'"), @"
    DIR/aw-sync-agent.toml: line 2: cron expression `often`: 1 fields instead of 5 or 6
    hint: type minute, hour, day of month, month and day of week, such as `*/5 * * * *`
    ");
    insta::assert_snapshot!(Home::message("aw-url = ['http://a', 'b:5600']"), @"
    DIR/aw-sync-agent.toml: line 1: `aw-url`: `b:5600` does not begin with http:// or https://
    hint: write it like `http://b:5600`
    ");
    insta::assert_snapshot!(Home::message("aw-url = []"), @"
    DIR/aw-sync-agent.toml: line 1: `aw-url` is empty
    hint: give it a value, or remove it
    ");
    insta::assert_snapshot!(Home::message("\naw-api-key-file = 'none'"), @"
    DIR/aw-sync-agent.toml: line 2: `aw-api-key-file`: DIR/none: cannot be read: No such file or directory (os error 2)
    hint: a path without a root begins at the directory of the settings file
    ");
    insta::assert_snapshot!(Home::message("aw-api-key = ''"), @"
    DIR/aw-sync-agent.toml: line 1: `aw-api-key` is empty
    hint: give it a value, or remove it
    ");
    insta::assert_snapshot!(Home::message("[[remote-write]]\n\nurl = 'ftp://ada:hunter2@b'"), @"
    DIR/aw-sync-agent.toml: line 3: `prometheus-url`: `ftp://***@b` does not begin with http:// or https://
    hint: write it like `http://***@b`
    ");
    insta::assert_snapshot!(Home::message("[[remote-write]]\n[[remote-write]]"), @"
    DIR/aw-sync-agent.toml: line 2: table 2 of `remote-write` has no `url`
    hint: add it: `prometheus-url` is the address of the first table only
    ");
    insta::assert_snapshot!(Home::message("[[remote-write]]\n\n[[remote-write]]\nurl = 'http://127.0.0.1:9090'"), @"
    DIR/aw-sync-agent.toml: line 4: `http://127.0.0.1:9090/api/v1/write` is the address of two destinations
    hint: remove one of them; `prometheus-url`, by flag and variable too, takes the place of the first one's `url`
    ");
    insta::assert_snapshot!(Home::message("[[remote-write]]\n[[remote-write]]\nurl = 'http://a'\n[[remote-write.relabel]]\nregex = '('\ntarget-label = 'app'"), @r"
    DIR/aw-sync-agent.toml: line 5: `relabel` rule 1: `regex`: `(` is not a regular expression: unclosed group
    hint: put a `\` before a character that is meant as itself, in TOML between single quotes, as in `'a\.b'`
    ");
    insta::assert_snapshot!(Home::message("user-id = ''"), @"
    DIR/aw-sync-agent.toml: line 1: `user-id` is empty
    hint: give it a value, or remove it
    ");
    insta::assert_snapshot!(Home::message("log-level = 'loud'"), @"
    DIR/aw-sync-agent.toml: line 1: `log-level`: `loud` is not a level
    hint: write one of off, error, warn, info, debug, trace
    ");
    insta::assert_snapshot!(Home::message("history = 'ever'"), @"
    DIR/aw-sync-agent.toml: line 1: `history`: `ever` is not a length of time: expected number at 0
    hint: write a number with its unit, like `90s`, `5m`, `12h` or `30d`
    ");
    insta::assert_snapshot!(Home::message("min-break = '59s'"), @"
    DIR/aw-sync-agent.toml: line 1: `min-break`: `59s` is not a length of time: it must be at least 1m
    hint: write a number with its unit, like `90s`, `5m`, `12h` or `30d`
    ");
    insta::assert_snapshot!(Home::message("start-of-day = '4'"), @"
    DIR/aw-sync-agent.toml: line 1: `start-of-day`: `4` is not a time of the day
    hint: write hours and minutes, like `04:00`
    ");
    insta::assert_snapshot!(Home::message("included-watchers = 'aw-[a'"), @"
    DIR/aw-sync-agent.toml: line 1: `included-watchers`: `aw-[a` is not a pattern: unclosed character class; missing ']'
    hint: `*` stands for any text, `?` for one character, `[ab]` for a or b, as in `aw-watcher-web-*`
    ");
    insta::assert_snapshot!(Home::message("[labels]\nteam = 'a'\nhost = 'b'"), @"
    DIR/aw-sync-agent.toml: line 3: `labels`: `host` is a label that the agent sets itself
    hint: choose another name, like `my_host`
    ");
    insta::assert_snapshot!(Home::message("[[relabel]]\naction = 'drop'\n[[relabel]]\nsource-labels = ['app']\nregex = 'KeePass('\ntarget-label = 'app'"), @r"
    DIR/aw-sync-agent.toml: line 5: `relabel` rule 2: `regex`: `KeePass(` is not a regular expression: unclosed group
    hint: put a `\` before a character that is meant as itself, in TOML between single quotes, as in `'a\.b'`
    ");
    insta::assert_snapshot!(Home::message("[relabel]\nsource-labels = ['app']"), @r#"
    DIR/aw-sync-agent.toml: line 1: `relabel` rule 1: `replace` needs `target-label`
    hint: add it, as in `target-label = "title"`
    "#);
    insta::assert_snapshot!(Home::message("[hosts]\n'a.local' = ''"), @r#"
    DIR/aw-sync-agent.toml: line 2: `hosts."a.local"` is empty
    hint: give it a value, or remove it
    "#);
}

#[test]
fn a_destination_has_its_own_rules_after_those_for_all() {
    let home = Home::with(
        "[[relabel]]
        source-labels = ['app']
        regex = 'KeePass'
        target-label = 'app'
        replacement = '(hidden)'
        [[remote-write]]
        [[remote-write]]
        url = 'http://desk.lan'
        [remote-write.relabel]
        source-labels = ['app']
        regex = '\\(hidden\\)'
        action = 'drop'",
    );
    let settings = home.load(PartialSettings::default(), &[]).unwrap().settings;
    let app = |name: &str| vec![("app".into(), name.to_owned())];
    let left = settings.by_destination().into_iter().map(|one| {
        let host = one.destination.url.host_str().unwrap().to_owned();
        let rules = one.settings.relabel;
        (host, rules.apply(app("KeePass")), rules.apply(app("vim")))
    });
    assert_eq!(
        left.collect::<Vec<_>>(),
        [
            (
                "127.0.0.1".to_owned(),
                Some(app("(hidden)")),
                Some(app("vim"))
            ),
            ("desk.lan".to_owned(), None, Some(app("vim"))),
        ]
    );
}

#[test]
fn a_flag_that_names_a_further_destination_once_more_is_at_fault() {
    let home = Home::with("[[remote-write]]\nurl = 'http://a'\n[[remote-write]]\nurl = 'http://b'");
    let error = home
        .load(
            PartialSettings::default(),
            &[("PROMETHEUS_URL", "http://b")],
        )
        .unwrap_err();
    assert!(matches!(error, SettingsError::Invocation { .. }), "{error}");
}

#[test]
fn a_bad_flag_or_variable_is_told_from_a_bad_file() {
    let home = Home::with("cron = 'often'");
    let flag = home.load(cron("seldom"), &[]).unwrap_err();
    assert!(matches!(flag, SettingsError::Invocation { .. }));
    insta::assert_snapshot!(flag, @"
    command line: cron expression `seldom`: 1 fields instead of 5 or 6
    hint: type minute, hour, day of month, month and day of week, such as `*/5 * * * *`
    ");
    let variable = home
        .load(PartialSettings::default(), &[("CRON", "never")])
        .unwrap_err();
    assert!(matches!(variable, SettingsError::Invocation { .. }));
    insta::assert_snapshot!(variable, @"
    environment variable CRON: cron expression `never`: 1 fields instead of 5 or 6
    hint: type minute, hour, day of month, month and day of week, such as `*/5 * * * *`
    ");
}

#[test]
fn nothing_that_may_be_a_secret_is_shown_when_formatted() {
    let home = Home::with("remote-write.authorization.credentials = 'hunter2'");
    let loaded = home
        .load(
            PartialSettings::default(),
            &[
                ("ACTIVITY_WATCH_URL", "http://ada:hunter2@a,http://b"),
                ("AW_API_KEY", "hunter2"),
            ],
        )
        .unwrap();
    assert!(!format!("{loaded:?}").contains("hunter2"));
}
