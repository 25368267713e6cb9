//! Totals in the receiver are the totals of the events: no second lost, none counted twice.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use serde_json::{Value, json};

use crate::harness::{
    Agent, AwServer, BucketSpec, Density, EventSpec, Generator, Prometheus, PrometheusOptions,
    Receiver, Suite, VictoriaMetrics, VictoriaMetricsOptions,
};

/// Midnight of today in UTC, less `days`.
pub(crate) fn midnight(days: i64) -> DateTime<Utc> {
    Utc::now()
        .with_hour(0)
        .and_then(|time| time.with_minute(0)?.with_second(0)?.with_nanosecond(0))
        .unwrap()
        - TimeDelta::days(days)
}

pub(crate) fn prometheus(suite: Suite) -> Prometheus {
    Prometheus::start(PrometheusOptions {
        suite,
        out_of_order: Some("10000d"),
        ..PrometheusOptions::default()
    })
}

/// An agent that reads `servers` and writes to `receiver`.
pub(crate) fn agent(servers: &[&AwServer], receiver: &dyn Receiver) -> Agent {
    let agent = servers.iter().fold(Agent::new(), |agent, server| {
        agent.arg("--aw-url").arg(&server.url())
    });
    agent
        .arg("--prometheus-url")
        .arg(&receiver.url())
        .arg("--user-id")
        .arg("ada")
}

/// Seconds by the values of `label` in `[from, to)`, as a dashboard asks for them.
pub(crate) fn totals(
    receiver: &dyn Receiver,
    selector: &str,
    label: &str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> BTreeMap<String, f64> {
    let seconds = (to - from).num_seconds();
    let sums = receiver.query(
        &format!("sum by ({label}) (sum_over_time({selector}[{seconds}s]))"),
        to,
    );
    sums.into_iter()
        .map(|(mut labels, sum)| (labels.remove(label).unwrap_or_default(), sum))
        .collect()
}

/// Asserts that `found`, in seconds, is `truth`, in nanoseconds. Half a millisecond is far above what adding up a
/// million floating-point numbers loses, and below what ActivityWatch stores.
#[track_caller]
pub(crate) fn assert_equal(found: &BTreeMap<String, f64>, truth: &BTreeMap<String, i64>) {
    #[expect(clippy::cast_precision_loss, reason = "compared to half a millisecond")]
    let truth: BTreeMap<String, f64> = truth
        .iter()
        .map(|(key, nanos)| (key.clone(), *nanos as f64 / 1e9))
        .collect();
    let same = found.len() == truth.len()
        && found.iter().all(|(key, sum)| {
            truth
                .get(key)
                .is_some_and(|truth| (sum - truth).abs() < 0.0005)
        });
    assert!(same, "found {found:#?}\ntruth {truth:#?}");
}

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

#[test]
fn a_day_is_exact_on_old_and_new_receivers() {
    let server = AwServer::start();
    let (from, to) = (midnight(1), midnight(0));
    let day = Generator::new(1, Density::Restless).days(from, 1);
    server.fill(&day);
    let of_activitywatch = recorded(&server, from, to);
    let receivers: [Box<dyn Receiver>; 4] = [
        Box::new(prometheus(Suite::Machine)),
        Box::new(prometheus(Suite::Sid)),
        Box::new(VictoriaMetrics::start(VictoriaMetricsOptions::default())),
        Box::new(VictoriaMetrics::start(VictoriaMetricsOptions {
            suite: Suite::Sid,
            ..VictoriaMetricsOptions::default()
        })),
    ];
    for receiver in receivers.iter().map(AsRef::as_ref) {
        let run = agent(&[&server], receiver).run(&["sync"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let found = |selector, label| totals(receiver, selector, label, from, to);
        let windows = found(r#"aw_window_seconds{user="ada",host="laptop"}"#, "app");
        assert_equal(&windows, &of_activitywatch);
        assert_equal(&windows, &day.app_nanoseconds(from, to));
        assert_equal(
            &found("aw_afk_seconds", "status"),
            &day.afk_nanoseconds(from, to),
        );
        assert_equal(
            &found(r#"aw_web_seconds{browser="firefox"}"#, "domain"),
            &day.nanoseconds("web.tab.current", domain, from, to),
        );
        assert_equal(
            &found(r#"aw_editor_seconds{editor="vscode"}"#, "project"),
            &day.nanoseconds("app.editor.activity", project, from, to),
        );
    }
}

/// What ActivityWatch itself says of each app, in nanoseconds.
fn recorded(server: &AwServer, from: DateTime<Utc>, to: DateTime<Utc>) -> BTreeMap<String, i64> {
    let query = [
        "events = query_bucket('aw-watcher-window_laptop');",
        "RETURN = merge_events_by_keys(events, ['app']);",
    ];
    let answer = server.query(from, to, &query);
    let total = |event: &Value| {
        #[expect(clippy::cast_possible_truncation, reason = "a day's nanoseconds")]
        let nanos = (event["duration"].as_f64().unwrap() * 1e9) as i64;
        (event["data"]["app"].as_str().unwrap().to_owned(), nanos)
    };
    answer.as_array().unwrap().iter().map(total).collect()
}

#[test]
fn twenty_days_are_exact_and_small_and_sent_once() {
    let server = AwServer::start();
    let (from, to) = (midnight(20), midnight(0));
    let days = Generator::new(2, Density::Restless).days(from, 20);
    assert!(days.event_count() > 100_000);
    server.fill(&days);
    let receivers: [Box<dyn Receiver>; 2] = [
        Box::new(prometheus(Suite::Machine)),
        Box::new(VictoriaMetrics::start(VictoriaMetricsOptions::default())),
    ];
    for receiver in receivers.iter().map(AsRef::as_ref) {
        let agent = agent(&[&server], receiver);
        let run = agent.run(&["sync"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert_equal(
            &totals(receiver, "aw_window_seconds", "app", from, to),
            &days.app_nanoseconds(from, to),
        );
        assert_equal(
            &totals(receiver, "aw_afk_seconds", "status", from, to),
            &days.afk_nanoseconds(from, to),
        );
        let series = receiver.series_count(r#"{__name__=~"aw_.+"}"#, to);
        assert!((10..300).contains(&series), "{series} series");
        let requests = sent(&run.stderr).1;
        assert!((1..=100).contains(&requests), "{requests} requests");

        let again = agent.run(&["sync"]);
        assert_eq!(
            (again.code, sent(&again.stderr)),
            (Some(0), (0, 0)),
            "{}",
            again.stderr
        );
        assert_equal(
            &totals(receiver, "aw_window_seconds", "app", from, to),
            &days.app_nanoseconds(from, to),
        );
    }
}

/// Samples and requests, as the summary of a pass tells them.
pub(crate) fn sent(log: &str) -> (usize, usize) {
    let summary = log
        .lines()
        .rev()
        .find(|line| line.contains("]: sent "))
        .unwrap_or_else(|| panic!("no summary in {log}"));
    let numbers: Vec<usize> = summary
        .split("]: sent ")
        .nth(1)
        .unwrap()
        .split(' ')
        .filter_map(|word| word.parse().ok())
        .collect();
    (numbers[0], numbers[1])
}

pub(crate) fn bucket(id: &str, kind: &str, client: &str, hostname: &str) -> BucketSpec {
    BucketSpec {
        id: id.to_owned(),
        kind: kind.to_owned(),
        client: client.to_owned(),
        hostname: hostname.to_owned(),
    }
}

/// An event from `start` for `millis`.
pub(crate) fn event(start: DateTime<Utc>, millis: i64, data: Value) -> EventSpec {
    EventSpec {
        start,
        duration: TimeDelta::milliseconds(millis),
        data,
    }
}

pub(crate) fn seconds(found: &[(&str, i64)]) -> BTreeMap<String, i64> {
    found
        .iter()
        .map(|(key, seconds)| ((*key).to_owned(), seconds * 1_000_000_000))
        .collect()
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
    let chrome = bucket(
        "aw-watcher-web-chrome_laptop",
        "web.tab.current",
        "aw-client-web",
        "laptop",
    );
    home.create_bucket(&chrome);
    let tab = json!({"url": "https://docs.rs/", "title": "docs", "audible": false, "incognito": false, "tabCount": 1});
    let tabs: Vec<_> = (0..10)
        .map(|hour| event(from + TimeDelta::hours(hour), 90_000, tab.clone()))
        .collect();
    home.insert(&chrome.id, &tabs);

    let prometheus = prometheus(Suite::Machine);
    let run = agent(&[&home, &work], &prometheus).run(&["sync"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for (host, days) in [("laptop", &laptop), ("desk", &desk), ("office", &office)] {
        let selector = format!("aw_window_seconds{{host=\"{host}\"}}");
        assert_equal(
            &totals(&prometheus, &selector, "app", from, to),
            &days.app_nanoseconds(from, to),
        );
    }
    let browsers = totals(
        &prometheus,
        r#"aw_web_seconds{host="laptop"}"#,
        "browser",
        from,
        to,
    );
    let firefox = laptop.nanoseconds("web.tab.current", |_| "firefox".to_owned(), from, to);
    assert_equal(
        &browsers,
        &firefox
            .into_iter()
            .chain(seconds(&[("chrome", 900)]))
            .collect(),
    );
}

#[test]
fn overlapping_empty_and_long_events_count_as_in_activitywatch() {
    let server = AwServer::start();
    let (from, to) = (midnight(4), midnight(0));
    let window = bucket(
        "aw-watcher-window_laptop",
        "currentwindow",
        "aw-watcher-window",
        "laptop",
    );
    let afk = bucket(
        "aw-watcher-afk_laptop",
        "afkstatus",
        "aw-watcher-afk",
        "laptop",
    );
    let app = |app: &str| json!({"app": app, "title": app});
    let at = |minutes| from + TimeDelta::minutes(minutes);
    server.create_bucket(&window);
    server.insert(
        &window.id,
        &[
            event(at(0), 600_000, app("cut")),
            event(at(5), 60_000, app("cutting")), // cut's remainder of 5 minutes is dropped
            event(at(10), 0, app("empty")),
            event(at(20), 120_000, app("twice")),
            event(at(21), 120_000, app("twice")), // one minute of both
            event(at(30), -60_000, app("negative")),
            event(at(40), 300_000, app("kept")),
            event(at(42), 0, app("empty")), // ends nothing
        ],
    );
    server.create_bucket(&afk);
    // 60 hours, more than two slices and more than the Python server remembers.
    server.insert(
        &afk.id,
        &[event(at(60), 60 * 3_600_000, json!({"status": "afk"}))],
    );

    let prometheus = prometheus(Suite::Machine);
    let run = agent(&[&server], &prometheus).run(&["sync"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let truth = seconds(&[("cut", 300), ("cutting", 60), ("twice", 180), ("kept", 300)]);
    assert_equal(
        &totals(&prometheus, "aw_window_seconds", "app", from, to),
        &truth,
    );
    assert_equal(
        &totals(&prometheus, "aw_afk_seconds", "status", from, to),
        &seconds(&[("afk", 60 * 3600)]),
    );
}

#[test]
fn an_old_event_costs_few_requests() {
    let server = AwServer::start();
    let window = bucket(
        "aw-watcher-window_laptop",
        "currentwindow",
        "aw-watcher-window",
        "laptop",
    );
    let old = DateTime::parse_from_rfc3339("1980-05-05T10:00:00Z")
        .unwrap()
        .to_utc();
    server.create_bucket(&window);
    server.insert(
        &window.id,
        &[
            event(old, 30_000, json!({"app": "old"})),
            event(midnight(1), 30_000, json!({"app": "new"})),
        ],
    );
    let victoria = VictoriaMetrics::start(VictoriaMetricsOptions::default());
    let run = agent(&[&server], &victoria).run(&["sync", "--verbose"]);
    assert_eq!(
        (run.code, sent(&run.stderr)),
        (Some(0), (2, 2)),
        "{}",
        run.stderr
    );
}
