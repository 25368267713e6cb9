//! Totals in the receiver are the totals of the events: no second lost, none counted twice.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::activity::Totals;
use crate::harness::{
    Agent, AwServer, BucketSpec, Density, EventSpec, Generator, Prometheus, Receiver, Suite,
    VictoriaMetrics, VictoriaMetricsOptions, midnight,
};
use crate::totals::{assert_close, assert_equal, seconds};

/// What the server loses in a day where gaps between tabs are closed, in seconds: less than a millisecond an event.
const CUT: f64 = 0.01;

fn domain(data: &Value) -> String {
    if data["incognito"] == true {
        return "(incognito)".to_owned();
    }
    let url = data["url"].as_str().unwrap();
    let known = [
        ("docs.rs", "docs.rs"),
        ("www.example.org", "example.org"),
        ("mail.example.com", "mail.example.com"),
        ("localhost", "localhost"),
        ("about:", "about"),
    ];
    known
        .iter()
        .find(|(part, _)| url.contains(part))
        .unwrap()
        .1
        .to_owned()
}

fn project(data: &Value) -> String {
    data["project"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned()
}

/// What ActivityWatch's own query says, in seconds by what `key` makes of the events' data.
fn asked(
    server: &AwServer,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    lines: &[&str],
    key: impl Fn(&Value) -> String,
) -> Totals {
    let common = [
        "windows = flood(query_bucket('aw-watcher-window_laptop'));",
        "afk = flood(query_bucket('aw-watcher-afk_laptop'));",
        r#"not_afk = filter_keyvals(afk, "status", ["not-afk"]);"#,
        r#"firefox = filter_keyvals(windows, "app", ["firefox"]);"#,
        "tabs = flood(query_bucket('aw-watcher-web-firefox_laptop'));",
        "tabs = filter_period_intersect(tabs, firefox);",
    ];
    let answer = server.query(from, to, &[&common, lines].concat());
    let mut totals = Totals::new();
    for event in answer.as_array().unwrap() {
        *totals.entry(key(&event["data"])).or_default() += event["duration"].as_f64().unwrap();
    }
    totals
}

/// One of each kind, as this machine's own release has them.
fn receivers() -> [Box<dyn Receiver>; 2] {
    [
        Box::new(Prometheus::taking_history(Suite::Machine)),
        Box::new(VictoriaMetrics::start(VictoriaMetricsOptions::default())),
    ]
}

#[test]
fn a_day_is_exact_on_old_and_new_receivers() {
    let server = AwServer::start();
    let (from, to) = (midnight(1), midnight(0));
    let day = Generator::new(1, Density::Restless).days(from, 1);
    server.fill(&day);
    let of_activitywatch = server.app_totals("laptop", from, to);
    let app = |data: &Value| data["app"].as_str().unwrap().to_owned();
    let active = asked(
        &server,
        from,
        to,
        &["RETURN = filter_period_intersect(windows, not_afk);"],
        app,
    );
    let tabs = asked(&server, from, to, &["RETURN = tabs;"], domain);
    let files = asked(
        &server,
        from,
        to,
        &["RETURN = flood(query_bucket('aw-watcher-vscode_laptop'));"],
        project,
    );
    let new: [Box<dyn Receiver>; 2] = [
        Box::new(Prometheus::taking_history(Suite::Sid)),
        Box::new(VictoriaMetrics::start(VictoriaMetricsOptions {
            suite: Suite::Sid,
            ..VictoriaMetricsOptions::default()
        })),
    ];
    for receiver in receivers().iter().chain(&new).map(AsRef::as_ref) {
        Agent::between(&[&server], receiver)
            .args(&["--user-id", "ada"])
            .sync();
        let found = |selector, label| receiver.totals(selector, label, from, to);
        let windows = found(r#"aw_window_seconds{user="ada",host="laptop"}"#, "app");
        assert_equal(&windows, &of_activitywatch);
        assert_equal(&windows, &day.app_totals(from, to));
        assert_equal(
            &found("aw_afk_seconds", "status"),
            &day.afk_totals(from, to),
        );
        assert_equal(
            &found(r#"aw_window_seconds{active="true"}"#, "app"),
            &active,
        );
        assert_close(
            &found(r#"aw_web_seconds{browser="firefox"}"#, "domain"),
            &tabs,
            CUT,
        );
        assert_close(
            &found(r#"aw_editor_seconds{editor="vscode"}"#, "project"),
            &files,
            CUT,
        );
    }
}

#[test]
fn twenty_days_are_exact_and_small_and_sent_once() {
    let server = AwServer::start();
    let (from, to) = (midnight(20), midnight(0));
    let days = Generator::new(2, Density::Restless).days(from, 20);
    assert!(days.event_count() > 100_000);
    server.fill(&days);
    for receiver in receivers().iter().map(AsRef::as_ref) {
        let agent = Agent::between(&[&server], receiver);
        let requests = agent.sync().requests;
        assert!((1..=100).contains(&requests), "{requests} requests");
        assert_equal(
            &receiver.totals("aw_window_seconds", "app", from, to),
            &days.app_totals(from, to),
        );
        assert_equal(
            &receiver.totals("aw_afk_seconds", "status", from, to),
            &days.afk_totals(from, to),
        );
        let series = receiver.series_count(r#"{__name__=~"aw_.+"}"#, to);
        assert!((10..300).contains(&series), "{series} series");

        assert_eq!(agent.sync().requests, 0);
        assert_equal(
            &receiver.totals("aw_window_seconds", "app", from, to),
            &days.app_totals(from, to),
        );
    }
}

#[test]
fn two_browsers_two_hosts_and_two_servers_stay_apart() {
    let (home, work) = (AwServer::start(), AwServer::start());
    let (from, to) = (midnight(2), midnight(0));
    let laptop = Generator::new(3, Density::Human).days(from, 2);
    let desk = Generator::new(4, Density::Human).host("desk").days(from, 2);
    let office = Generator::new(5, Density::Human)
        .host("office")
        .days(from, 2);
    home.fill(&laptop);
    home.fill(&desk);
    work.fill(&office);
    // In the hours before work, so that nothing overlaps.
    let hours = |data: Value| -> Vec<_> {
        (0..8)
            .map(|hour| EventSpec::new(from + TimeDelta::hours(hour), 90_000, data.clone()))
            .collect()
    };
    let tab = json!({"url": "https://docs.rs/", "title": "docs", "audible": false, "incognito": false, "tabCount": 1});
    home.add(&BucketSpec::web("chrome", "laptop"), &hours(tab));
    home.insert(
        &BucketSpec::window("laptop").id,
        &hours(json!({"app": "Google-chrome", "title": "docs"})),
    );
    let firefox = asked(&home, from, to, &["RETURN = tabs;"], |_| {
        "firefox".to_owned()
    });
    let browsers = seconds(&[("chrome", 720)])
        .into_iter()
        .chain(firefox)
        .collect();
    let of_laptop = seconds(&[("Google-chrome", 720)])
        .into_iter()
        .chain(laptop.app_totals(from, to))
        .collect();
    for receiver in receivers().iter().map(AsRef::as_ref) {
        Agent::between(&[&home, &work], receiver).sync();
        let (of_desk, of_office) = (desk.app_totals(from, to), office.app_totals(from, to));
        for (host, truth) in [
            ("laptop", &of_laptop),
            ("desk", &of_desk),
            ("office", &of_office),
        ] {
            let selector = format!("aw_window_seconds{{host=\"{host}\"}}");
            assert_equal(&receiver.totals(&selector, "app", from, to), truth);
        }
        let selector = r#"aw_web_seconds{host="laptop"}"#;
        assert_close(
            &receiver.totals(selector, "browser", from, to),
            &browsers,
            CUT,
        );
    }
}

#[test]
fn overlapping_empty_and_long_events_count_as_in_activitywatch() {
    let server = AwServer::start();
    let (from, to) = (midnight(4), midnight(0));
    let app = |app: &str| json!({"app": app, "title": app});
    let at = |minutes| from + TimeDelta::minutes(minutes);
    server.add(
        &BucketSpec::window("laptop"),
        &[
            EventSpec::new(at(0), 600_000, app("cut")),
            EventSpec::new(at(5), 60_000, app("cutting")), // cut's remainder of 5 minutes is dropped
            EventSpec::new(at(10), 0, app("empty")),
            EventSpec::new(at(20), 120_000, app("twice")),
            EventSpec::new(at(21), 120_000, app("twice")), // one minute of both
            EventSpec::new(at(30), -60_000, app("negative")),
            EventSpec::new(at(40), 300_000, app("kept")),
            EventSpec::new(at(42), 0, app("empty")), // ends nothing
        ],
    );
    // 60 hours, more than two slices and more than the Python server remembers.
    server.add(
        &BucketSpec::afk("laptop"),
        &[EventSpec::new(
            at(60),
            60 * 3_600_000,
            json!({"status": "afk"}),
        )],
    );

    let apps = seconds(&[("cut", 300), ("cutting", 60), ("twice", 180), ("kept", 300)]);
    let afk = seconds(&[("afk", 60 * 3600)]);
    for receiver in receivers().iter().map(AsRef::as_ref) {
        Agent::between(&[&server], receiver).sync();
        let found = |selector, label| receiver.totals(selector, label, from, to);
        assert_equal(&found("aw_window_seconds", "app"), &apps);
        assert_equal(&found("aw_afk_seconds", "status"), &afk);
    }
}

#[test]
fn an_old_event_costs_few_requests() {
    let server = AwServer::start();
    let old = DateTime::parse_from_rfc3339("1980-05-05T10:00:00Z")
        .unwrap()
        .to_utc();
    server.add(
        &BucketSpec::window("laptop"),
        &[
            EventSpec::new(old, 30_000, json!({"app": "old"})),
            EventSpec::new(midnight(1), 30_000, json!({"app": "new"})),
        ],
    );
    let victoria = VictoriaMetrics::start(VictoriaMetricsOptions::default());
    let pass = Agent::between(&[&server], &victoria).sync();
    assert_eq!((pass.samples, pass.requests), (6, 2), "{}", pass.log);
}
