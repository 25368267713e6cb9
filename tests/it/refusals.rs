//! What a receiver will not take: exactly that is given up, and remembered.

use aw_sync_agent::metrics::{Labels, Sample, Series};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::{
    Agent, AwServer, BucketSpec, EventSpec, Prometheus, PrometheusOptions, Proxy, Receiver, SOON,
    Suite, Verdict, complaint, midnight, wait_until,
};
use crate::hour;
use crate::totals::{assert_equal, seconds, yesterday};

/// More samples than come of [`two_machines`] in the minutes that a test may take, and fewer than the
/// receiver has refused.
const A_FEW_MINUTES: usize = 100;

fn window(start: DateTime<Utc>, minutes: i64, app: &str) -> EventSpec {
    EventSpec::new(start, minutes * 60_000, json!({"app": app, "title": "t"}))
}

/// What a query API answers that finds nothing.
pub(crate) const NOTHING_FOUND: &str =
    r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;

/// What the agent remembers of what was not taken.
pub(crate) fn refused(agent: &Agent) -> Vec<Value> {
    let status = agent.run(&["status", "--json"]).stdout;
    let status: Value = serde_json::from_str(&status).unwrap();
    let refused = status["endpoints"][0]["refused"].as_array();
    refused.cloned().unwrap_or_default()
}

pub(crate) fn refused_samples(agent: &Agent) -> u64 {
    let samples = |refused: &Value| refused["samples"].as_u64().unwrap();
    refused(agent).iter().map(samples).sum()
}

/// A Prometheus as it comes, which has scraped itself.
pub(crate) fn default_prometheus(out_of_order: Option<&'static str>) -> Prometheus {
    let prometheus = Prometheus::start(PrometheusOptions {
        self_scrape: true,
        out_of_order,
        ..PrometheusOptions::default()
    });
    let up = || !prometheus.query("up", Utc::now()).is_empty();
    wait_until("the first scrape", SOON, up);
    prometheus
}

#[test]
fn one_poisoned_series_among_ten_thousand_samples_is_found() {
    let (server, prometheus) = (
        AwServer::start(),
        Prometheus::taking_history(Suite::Machine),
    );
    // Twelve apps in each of 800 minutes.
    let mut windows = Vec::new();
    for slot in 0..800 * 12 {
        let start = midnight(1) + TimeDelta::seconds(slot * 5);
        let app = format!("app{:02}", slot % 12);
        windows.push(EventSpec::new(start, 5_000, json!({"app": app})));
    }
    server.add(&BucketSpec::window("laptop"), &windows);
    let proxy = Proxy::judging(&prometheus.url(), |request| {
        if request.tells_of("app07") {
            Verdict::Answer(400, "", "label value too long")
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let truth: Vec<(String, u32)> = (0..12)
        .filter(|app| *app != 7)
        .map(|app| (format!("app{app:02}"), 4000))
        .collect();
    let truth: Vec<(&str, u32)> = truth
        .iter()
        .map(|(app, seconds)| (app.as_str(), *seconds))
        .collect();
    assert_equal(
        &yesterday(&prometheus, "aw_window_seconds", "app"),
        &seconds(&truth),
    );
    assert_eq!(refused_samples(&agent), 800);
    let heads = proxy.heads();
    let requests = heads.iter().filter(|head| head.contains("/write"));
    // The first, twice the logarithm of 9600, and how the agent fares.
    let requests = requests.count();
    assert!(requests <= 1 + 27 + 1, "{requests}");
    assert_eq!(agent.sync().samples, 0);
}

#[test]
fn one_poisoned_sample_takes_nothing_else_with_it() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::judging(&prometheus.url(), |request| {
        let poisoned = midnight(1) + TimeDelta::seconds(17 * 60 + 30);
        let mut stamp = Vec::new();
        // A field of protobuf: tag 2, a variable-length integer.
        let mut rest = u64::try_from(poisoned.timestamp_millis()).unwrap();
        while rest >= 0x80 {
            stamp.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
            rest >>= 7;
        }
        stamp.push(u8::try_from(rest).unwrap());
        let message = snap::raw::Decoder::new()
            .decompress_vec(request.body)
            .unwrap_or_default();
        if message.windows(stamp.len()).any(|bytes| bytes == stamp) {
            Verdict::Answer(422, "", "invalid sample")
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    assert_eq!(agent.run(&["sync"]).code, Some(1));
    assert_equal(
        &yesterday(&prometheus, "aw_window_seconds", "app"),
        &seconds(&[("vim", 59 * 60)]),
    );
    // All that have this timestamp.
    assert_eq!(refused_samples(&agent), 3);
}

/// The minute of the hour of which another writer has something.
pub(crate) const ANOTHERS_MINUTE: i64 = 30;

/// Has another writer store half a minute of the hour, and returns an agent, the samples of which are like it but for that
/// one, with the proxy that it goes through.
pub(crate) fn beside_another_writer(server: &AwServer, prometheus: &Prometheus) -> (Agent, Proxy) {
    let labels = [
        ("__name__", "aw_window_seconds"),
        ("active", "unknown"),
        ("app", "vim"),
        ("category", "Development"),
        ("host", "laptop"),
        ("user", "ada"),
    ];
    let middle = midnight(1) + TimeDelta::minutes(ANOTHERS_MINUTE) + TimeDelta::seconds(30);
    prometheus.store(&[Series {
        labels: Labels::new(labels.map(|(name, value)| (name, value.to_owned()))),
        samples: vec![Sample {
            timestamp_ms: middle.timestamp_millis(),
            value: 30.0,
        }],
    }]);
    let proxy = Proxy::judging(&prometheus.url(), |request| {
        if request.asks_where_to_begin() {
            // Else it would go on from the other writer's sample.
            Verdict::Answer(200, "", NOTHING_FOUND)
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    (agent.args(&["--user-id", "ada"]), proxy)
}

#[test]
fn what_another_writer_has_sent_is_refused_and_the_rest_taken() {
    let server = hour::server();
    let prometheus = Prometheus::start(PrometheusOptions::default());
    let (agent, _proxy) = beside_another_writer(&server, &prometheus);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let stored = yesterday(&prometheus, "aw_window_seconds", "app");
    assert_equal(&stored, &seconds(&[("vim", 29 * 60 + 30)]));
    assert_eq!(refused_samples(&agent), 31);
}

#[test]
fn a_request_that_is_too_large_is_sent_in_parts() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::judging(&prometheus.url(), |request| {
        if request.body.len() > 300 {
            Verdict::Answer(413, "", "too large")
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    hour::assert_brought_by(&agent, &prometheus);
    assert_eq!(refused_samples(&agent), 0);
}

/// Two machines with the last three hours and a minute of long ago each.
fn two_machines(now: DateTime<Utc>) -> AwServer {
    let server = AwServer::start();
    for host in ["desk", "laptop"] {
        let windows = [
            window(midnight(200), 1, "once"),
            window(now - TimeDelta::hours(3), 180, "vim"),
        ];
        server.add(&BucketSpec::window(host), &windows);
    }
    server
}

/// The seconds of the last hours that each machine has in `prometheus`.
fn lately(prometheus: &Prometheus, now: DateTime<Utc>) -> Vec<f64> {
    let totals = prometheus.totals("aw_window_seconds", "host", now - TimeDelta::hours(4), now);
    totals.into_values().collect()
}

#[test]
fn a_default_prometheus_gets_the_last_hour_of_every_machine_in_the_first_pass() {
    let prometheus = default_prometheus(None);
    let now = Utc::now();
    let server = two_machines(now);
    let agent = Agent::between(&[&server], &prometheus);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(complaint(&run, &[]).lines().count(), 2, "{}", run.stderr);
    // An hour less what has not settled, and a step at each end.
    let seconds = lately(&prometheus, now);
    assert_eq!(seconds.len(), 2);
    for seconds in seconds {
        assert!((53.0 * 60.0..=56.0 * 60.0).contains(&seconds), "{seconds}");
    }
    let listed = refused(&agent);
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert!(listed.iter().all(|refused| refused["cause"] == "too-old"));
    assert!(refused_samples(&agent) > A_FEW_MINUTES as u64);
    // Nothing of it comes up again.
    assert!(agent.sync().samples < A_FEW_MINUTES);
    assert_eq!(refused(&agent), listed);
}

#[test]
fn an_out_of_order_window_is_used_to_its_end() {
    let now = Utc::now();
    let server = two_machines(now);
    for tells in [true, false] {
        let prometheus = default_prometheus(Some("2h"));
        let proxy = Proxy::start(&prometheus.url(), move |_, path, _| {
            if path.contains("/status/") && !tells {
                Verdict::Answer(404, "", "404 page not found")
            } else {
                Verdict::Forward
            }
        });
        let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
        let run = agent.run(&["sync"]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        for seconds in lately(&prometheus, now) {
            assert!(
                (113.0 * 60.0..=116.0 * 60.0).contains(&seconds),
                "{seconds}, told: {tells}"
            );
        }
        let requests = proxy.bodies().len();
        assert!(requests <= 24, "{requests}, told: {tells}");
        assert!(agent.sync().samples < A_FEW_MINUTES);
    }
}
