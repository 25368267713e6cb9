//! Categories, side by side with those that the Python server's own query gives.

use aw_sync_agent::metrics::{Categories, CategoryRule};
use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use crate::harness::activity::Totals;
use crate::harness::{
    Agent, AwServer, BucketSpec, EventSpec, Prometheus, Proxy, Receiver, Verdict, midnight,
};
use crate::hour;
use crate::totals::{assert_equal, seconds, yesterday};

const WINDOW: &str = "aw-watcher-window_laptop";

/// What windows, and one or two stranger watchers, report.
fn data() -> Vec<Value> {
    vec![
        json!({"app": "Code", "title": "main.rs - engine - Visual Studio Code"}),
        json!({"app": "code.exe", "title": "C:\\src\\engine"}),
        json!({"app": "firefox", "title": "Fix #12 by ada · GitHub — Mozilla Firefox"}),
        json!({"app": "Firefox", "title": "Über Straße, ELÉVE – Wiki", "url": "https://de.example.org/wiki"}),
        json!({"app": "Straße", "title": "STRASSE"}),
        json!({"app": "terminal", "title": "ada@laptop:~ (1)"}),
        json!({"app": "Microsoft Excel", "title": "budget.xlsx"}),
        json!({"app": "", "title": ""}),
        json!({"title": "line one\nGitHub line two"}),
        json!({"app": 7, "list": ["GitHub"], "nested": {"app": "GitHub"}, "null": null, "flag": true}),
        json!({"app": "unknown", "title": "日本語 C++ \"quoted\" it's"}),
        json!({}),
    ]
}

/// Regexes as people write them, and the corners of the language.
const PATTERNS: &[&str] = &[
    "",
    "GitHub",
    "github",
    "Code|Excel",
    "^code",
    "^Code$",
    r"\.rs\b",
    r"C:\\src",
    r"C\+\+",
    r"#\d+",
    r"\d",
    r"\w+@\w+",
    r"^\W*$",
    r"^$",
    ".",
    "^.+$",
    ".*line two",
    "(?i)ELÈVE|eléve",
    "straße",
    "strasse",
    r"ü\w",
    "日本",
    "[À-ÿ]",
    "[^a-z]$",
    r"\s–\s",
    r"(?<!Mozilla )Firefox",
    "(?=.*engine).*rs",
    "(?!.*GitHub)^.*fox",
    r"(?P<twice>[a-z])(?P=twice)",
    r"(.)\1",
    "fire(?:fox|wall)",
    "o{2,}|(ab){0,1}xl",
    "x{,2}budget",
    "\"quoted\"",
    "it's",
    r"\(1\)",
    "a{b",
    "[.]xlsx$",
    r"\Aterminal",
    "Microsoft\\ Excel",
    "1/2|wiki/?$",
];

fn rule(name: &[&str], regex: &str) -> CategoryRule {
    CategoryRule {
        name: name.iter().map(|&part| part.to_owned()).collect(),
        regex: Some(regex.to_owned()),
        ..CategoryRule::default()
    }
}

/// The server, and the question which category each event has.
struct Oracle {
    server: AwServer,
    events: usize,
}

impl Oracle {
    fn new(data: Vec<Value>) -> Self {
        let server = AwServer::start();
        server.create_bucket(&BucketSpec::window("laptop"));
        let events: Vec<_> = data
            .into_iter()
            .zip(0_i64..)
            .map(|(data, minute)| {
                EventSpec::new(midnight(1) + TimeDelta::minutes(minute), 30_000, data)
            })
            .collect();
        server.insert(WINDOW, &events);
        let events = events.len();
        Self { server, events }
    }

    /// Returns the data of each event with the category that the server says.
    fn ask(&self, rules: &[CategoryRule]) -> Vec<(Map<String, Value>, String)> {
        let categorize = format!("events = categorize(events, {});", in_query(rules));
        let query = format!("events = query_bucket(\"{WINDOW}\");");
        let lines = [query.as_str(), &categorize, "RETURN = events;"];
        let answer = self.server.query(midnight(1), midnight(0), &lines);
        let answered = answer.as_array().unwrap().iter().map(|event| {
            let mut data = event["data"].as_object().unwrap().clone();
            let category = data.remove("$category").unwrap();
            let parts: Vec<String> = serde_json::from_value(category).unwrap();
            (data, parts.join(" > "))
        });
        answered.collect()
    }

    #[track_caller]
    fn assert_agrees(&self, rules: &[CategoryRule]) {
        let (categories, skipped) = Categories::new(rules.iter().cloned());
        assert_eq!(skipped, []);
        let answered = self.ask(rules);
        assert_eq!(answered.len(), self.events);
        for (data, category) in answered {
            assert_eq!(
                categories.categorize(&data),
                category,
                "{data:?} {rules:#?}"
            );
        }
    }
}

/// Rules as an argument of a query, whose language takes a backslash for itself except before a quote.
fn in_query(rules: &[CategoryRule]) -> String {
    let class = |rule: &CategoryRule| {
        let mut class = json!({"type": "regex", "ignore_case": rule.ignore_case, "select_keys": rule.select_keys});
        if let Some(regex) = &rule.regex {
            class["regex"] = json!(regex);
        }
        if let Some(priority) = rule.priority {
            class["priority"] = json!(priority);
        }
        json!([rule.name, class])
    };
    let classes: Value = rules.iter().map(class).collect();
    classes.to_string().replace(r"\\", r"\")
}

#[test]
fn each_pattern_matches_what_it_matches_on_the_server() {
    let oracle = Oracle::new(data());
    for pattern in PATTERNS {
        for ignore_case in [false, true] {
            let rule = CategoryRule {
                ignore_case,
                ..rule(&["Found"], pattern)
            };
            oracle.assert_agrees(std::slice::from_ref(&rule));
        }
    }
}

#[test]
fn of_several_matches_the_servers_wins() {
    let oracle = Oracle::new(data());
    let names: [&[&str]; 5] = [&["A"], &["A", "B"], &["C"], &["C", "D", "E"], &["F", "G"]];
    let keys: [&[&str]; 4] = [&[], &["app"], &["title", "url"], &["gone"]];
    let mut rules: Vec<_> = (0..)
        .zip(PATTERNS)
        .map(|(index, pattern)| CategoryRule {
            ignore_case: index % 2 == 0,
            select_keys: keys[index % 4].iter().map(|&key| key.to_owned()).collect(),
            // Below, between and above what depths count, and equal to them.
            priority: [None, None, Some(20), None, Some(15), Some(0), Some(31)][index % 7],
            ..rule(names[index % 5], pattern)
        })
        .collect();
    for _ in 0..PATTERNS.len() {
        rules.rotate_left(1);
        oracle.assert_agrees(&rules);
        oracle.assert_agrees(&rules[..6]);
    }
}

#[test]
fn the_rules_that_count_give_the_same_answer_when_sent_back() {
    let oracle = Oracle::new(data());
    let (starter, _) = CategoryRule::of_server(None);
    oracle.assert_agrees(&starter);

    let odd = [
        rule(&["Bad"], "("),
        rule(&["Empty"], ""),
        rule(&["Good"], "Git"),
    ];
    let (categories, skipped) = Categories::new(odd.into_iter().chain(starter));
    assert_eq!(skipped.len(), 1);
    let counting: Vec<_> = categories.rules().cloned().collect();
    oracle.assert_agrees(&counting);
    for (data, category) in oracle.ask(&counting) {
        assert_eq!(categories.categorize(&data), category);
    }
}

#[test]
fn where_the_engines_differ_is_known() {
    let oracle = Oracle::new(vec![
        json!({"title": "main.rs\n"}),
        json!({"title": "e\u{301}"}),
    ]);
    for (pattern, theirs, ours) in [
        (r"rs$", 1, 0),   // Python's `$` matches before a final line break too
        (r"^e\w$", 0, 1), // a combining mark is no letter to Python
    ] {
        let rules = [rule(&["Found"], pattern)];
        let (categories, _) = Categories::new(rules.clone());
        let answered = oracle.ask(&rules);
        let found = |category: &str| category == "Found";
        let server = answered.iter().filter(|(_, category)| found(category));
        let agent = answered
            .iter()
            .filter(|(data, _)| found(categories.categorize(data)));
        assert_eq!((server.count(), agent.count()), (theirs, ours), "{pattern}");
    }
}

/// The categories that yesterday's hour of `vim` was sent with.
fn sent(prometheus: &Prometheus) -> Totals {
    yesterday(prometheus, "aw_window_seconds", "category")
}

/// A proxy in front of `server` that says `settings` are the server's.
fn with_settings(server: &AwServer, settings: &'static str) -> Proxy {
    Proxy::start(&server.url(), move |_, path, _| {
        if path.ends_with("/settings") {
            Verdict::Answer(200, "", settings)
        } else {
            Verdict::Forward
        }
    })
}

#[test]
fn the_categories_of_the_server_are_followed_and_a_bad_rule_is_named() {
    let (server, prometheus) = hour::servers();
    let proxy = with_settings(
        &server,
        r#"{"startOfDay": "04:00", "classes": [
            {"name": ["Work"], "rule": {"type": "regex", "regex": "vim"}},
            {"name": ["Work", "Editing"], "rule": {"type": "regex", "regex": "VIM", "ignore_case": true}},
            {"name": ["Work", "Editing", "Broken"], "rule": {"type": "regex", "regex": "vim("}}
        ]}"#,
    );
    let pass = Agent::new()
        .reading(&proxy.url())
        .writing(&prometheus.url())
        .sync();
    assert!(
        pass.log
            .contains("category `Work > Editing > Broken` is left out: "),
        "{}",
        pass.log
    );
    assert_equal(&sent(&prometheus), &seconds(&[("Work > Editing", 3600)]));
}

#[test]
fn a_server_without_settings_gets_the_starter_set_and_categories_of_ones_own() {
    for (settings, category) in [
        ("", "Development"),
        (
            "[[category]]\nname = 'Play'\nregex = 'vim'\npriority = 100",
            "Play",
        ),
        ("categories-file = 'export.json'", "Leisure"),
    ] {
        let (server, prometheus) = hour::servers();
        let agent = Agent::between(&[&server], &prometheus);
        agent.write_settings(settings);
        let export =
            r#"{"categories": [{"name": ["Leisure"], "rule": {"type": "regex", "regex": "vim"}}]}"#;
        std::fs::write(agent.settings_file().with_file_name("export.json"), export).unwrap();
        agent.sync();
        assert_equal(&sent(&prometheus), &seconds(&[(category, 3600)]));
    }
}

#[test]
fn what_is_sent_again_after_the_rules_have_changed_is_what_was_sent() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| Verdict::LoseAnswer);
    let agent = Agent::between(&[&server], &prometheus).writing(&proxy.url());
    agent.write_settings("[[category]]\nname = 'Before'\nregex = 'vim'\npriority = 100");
    assert_eq!(agent.run(&["sync"]).code, Some(3));
    agent.write_settings("[[category]]\nname = 'After'\nregex = 'vim'\npriority = 100");
    proxy.set_rule(|_, _, _| Verdict::Forward);
    agent.sync();
    assert_equal(&sent(&prometheus), &seconds(&[("Before", 3600)]));
}
