//! `preview`: what would leave, before it does.

use regex::Regex;
use serde_json::{Value, json};

use crate::harness::{Agent, AwServer, BucketSpec, Clock, EventSpec, Proxy, Verdict, midnight};
use crate::hour;

/// What no request should reach; it would be seen.
fn nobody() -> Proxy {
    Proxy::start("http://127.0.0.1:9", |_, _, _| Verdict::Close)
}

#[test]
fn a_preview_shows_a_day_and_touches_nothing() {
    let (server, receiver) = (hour::server(), nobody());
    let agent = Agent::new()
        .reading(&server.url())
        .writing(&receiver.url())
        .args(&["--user-id", "ada"])
        .env("TZ", "UTC");
    let day = midnight(1).date_naive().to_string();
    let run = agent.run(&["preview", "--day", &day]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let table = run
        .stdout
        .replace(&day, "YESTERDAY")
        .replace(&midnight(0).date_naive().to_string(), "TODAY")
        .replace(&server.url(), "SERVER");
    // How well timestamps are compressed depends on the day.
    let size = Regex::new(r"(\d+) bytes").unwrap();
    let bytes: usize = size.captures(&table).unwrap()[1].parse().unwrap();
    assert!((1000..1400).contains(&bytes), "{bytes}");
    insta::assert_snapshot!(size.replace(&table, "SOME bytes"), @"
    What would be sent of YESTERDAY 00:00 to TODAY 00:00. Nothing has been sent.

    laptop (user ada), from SERVER
      aw_focus_streak_seconds: up to 1h 00m 00s in 1 series, 60 samples
      aw_today_seconds: up to 1h 00m 00s in 1 series, 60 samples
        category  Development 1h 00m 00s
      aw_window_seconds: 1h 00m 00s in 1 series, 60 samples
        active    unknown 1h 00m 00s
        app       vim 1h 00m 00s
        category  Development 1h 00m 00s

    3 series and 180 samples in 1 request of SOME bytes
    ");
    assert_eq!(receiver.heads(), Vec::<String>::new());
    assert!(!agent.data_dir().exists(), "{:?}", agent.data_dir());
}

#[test]
fn a_preview_tells_what_rules_do_and_what_they_let_out() {
    let server = AwServer::start();
    let window = |minute: i64, app: &str| {
        let start = midnight(1) + chrono::TimeDelta::minutes(minute);
        EventSpec::new(
            start,
            60_000,
            json!({"app": app, "title": format!("of {app}")}),
        )
    };
    let windows = [
        window(0, "vim"),
        window(1, "KeePassXC"),
        window(2, "Blender"),
    ];
    server.add(&BucketSpec::window("laptop"), &windows);
    let receiver = nobody();
    let agent = Agent::new()
        .reading(&server.url())
        .writing(&receiver.url())
        .args(&["--user-id", "ada"])
        .env("TZ", "UTC");
    // Of yesterday, if nobody names a day.
    let agent = Clock::noon_for(agent);
    agent.write_settings(
        r#"
        [[relabel]]
        source-labels = ["app"]
        regex = "KeePass.*"
        action = "drop"
        [[relabel]]
        source-labels = ["app", "__data_title"]
        regex = "Blender;(.*)"
        target-label = "title"
        "#,
    );
    let run = agent.run(&["preview", "--format", "json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let preview: Value = serde_json::from_str(&run.stdout).unwrap();
    let device = &preview["devices"][0];
    let labels = &device["metrics"]["aw_window_seconds"]["labels"];
    assert_eq!(labels["app"], json!({"vim": 60.0, "Blender": 60.0}));
    assert_eq!(labels["title"], json!({"of Blender": 60.0}));
    let rules: Vec<(f64, f64)> = device["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| {
            let seconds = |key: &str| rule[key].as_f64().unwrap();
            (seconds("changed_seconds"), seconds("dropped_seconds"))
        })
        .collect();
    assert_eq!(rules, [(0.0, 60.0), (60.0, 0.0)]);

    let run = agent.run(&["preview", "--format", "openmetrics"]);
    let timestamp = (midnight(1).timestamp() + 30).to_string();
    let samples = run.stdout.replace(&timestamp, "MIDNIGHT");
    let first = samples.lines().find(|line| line.contains("vim")).unwrap();
    insta::assert_snapshot!(first, @r#"aw_window_seconds{active="unknown",app="vim",category="Development",host="laptop",user="ada"} 60 MIDNIGHT.000"#);
}

#[test]
fn a_day_that_cannot_be_is_a_usage_error() {
    let run = Agent::new().run(&["preview", "--day", "tomorrow"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(run.stderr, @"
    error: invalid value 'tomorrow' for '--day <DAY>': write `yesterday`, `today`, or a date like `2026-11-20`

    For more information, try '--help'.
    ");
}
