//! `verify`: what ActivityWatch shows and what the receiver has, side by side.

use std::fs;

use aw_sync_agent::metrics::{Labels, Sample, Series};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::{
    Agent, AwServer, BucketSpec, Clock, Density, EventSpec, Generator, Prometheus, Proxy, Receiver,
    Suite, Verdict, VictoriaMetrics, VictoriaMetricsOptions, complaint, midnight, read_only,
};
use crate::hour;

/// What the person has set in ActivityWatch.
const SETTINGS: &str = r#"{"always_active_pattern": "zoom|mpv", "classes": [
    {"name": ["Work"], "rule": {"type": "regex", "regex": "Alacritty|slack", "ignore_case": true}},
    {"name": ["Work", "Programming"], "rule": {"type": "regex", "regex": "\\.rs\\b|\"C\\+\\+\""}},
    {"name": ["Work", "Odd"], "rule": {"type": "regex", "regex": "C:\\\\", "ignore_case": true}},
    {"name": ["Play"], "rule": {"type": "none"}},
    {"name": ["Play", "Music"], "rule": {"type": "regex", "regex": "Spotify|mpv", "priority": 40}}
]}"#;

fn at(minutes: i64) -> DateTime<Utc> {
    midnight(1) + TimeDelta::minutes(minutes)
}

fn window(start: DateTime<Utc>, millis: i64, app: &str) -> EventSpec {
    EventSpec::new(
        start,
        millis,
        json!({"app": app, "title": format!("{app} C:\\x")}),
    )
}

fn tab(start: DateTime<Utc>, millis: i64, audible: bool) -> EventSpec {
    let data = json!({"url": "https://example.org/", "title": "t", "audible": audible, "incognito": false});
    EventSpec::new(start, millis, data)
}

/// Starts a server with a day that has everything: comings and goings, music in two browsers, calls that need no keys,
/// overlaps, gaps, and windows that lie across midnight.
fn eventful() -> AwServer {
    let server = AwServer::start();
    let day = Generator::new(7, Density::Restless).days(midnight(1), 1);
    server.fill(&day);
    let bucket = BucketSpec::window("laptop").id;
    let micros = |mut event: EventSpec, micros| {
        event.duration += TimeDelta::microseconds(micros);
        event
    };
    let mut windows = vec![
        // A window left open for a week-end, and a gap that is closed across the midnight at the end.
        window(midnight(4), 72 * 3_600_000 + 60_000, "left-open"),
        window(at(1439), 57_000, "late"),
        window(midnight(0) + TimeDelta::seconds(2), 30_000, "early"),
        // Nobody touches a key.
        window(at(10), 300_000, "mpv"),
        window(at(20), 600_000, "Google-chrome"),
        window(at(40), 600_000, "firefox"),
        // Overlaps, and times that are no whole milliseconds.
        window(at(60), 600_000, "cut"),
        window(at(65), 60_000, "cutting"),
    ];
    for second in 0..600 {
        let start = at(90) + TimeDelta::milliseconds(second * 1_700);
        windows.push(micros(
            window(
                start,
                1_000,
                ["a", "b", "c"][usize::try_from(second % 3).unwrap()],
            ),
            second * 7 % 997,
        ));
    }
    server.insert(&bucket, &windows);
    let afk = |start, minutes: i64, status: &str| {
        EventSpec::new(start, minutes * 60_000, json!({"status": status}))
    };
    server.insert(
        &BucketSpec::afk("laptop").id,
        &[
            // Of thirty hours: the Python server forgets it unless it is asked carefully.
            afk(midnight(1) - TimeDelta::hours(25), 30 * 60, "not-afk"),
            afk(at(60), 60, "not-afk"),
            afk(at(1430), 20, "not-afk"),
        ],
    );
    let tabs = |start: i64| {
        [
            tab(at(start), 200_000, true),
            tab(at(start + 4), 60_000, false),
            tab(at(start + 6), 900_000, true),
        ]
    };
    server.insert(&BucketSpec::web("firefox", "laptop").id, &tabs(40));
    let mut chrome = tabs(20).to_vec();
    chrome.extend((0..3).map(|hour| tab(at(180 + hour * 60), 1_000, false)));
    server.add(&BucketSpec::web("chrome", "laptop"), &chrome);
    server
}

/// A proxy that says `SETTINGS` are the server's.
fn with_settings(server: &AwServer) -> Proxy {
    Proxy::start(&server.url(), |_, path, _| {
        if path.ends_with("/settings") {
            Verdict::Answer(200, "", SETTINGS)
        } else {
            Verdict::Forward
        }
    })
}

fn agent(server: &str, receiver: &str) -> Agent {
    Agent::new()
        .reading(server)
        .writing(receiver)
        .args(&["--user-id", "ada"])
        .env("TZ", "UTC")
}

fn date(days: i64) -> String {
    midnight(days).format("%Y-%m-%d").to_string()
}

/// Has the checkpoint say that everything before `watermark` has been delivered to `receiver`.
fn delivered_until(agent: &Agent, receiver: &dyn Receiver, watermark: DateTime<Utc>) {
    let checkpoint = agent.data_dir().join("checkpoint.json");
    let mut state: Value = serde_json::from_str(&fs::read_to_string(&checkpoint).unwrap()).unwrap();
    let endpoint = format!("{}/api/v1/write", receiver.url());
    state["endpoints"][endpoint]["devices"][0]["watermark"] = json!(watermark);
    fs::write(&checkpoint, state.to_string()).unwrap();
}

/// Runs `verify` of yesterday and returns how it ended, and what it says.
fn verify(agent: &Agent, receiver: &dyn Receiver) -> (Option<i32>, String) {
    receiver.flush();
    let run = agent.run(&["verify", "--day", &date(1)]);
    (run.code, run.stdout + &run.stderr)
}

/// What `verify` of yesterday says on standard output, with the date replaced.
fn said(agent: &Agent, arguments: &[&str], code: i32) -> String {
    let run = agent.run(&[&["verify"], arguments].concat());
    assert_eq!(run.code, Some(code), "{}{}", run.stdout, run.stderr);
    let day = |days| midnight(days).format("%a %Y-%m-%d").to_string();
    run.stdout
        .replace(&day(1), "DAY 1")
        .replace(&day(2), "DAY 2")
}

#[test]
fn a_day_is_equal_until_something_is_added_to_either_side() {
    let receivers: [Box<dyn Receiver>; 3] = [
        Box::new(Prometheus::taking_history(Suite::Machine)),
        Box::new(Prometheus::taking_history(Suite::Sid)),
        Box::new(VictoriaMetrics::start(VictoriaMetricsOptions::default())),
    ];
    let server = eventful();
    let proxy = with_settings(&server);
    let agents: Vec<_> = receivers
        .iter()
        .map(|receiver| agent(&proxy.url(), &receiver.url()))
        .collect();
    for (agent, receiver) in agents.iter().zip(&receivers) {
        agent.sync();
        let (code, said) = verify(agent, receiver.as_ref());
        assert_eq!(code, Some(0), "{said}");
        for part in [
            "\nequal to within ",
            "Google-chrome",
            "mpv",
            "left-open",
            "late",
            "Work > Programming",
            "Play > Music",
            "Work > Odd",
        ] {
            assert!(said.contains(part), "`{part}` is not in {said}");
        }
    }
    let differs = |receiver: &dyn Receiver, agent: &Agent, row: &[&str], verdict: &str| {
        let (code, said) = verify(agent, receiver);
        assert_eq!(code, Some(1), "{said}");
        let line = said.lines().find(|line| line.contains(row[0])).unwrap();
        assert_eq!(line.split_whitespace().collect::<Vec<_>>(), row);
        assert!(said.contains(verdict), "`{verdict}` is not in {said}");
    };
    let labels = [
        ("__name__", "aw_window_seconds"),
        ("active", "unknown"),
        ("app", "elsewhere"),
        ("category", "Uncategorized"),
        ("host", "laptop"),
        ("user", "ada"),
    ];
    let minute = |minute: i64| Sample {
        timestamp_ms: (at(minute) + TimeDelta::seconds(30)).timestamp_millis(),
        value: 60.0,
    };
    let foreign = Series {
        labels: Labels::new(labels.map(|(name, value)| (name, value.to_owned()))),
        samples: vec![minute(77), minute(78)],
    };
    for (home, receiver) in agents.iter().zip(&receivers) {
        receiver.store(std::slice::from_ref(&foreign));
        let row = [
            "elsewhere",
            "0.000s",
            "2m",
            "00.000s",
            "+2m",
            "00.000s",
            "differs",
        ];
        differs(
            receiver.as_ref(),
            home,
            &row,
            "differs: Prometheus has 2m 00.00",
        );
    }
    server.insert(
        &BucketSpec::window("laptop").id,
        &[window(at(75), 600_000, "added-later")],
    );
    for (home, receiver) in agents.iter().zip(&receivers) {
        let row = [
            "added-later",
            "10m",
            "00.000s",
            "0.000s",
            "-10m",
            "00.000s",
            "differs",
        ];
        differs(
            receiver.as_ref(),
            home,
            &row,
            "differs: Prometheus has 7m 59.99",
        );
    }
}

#[test]
fn a_person_sees_both_sides_and_a_verdict() {
    let (server, prometheus) = hour::servers();
    let agent = Clock::noon_for(agent(&server.url(), &prometheus.url()));
    insta::assert_snapshot!(said(&agent, &[], 0), @"
    laptop (user ada), DAY 1: nothing has been delivered yet
    hint: `aw-sync-agent sync` does it
    ");
    agent.sync();
    insta::assert_snapshot!(said(&agent, &["--day", &date(1)], 0), @"
    laptop (user ada), DAY 1
    no AFK watcher: all windows count

      app            ActivityWatch       Prometheus       difference
      vim           1h 00m 00.000s   1h 00m 00.000s                0

      category       ActivityWatch       Prometheus       difference
      Development   1h 00m 00.000s   1h 00m 00.000s                0

      total         1h 00m 00.000s   1h 00m 00.000s                0

    equal to within 0.000s; ActivityWatch itself is exact only to 0.002s
    ");
    insta::assert_snapshot!(said(&agent, &["--since", &date(2)], 0), @"
    laptop (user ada), DAY 2: 0.000s, equal to within 0.000s
    laptop (user ada), DAY 1: 1h 00m 00.000s, equal to within 0.000s

    2 days: 2 equal, 0 different, 0 not compared
    ");
    server.insert(hour::BUCKET, &[window(at(120), 60_000, "added")]);
    insta::assert_snapshot!(said(&agent, &["--since", &date(2)], 1), @"
    laptop (user ada), DAY 2: 0.000s, equal to within 0.000s

    laptop (user ada), DAY 1
    no AFK watcher: all windows count

      app              ActivityWatch       Prometheus       difference
      vim             1h 00m 00.000s   1h 00m 00.000s                0
      added               1m 00.000s           0.000s      -1m 00.000s  differs

      category         ActivityWatch       Prometheus       difference
      Development     1h 00m 00.000s   1h 00m 00.000s                0
      Uncategorized       1m 00.000s           0.000s      -1m 00.000s  differs

      total           1h 01m 00.000s   1h 00m 00.000s      -1m 00.000s  differs

    differs: Prometheus has 1m 00.000s less
    hint: were events added to ActivityWatch after the day was sent? see also `aw-sync-agent status`

    2 days: 1 equal, 1 different, 0 not compared
    ");
}

#[test]
fn programs_get_both_sides_in_seconds() {
    let (server, prometheus) = hour::servers();
    let agent = agent(&server.url(), &prometheus.url());
    agent.sync();
    let answer: Value =
        serde_json::from_str(&said(&agent, &["--day", &date(1), "--json"], 0)).unwrap();
    let day = &answer["days"][0];
    assert_eq!(day["outcome"], "compared");
    assert_eq!(day["is_equal"], true);
    assert_eq!(day["date"], date(1));
    let row =
        json!({"name": "vim", "activitywatch": 3600.0, "prometheus": 3600.0, "allowed": 0.002});
    assert_eq!(day["apps"], json!([row]));
}

#[test]
fn nothing_is_written() {
    let (server, prometheus) = hour::servers();
    let agent = agent(&server.url(), &prometheus.url());
    agent.sync();
    let run = agent.run_under(read_only(&agent.data_dir()), &["verify", "--day", &date(1)]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn a_day_that_is_not_finished_is_compared_as_far_as_it_was_delivered() {
    let (server, prometheus) = hour::servers();
    let agent = agent(&server.url(), &prometheus.url());
    agent.sync();
    // More time has passed in ActivityWatch than is delivered.
    delivered_until(&agent, &prometheus, at(90));
    server.insert(hour::BUCKET, &[window(at(80), 20 * 60_000, "vim")]);

    let said_now = said(&agent, &["--day", &date(1)], 1);
    assert!(
        said_now.contains("not finished: compared is what has been delivered, until"),
        "{said_now}"
    );
    assert!(
        said_now.contains("Prometheus has 10m 00.000s less"),
        "{said_now}"
    );
    delivered_until(&agent, &prometheus, at(80));
    let said_now = said(&agent, &["--day", &date(1)], 0);
    assert!(said_now.contains("01:20"), "{said_now}");
    delivered_until(&agent, &prometheus, midnight(1));
    let said_now = said(&agent, &["--day", &date(1)], 0);
    assert!(said_now.contains("not delivered yet"), "{said_now}");
}

#[test]
fn a_day_is_that_of_the_clock_on_the_wall() {
    let server = AwServer::start();
    let prometheus = Prometheus::taking_history(Suite::Machine);
    // Midnight in Kolkata is at 18:30 here.
    let start = midnight(2) + TimeDelta::minutes(18 * 60);
    server.add(
        &BucketSpec::window("laptop"),
        &[window(start, 3_600_000, "vim")],
    );
    let agent = agent(&server.url(), &prometheus.url()).env("TZ", "Asia/Kolkata");
    agent.sync();
    for day in [date(2), date(1)] {
        let said = said(&agent, &["--day", &day], 0);
        assert!(
            said.contains("total            30m 00.000s      30m 00.000s"),
            "{said}"
        );
    }
}

#[test]
fn rules_change_both_sides() {
    let (server, prometheus) = hour::servers();
    server.insert(
        hour::BUCKET,
        &[
            window(at(120), 60_000, "KeePass"),
            window(at(130), 60_000, "Signal"),
        ],
    );
    let agent = agent(&server.url(), &prometheus.url());
    let rules = "[[relabel]]\nsource-labels = ['app']\nregex = 'KeePass'\naction = 'drop'\n\
                 [[relabel]]\nsource-labels = ['app']\nregex = 'Signal'\ntarget-label = 'app'\nreplacement = '(hidden)'\n";
    agent.write_settings(rules);
    agent.sync();
    let said_now = said(&agent, &["--day", &date(1)], 0);
    assert!(
        said_now.contains("1m 00.000s is kept back by them"),
        "{said_now}"
    );
    assert!(
        said_now.contains("(hidden)") && !said_now.contains("KeePass"),
        "{said_now}"
    );
    agent.write_settings("[[relabel]]\nregex = 'active'\naction = 'labeldrop'\n");
    let said_now = said(&agent, &["--day", &date(1)], 0);
    assert!(
        said_now.contains("not compared: the `[[relabel]]` rules take the label `active` away"),
        "{said_now}"
    );
}

#[test]
fn names_that_were_folded_are_compared_together() {
    let (server, prometheus) = (eventful(), Prometheus::taking_history(Suite::Machine));
    let agent = agent(&server.url(), &prometheus.url());
    agent.write_settings("series-budget = 5");
    agent.sync();
    let (code, said) = verify(&agent, &prometheus);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("(other)"), "{said}");
    server.insert(
        &BucketSpec::window("laptop").id,
        &[window(at(250), 60_000, "late")],
    );
    let (code, said) = verify(&agent, &prometheus);
    assert_eq!(code, Some(1), "{said}");
}

#[test]
fn without_somebody_to_ask_it_says_so() {
    let (server, prometheus) = hour::servers();
    let silent = Proxy::start(&prometheus.url(), |_, path, _| {
        if path.starts_with("/api/v1/query") {
            Verdict::Answer(404, "", "404 page not found")
        } else {
            Verdict::Forward
        }
    });
    let home = agent(&server.url(), &silent.url());
    home.sync();
    let told = said(&home, &["--day", &date(1)], 0).replace(&silent.url(), "URL");
    insta::assert_snapshot!(told, @"
    nothing to compare with: no query API: URL/api/v1 answered 404 404 page not found
    hint: set `query-url` under `[remote-write]`, as in `http://127.0.0.1:9090/api/v1`
    ");
    silent.set_rule(|_, _, _| Verdict::Close);
    let run = home.run(&["verify", "--day", &date(1)]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(
        complaint(&run, &[]).contains("the query API at"),
        "{}",
        run.stderr
    );

    let odd = Proxy::start(&server.url(), |_, path, _| {
        if path.starts_with("/api/0/query") {
            Verdict::Answer(500, "", "Internal Server Error")
        } else {
            Verdict::Forward
        }
    });
    let home = agent(&odd.url(), &prometheus.url());
    home.sync();
    let told = said(&home, &["--day", &date(1)], 0).replace(&odd.url(), "URL");
    insta::assert_snapshot!(told, @"laptop (user ada), DAY 1: not compared: ActivityWatch at URL does not run the query of its own Activity view: 500 Internal Server Error");
    odd.set_rule(|_, _, _| Verdict::Close);
    let run = home.run(&["verify", "--day", &date(1)]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
}

#[test]
fn what_aw_server_rust_counts_otherwise_is_allowed_for() {
    let (server, prometheus) = hour::servers();
    let windows = [
        window(at(120), 60_000, "one"), // a gap of exactly five seconds
        window(at(121) + TimeDelta::seconds(5), 60_000, "two"),
        window(at(130), 600_000, "outer"), // whose rest of six minutes the agent drops
        window(at(133), 60_000, "inner"),
    ];
    server.insert(hour::BUCKET, &windows);
    // As aw-server-rust answers: windows as they are.
    let hour = window(at(0), 3_600_000, "vim");
    let event = |event: &EventSpec| {
        let mut data = event.data.clone();
        data["$category"] = json!(["Uncategorized"]);
        json!({"timestamp": event.start, "duration": event.duration.as_seconds_f64(), "data": data})
    };
    let events: Value = windows.iter().chain([&hour]).map(event).collect();
    let answer = json!([{"events": events, "windows": events}]).to_string();
    let answer: &str = Box::leak(answer.into_boxed_str());
    let rust = Proxy::start(&server.url(), move |_, path, _| {
        let info = r#"{"hostname": "laptop", "version": "v0.14.0 (rust)", "testing": false, "device_id": "d"}"#;
        match path {
            "/api/0/info" => Verdict::Answer(200, "", info),
            "/api/0/query/" => Verdict::Answer(200, "", answer),
            _ => Verdict::Forward,
        }
    });
    let agent = agent(&rust.url(), &prometheus.url());
    agent.write_settings("categories-file = 'none.json'");
    fs::write(
        agent.settings_file().with_file_name("none.json"),
        r#"{"categories": []}"#,
    )
    .unwrap();
    agent.sync();
    insta::assert_snapshot!(said(&agent, &["--day", &date(1)], 0), @"
    laptop (user ada), DAY 1
    no AFK watcher: all windows count
    aw-server-rust counts both of two windows that overlap, and closes gaps of less than 5 s, not of exactly 5 s: 7m 10.000s is allowed for that

      app              ActivityWatch       Prometheus       difference
      vim             1h 00m 00.000s   1h 00m 00.000s                0
      outer              10m 00.000s       3m 00.000s      -7m 00.000s
      one                 1m 00.000s       1m 02.500s          +2.500s
      two                 1m 00.000s       1m 02.500s          +2.500s
      inner               1m 00.000s       1m 00.000s                0

      category         ActivityWatch       Prometheus       difference
      Uncategorized   1h 13m 00.000s   1h 06m 05.000s      -6m 55.000s

      total           1h 13m 00.000s   1h 06m 05.000s      -6m 55.000s

    equal to within 7m 00.000s; ActivityWatch itself is exact only to 7m 10.006s
    ");

    let foreign = AwServer::start();
    foreign.add(
        &BucketSpec::window("laptop"),
        &[window(at(200), 60_000, "elsewhere")],
    );
    self::agent(&foreign.url(), &prometheus.url()).sync();
    let said = said(&agent, &["--day", &date(1)], 1);
    assert!(said.contains("+1m 00.000s  differs"), "{said}");
}
