//! `doctor`: what a person is told who asks why nothing arrives.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use regex::Regex;
use serde_json::{Value, json};

use crate::harness::{
    Agent, AwServer, BucketSpec, EventSpec, Mode, Output, Prometheus, PrometheusOptions, Proxy,
    Receiver, SOON, Suite, Verdict, VictoriaMetrics, VictoriaMetricsOptions, wait_until,
};

const SUITES: [Suite; 2] = [Suite::Machine, Suite::Sid];

/// Events of 40 days ago and of ten minutes ago.
fn events(now: DateTime<Utc>, data: &Value) -> Vec<EventSpec> {
    let five_minutes = |before| EventSpec::new(now - before, 300_000, data.clone());
    let old = TimeDelta::days(40) + TimeDelta::hours(12);
    let new = TimeDelta::seconds(15 * 60 + 30);
    vec![five_minutes(old), five_minutes(new)]
}

/// A server with a window watcher, and with one for the AFK state if `has_afk`.
fn server(has_afk: bool) -> AwServer {
    let server = AwServer::start();
    let now = Utc::now();
    server.add(
        &BucketSpec::window("laptop"),
        &events(now, &json!({"app": "vim", "title": "t"})),
    );
    if has_afk {
        server.add(
            &BucketSpec::afk("laptop"),
            &events(now, &json!({"status": "not-afk"})),
        );
    }
    server
}

/// What is printed, with what differs from run to run replaced.
fn said(run: &Output, agent: &Agent, replacements: &[(&str, &str)]) -> String {
    let mut text = run
        .stdout
        .replace(&agent.home().display().to_string(), "HOME");
    for (from, to) in replacements {
        text = text.replace(from, to);
    }
    for (pattern, to) in [
        // Where lines break depends on how long paths are.
        (r"\n {21,}(\S)", " $1"),
        // A busy machine may take more than half a minute from the event on.
        (r"newest event 1\d min ago", "newest event 1N min ago"),
        (r"everything \d+ (s|min) ago", "everything N s ago"),
        (r"Prometheus \d\S*", "Prometheus VERSION"),
        (r"ActivityWatch v.*", "ActivityWatch VERSION on MACHINE"),
        (r"since \d{4}-\d\d-\d\d", "since DATE"),
        (r"process \d+", "process PID"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, to).into();
    }
    text
}

/// Each thing that is not well, as verdict and name, with all that there is to type.
fn unwell(agent: &Agent) -> (Option<i32>, Vec<String>) {
    let run = agent.run(&["doctor", "--json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap().iter();
    let unwell = checks.filter(|check| check["verdict"] != "pass" && check["end"] != "agent");
    let line = |check: &Value| {
        let fixes = check["fixes"].as_array().unwrap().iter();
        let texts: Vec<_> = fixes.filter_map(|fix| fix["type"].as_str()).collect();
        let text = |key: &str| check[key].as_str().unwrap().to_owned();
        format!(
            "{} {}: {}",
            text("verdict"),
            text("name"),
            texts.join(" | ")
        )
    };
    (run.code, unwell.map(line).collect())
}

#[test]
fn a_person_reads_what_is_wrong_and_what_to_type() {
    let server = server(false);
    let prometheus = Prometheus::start(PrometheusOptions {
        receiver: false,
        suite: Suite::Sid,
        ..PrometheusOptions::default()
    });
    let agent = Agent::between(&[&server], &prometheus);
    let run = agent.run(&["doctor"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(2), ""));
    let replacements = [
        (&*server.url(), "SERVER"),
        (&*prometheus.url(), "PROMETHEUS"),
    ];
    insta::assert_snapshot!(said(&run, &agent, &replacements), @r#"
    aw-sync-agent 0.1.0
      ok    settings       HOME/config/activitywatch/aw-sync-agent/aw-sync-agent.toml
      ok    state          HOME/data/activitywatch/aw-sync-agent
      warn  running        no: nothing is sent until it is started
            -> once the rest is well, have aw-qt or aw-tauri start it:
                 aw-sync-agent autostart enable
      warn  last pass      none has delivered everything yet
            -> once the rest is well, make one:
                 aw-sync-agent sync

    ActivityWatch SERVER
      ok    reachable      ActivityWatch VERSION on MACHINE
      ok    clock          shows the same time as this machine's
      laptop
      ok    windows        newest event 1N min ago in aw-watcher-window_laptop
      warn  AFK            no bucket: the label `active` will be `unknown`
            -> start the watcher, or tick it in aw-qt's menu:
                 aw-watcher-afk
      ok    waiting        all of the last 40 days, since DATE: nothing has been sent yet

    Receiver PROMETHEUS/api/v1/write
      ok    reachable      Prometheus VERSION
      FAIL  write path     HTTP 404: remote write receiver needs to be enabled with --web.enable-remote-write-receiver
            -> start Prometheus with:
                 --web.enable-remote-write-receiver
      ok    encryption     not needed: it stays on this machine
      ok    clock          shows the same time as this machine's
      ok    query API      answers
      warn  old samples    takes what is up to 60 min behind its newest sample, but what waits begins 40 days ago: the older part will be refused
            -> add to prometheus.yml and restart Prometheus:
                 storage:
                   tsdb:
                     out_of_order_time_window: 42d
            -> or leave older history out, in the settings file:
                 history = "1h"
      ok    retention      keeps samples for 100y

    11 ok, 4 warn, 1 FAIL: put right what failed first
    "#);
}

#[test]
fn all_is_well_where_all_is_as_the_readme_asks() {
    let server = server(true);
    let prometheus = Prometheus::taking_history(Suite::Machine);
    let agent = Agent::between(&[&server], &prometheus);
    agent.sync();
    let daemon = agent.spawn(&[]);
    wait_until("the daemon", SOON, || {
        agent.run(&["status"]).stdout.contains("is running")
    });
    let run = agent.run(&["doctor"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let replacements = [
        (&*server.url(), "SERVER"),
        (&*prometheus.url(), "PROMETHEUS"),
    ];
    let text = said(&run, &agent, &replacements);
    drop(daemon);
    insta::assert_snapshot!(text, @"
    aw-sync-agent 0.1.0
      ok    settings       HOME/config/activitywatch/aw-sync-agent/aw-sync-agent.toml
      ok    state          HOME/data/activitywatch/aw-sync-agent
      ok    running        process PID (daemon)
      ok    last pass      delivered everything N s ago

    ActivityWatch SERVER
      ok    reachable      ActivityWatch VERSION on MACHINE
      ok    clock          shows the same time as this machine's
      laptop
      ok    windows        newest event 1N min ago in aw-watcher-window_laptop
      ok    AFK            newest event 1N min ago in aw-watcher-afk_laptop
      ok    waiting        nothing

    Receiver PROMETHEUS/api/v1/write
      ok    reachable      Prometheus VERSION
      ok    write path     takes an empty request
      ok    encryption     not needed: it stays on this machine
      ok    clock          shows the same time as this machine's
      ok    query API      answers
      ok    old samples    takes what is up to 27 years behind its newest sample
      ok    retention      keeps samples for 100y

    16 ok, 0 warn, 0 FAIL: all is well
    ");
}

#[test]
fn looking_stores_nothing_anywhere() {
    let server = server(true);
    let prometheus = Prometheus::taking_history(Suite::Machine);
    let victoria = VictoriaMetrics::start(VictoriaMetricsOptions::default());
    let receivers: [&dyn Receiver; 2] = [&prometheus, &victoria];
    for receiver in receivers {
        let agent = Agent::between(&[&server], receiver);
        assert_eq!(agent.run(&["doctor"]).code, Some(0));
        assert!(!agent.data_dir().exists());
        let left = fs::read_dir(agent.home()).unwrap();
        let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let left: Vec<_> = left.filter(|name| !name.starts_with("run-")).collect();
        assert_eq!(left, ["config"]);
        let now = Utc::now() + TimeDelta::minutes(1);
        assert_eq!(receiver.series_count("{__name__=~\"aw_.+\"}", now), 0);
    }
}

#[test]
fn a_receiver_that_is_switched_off_or_has_no_window_is_told_what_to_start_with() {
    let server = server(true);
    let yaml = "storage:\n  tsdb:\n    out_of_order_time_window:";
    for suite in SUITES {
        for (receiver, out_of_order, code, expected) in [
            (true, Some("10000d"), 0, vec![]),
            (
                true,
                None,
                0,
                vec![format!("warn old samples: {yaml} 42d | history = \"1h\"")],
            ),
            (
                true,
                Some("30d"),
                0,
                vec![format!("warn old samples: {yaml} 42d | history = \"720h\"")],
            ),
            (
                false,
                Some("10000d"),
                2,
                vec!["fail write path: --web.enable-remote-write-receiver".to_owned()],
            ),
        ] {
            let prometheus = Prometheus::start(PrometheusOptions {
                suite,
                receiver,
                out_of_order,
                ..PrometheusOptions::default()
            });
            let agent = Agent::between(&[&server], &prometheus);
            assert_eq!(unwell(&agent), (Some(code), expected));
            // What is advised is enough.
            if out_of_order.is_none() {
                agent.write_settings("history = '1h'");
                let (_, left) = unwell(&agent);
                assert_eq!(left, [format!("warn old samples: {yaml} 30d")]);
            }
        }
    }
}

#[test]
fn a_prometheus_that_only_passes_on_is_named() {
    let server = server(true);
    for suite in SUITES {
        let prometheus = Prometheus::start(PrometheusOptions {
            suite,
            mode: Mode::Agent,
            ..PrometheusOptions::default()
        });
        let agent = Agent::between(&[&server], &prometheus);
        assert_eq!(unwell(&agent), (Some(0), vec!["warn mode: ".to_owned()]));
    }
}

#[test]
fn what_is_sent_twice_counts_once_or_there_is_a_flag_to_add() {
    let server = server(true);
    for suite in SUITES {
        for (dedup, expected) in [
            (true, vec![]),
            (
                false,
                vec!["warn duplicates: -dedup.minScrapeInterval=1ms".to_owned()],
            ),
        ] {
            let victoria = VictoriaMetrics::start(VictoriaMetricsOptions {
                suite,
                dedup,
                ..VictoriaMetricsOptions::default()
            });
            let agent = Agent::between(&[&server], &victoria);
            assert_eq!(unwell(&agent), (Some(0), expected));
        }
    }
}

#[test]
fn a_password_is_missing_or_wrong() {
    let server = server(true);
    let prometheus = Prometheus::start(PrometheusOptions {
        basic_auth: true,
        out_of_order: Some("10000d"),
        ..PrometheusOptions::default()
    });
    let agent = Agent::between(&[&server], &prometheus);
    let (code, unwell_without) = unwell(&agent);
    assert_eq!(code, Some(2));
    assert!(
        unwell_without[0].starts_with("fail write path: [remote-write]\nbasic-auth = "),
        "{unwell_without:?}"
    );
    for (password, code, found) in [("hunter2", 2, "fail write path: "), ("lovelace", 0, "")] {
        agent.write_settings(&format!(
            "remote-write.basic-auth = {{ username = 'ada', password = '{password}' }}"
        ));
        let (ended, unwell) = unwell(&agent);
        let first = unwell.first().map_or("", String::as_str);
        assert_eq!((ended, first), (Some(code), found));
    }
}

#[test]
fn a_captive_portal_is_no_receiver() {
    let server = server(true);
    let portal = Proxy::start("http://127.0.0.1:9", |_, _, _| {
        let page = "<!doctype html><title>Welcome to the hotel</title>";
        Verdict::Answer(200, "Content-Type: text/html\r\n", page)
    });
    let agent = Agent::new().reading(&server.url()).writing(&portal.url());
    let run = agent.run(&["doctor"]);
    assert_eq!(run.code, Some(2));
    let receiver = run.stdout.split_once("\nReceiver ").unwrap().1;
    insta::assert_snapshot!(receiver.replace(&portal.url(), "PORTAL"), @r#"
    PORTAL/api/v1/write
      ok    reachable      answers, but does not say what it is
      FAIL  write path     HTTP 200: <!doctype html><title>Welcome to the
                           hotel</title>
            -> a web page answered; check `prometheus-url`, or log in first if this
               is the page of a network
      ok    encryption     not needed: it stays on this machine

    9 ok, 2 warn, 1 FAIL: put right what failed first
    "#);
}

#[test]
fn both_ends_are_named_that_are_away() {
    let nobody = "http://127.0.0.1:9";
    let agent = Agent::new().reading(nobody).writing(nobody);
    let expected = [
        "fail reachable: aw-url = \"http://127.0.0.1:5600\"",
        "fail reachable: prometheus-url = \"http://127.0.0.1:9090\"",
    ];
    assert_eq!(
        unwell(&agent),
        (Some(3), expected.map(str::to_owned).to_vec())
    );
}

#[test]
fn whoever_never_answers_hides_nobody_else() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    let server = server(true);
    let agent = Agent::new()
        .reading(&silent)
        .reading(&server.url())
        .writing(&silent);
    let started = Instant::now();
    let run = agent.run(&["doctor"]);
    assert!(started.elapsed() < Duration::from_secs(25));
    assert_eq!(run.code, Some(3));
    assert!(run.stdout.contains("ok    windows"), "{}", run.stdout);
    assert_eq!(run.stdout.matches("FAIL  reachable").count(), 2);
}

#[test]
fn clocks_that_differ_are_found_at_either_end() {
    let server = server(true);
    let prometheus = Prometheus::taking_history(Suite::Machine);
    for (behind, verdict, code) in [(60, "warn", 0), (3600, "fail", 2)] {
        let date = Utc::now() - TimeDelta::seconds(behind);
        let header = format!("Date: {}\r\n", date.format("%a, %d %b %Y %H:%M:%S GMT"));
        let header: &'static str = header.leak();
        // Only the clock is asked for.
        let receiver = Proxy::start(&prometheus.url(), move |_, path, _| match path {
            "/api/v1/write" => Verdict::Answer(204, header, ""),
            _ => Verdict::Forward,
        });
        let agent = Agent::new().reading(&server.url()).writing(&receiver.url());
        let clock = format!("{verdict} clock: sudo timedatectl set-ntp true");
        assert_eq!(unwell(&agent), (Some(code), vec![clock.clone()]));

        let info = r#"{"hostname": "desk", "version": "v0.14.0 (rust)", "testing": false, "device_id": "x"}"#;
        let source = Proxy::start(&server.url(), move |_, path, _| match path {
            "/api/0/info" => Verdict::Answer(200, header, info),
            _ => Verdict::Forward,
        });
        let agent = Agent::new()
            .reading(&source.url())
            .writing(&prometheus.url());
        assert_eq!(unwell(&agent), (Some(code), vec![clock]));
    }
}

#[test]
fn a_server_that_wants_a_key_is_told_from_one_that_is_away() {
    let server = server(true);
    let prometheus = Prometheus::taking_history(Suite::Machine);
    let guarded = Proxy::wanting_key(&server.url(), "sesame");
    let agent = Agent::new()
        .reading(&guarded.url())
        .writing(&prometheus.url());
    assert_eq!(unwell(&agent), (Some(2), vec!["fail API key: ".to_owned()]));
    let agent = agent.env("AW_API_KEY", "sesame");
    assert_eq!(unwell(&agent), (Some(0), vec![]));
}

#[test]
fn buckets_that_are_left_out_are_listed_by_what_does_it() {
    let server = server(true);
    let of = |id: &str, kind: &str| BucketSpec::new(id, kind, "client", "laptop");
    server.create_bucket(&of("aw-watcher-vim_laptop", "app.editor.activity"));
    server.create_bucket(&of("aw-watcher-web-firefox_laptop", "web.tab.current"));
    server.create_bucket(&of("aw-watcher-window_x-synced-from-x", "currentwindow"));
    server.create_bucket(&of("aw-watcher-window_zweit", "currentwindow"));
    let prometheus = Prometheus::taking_history(Suite::Machine);
    let agent =
        Agent::between(&[&server], &prometheus).args(&["--excluded-watchers", "aw-watcher-web-*"]);
    let run = agent.run(&["doctor", "--json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap().iter();
    let found: Vec<_> = checks
        .filter(|check| ["left out", "buckets"].contains(&check["name"].as_str().unwrap()))
        .map(|check| check["found"].as_str().unwrap())
        .collect();
    assert_eq!(
        found,
        [
            "by `excluded-watchers`: aw-watcher-web-firefox_laptop; by `min-data`: aw-watcher-vim_laptop; by `synced-buckets`: aw-watcher-window_x-synced-from-x",
            "bucket `aw-watcher-window_zweit` is left out: `aw-watcher-window_laptop` holds the same kind of events of `laptop`",
        ]
    );
}

#[test]
fn settings_that_are_wrong_come_first() {
    let agent = Agent::new();
    agent.write_settings("prometeus-url = 'http://127.0.0.1:9090'");
    let run = agent.run(&["doctor"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(2), ""));
    insta::assert_snapshot!(said(&run, &agent, &[]), @"
    aw-sync-agent 0.1.0
      FAIL  settings       HOME/config/activitywatch/aw-sync-agent/aw-sync-agent.toml: line 1: unknown key `prometeus-url`
            -> did you mean `prometheus-url`?
      ok    state          HOME/data/activitywatch/aw-sync-agent
      warn  running        no: nothing is sent until it is started
            -> once the rest is well, have aw-qt or aw-tauri start it:
                 aw-sync-agent autostart enable

    1 ok, 1 warn, 1 FAIL: both ends are looked at once the settings are right
    ");
}

#[test]
fn state_that_is_damaged_is_the_fault() {
    let server = server(true);
    let prometheus = Prometheus::taking_history(Suite::Machine);
    let agent = Agent::between(&[&server], &prometheus);
    agent.sync();
    let checkpoint = agent.data_dir().join("checkpoint.json");
    fs::write(&checkpoint, "{").unwrap();
    let run = agent.run(&["doctor"]);
    assert_eq!(run.code, Some(4), "{}", run.stdout);
    assert!(
        run.stdout.contains(
            "  FAIL  state          HOME"
                .replace("HOME", &agent.home().display().to_string())
                .as_str()
        ),
        "{}",
        run.stdout
    );
    assert_eq!(fs::read_to_string(&checkpoint).unwrap(), "{");
}
