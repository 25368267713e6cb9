//! What the agent asks of receivers, old and new.

use std::time::Duration;

use aw_sync_agent::dirs::Dirs;
use aw_sync_agent::query_api::{Client, QueryError};
use aw_sync_agent::settings::{self, PartialSettings};
use aw_sync_agent::timeline::{Interval, Time};
use chrono::Utc;

use crate::harness::{
    Agent, Prometheus, PrometheusOptions, Proxy, Receiver, Suite, Verdict, VictoriaMetrics,
    VictoriaMetricsOptions, midnight,
};
use crate::hour;

const WINDOWS: &str = "aw_window_seconds";

/// The client that settings of this one line give.
fn client(setting: &str) -> Client {
    let home = tempfile::tempdir().unwrap();
    let dirs = Dirs::below(home.path());
    let partial: PartialSettings = toml::from_str(setting).unwrap();
    let loaded = settings::load(partial, |_| None, &dirs).unwrap();
    Client::new(&loaded.settings.remote_write[0])
}

fn client_of(url: &str) -> Client {
    client(&format!("prometheus-url = '{url}'"))
}

fn answer<T>(question: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(question)
}

/// Yesterday's time of day.
fn at(seconds: u64) -> Time {
    Time::from(midnight(1)) + Duration::from_secs(seconds)
}

#[track_caller]
fn assert_near(found: f64, truth: f64) {
    assert!((found - truth).abs() < 1e-6, "{found}");
}

/// What an error has to be.
type Expected = fn(&QueryError) -> bool;

fn old_and_new() -> Vec<Box<dyn Receiver>> {
    let mut receivers: Vec<Box<dyn Receiver>> = Vec::new();
    for suite in [Suite::Machine, Suite::Sid] {
        receivers.push(Box::new(Prometheus::taking_history(suite)));
        receivers.push(Box::new(VictoriaMetrics::start(VictoriaMetricsOptions {
            suite,
            ..VictoriaMetricsOptions::default()
        })));
    }
    receivers
}

#[test]
fn sums_and_raw_samples_are_those_that_were_sent() {
    let server = hour::server();
    for receiver in old_and_new().iter().map(AsRef::as_ref) {
        Agent::between(&[&server], receiver).sync();
        receiver.flush();
        let client = client_of(&receiver.url());
        let query = format!("sum by (app) (sum_over_time({WINDOWS}[24h]))");
        let sums = answer(client.instant(&query, at(86_400))).unwrap();
        assert_eq!(sums.len(), 1);
        assert_eq!(sums[0].labels.get("app"), Some("vim"));
        assert_near(sums[0].value, 3600.0);

        // Samples stand at 30 s, 90 s, …; the early bound belongs to a range, the late one does not.
        for (from, to, count) in [
            (0, 3600, 60),
            (0, 86_400, 60),
            (30, 90, 1),
            (31, 91, 1),
            (30, 31, 1),
            (0, 30, 0),
        ] {
            let range = Interval::new(at(from), at(to));
            let series = answer(client.raw(WINDOWS, range)).unwrap();
            let samples: Vec<_> = series.iter().flat_map(|series| &series.samples).collect();
            assert_eq!(samples.len(), count, "[{from}, {to}) of {}", receiver.url());
            assert!(
                samples
                    .iter()
                    .all(|sample| (sample.value - 60.0).abs() < 1e-9)
            );
        }
    }
}

#[test]
fn a_selector_may_be_longer_than_an_address() {
    let server = hour::server();
    let prometheus = Prometheus::taking_history(Suite::Machine);
    Agent::between(&[&server], &prometheus).sync();
    let apps = "vim|".repeat(50_000);
    let query = format!("sum_over_time({WINDOWS}{{app=~\"{apps}\"}}[1h])");
    let sums = answer(client_of(&prometheus.url()).instant(&query, at(3600))).unwrap();
    assert_near(sums[0].value, 3600.0);
}

#[test]
fn the_newest_sample_in_memory_is_known_of_prometheus() {
    let server = hour::server();
    for suite in [Suite::Machine, Suite::Sid] {
        // Samples that are out of order do not count as the newest.
        let prometheus = Prometheus::start(PrometheusOptions {
            suite,
            ..PrometheusOptions::default()
        });
        let client = client_of(&prometheus.url());
        assert_eq!(answer(client.head_max_time()), Ok(None));
        let before = Utc::now().timestamp_millis();
        Agent::between(&[&server], &prometheus).sync();
        let newest = answer(client.head_max_time()).unwrap().unwrap();
        assert!((before..=Utc::now().timestamp_millis()).contains(&newest));
    }
    let victoria = VictoriaMetrics::start(VictoriaMetricsOptions::default());
    assert_eq!(answer(client_of(&victoria.url()).head_max_time()), Ok(None));
}

#[test]
fn a_receiver_says_what_it_is_and_how_it_was_started() {
    let day = Duration::from_hours(24);
    for (suite, version) in [(Suite::Machine, "2.42."), (Suite::Sid, "3.5.")] {
        for (receiver, out_of_order, window) in
            [(true, None, Duration::ZERO), (false, Some("30d"), 30 * day)]
        {
            let prometheus = Prometheus::start(PrometheusOptions {
                suite,
                receiver,
                out_of_order,
                ..PrometheusOptions::default()
            });
            let client = client_of(&prometheus.url());
            let info = answer(client.build_info()).unwrap();
            let found = info.version.unwrap();
            assert!(found.starts_with(version), "{found}");
            assert_eq!(info.application, None);
            let flags = answer(client.flags()).unwrap();
            let flag = &flags["web.enable-remote-write-receiver"];
            assert_eq!(*flag, receiver.to_string());
            assert_eq!(answer(client.retention()), Ok(Some("100y".to_owned())));
            assert_eq!(answer(client.out_of_order_window()), Ok(window));
            let none = answer(client.victoria_metrics_flags());
            assert!(
                matches!(none, Err(QueryError::NoQueryApi { .. })),
                "{none:?}"
            );
        }
        for dedup in [false, true] {
            let victoria = VictoriaMetrics::start(VictoriaMetricsOptions {
                suite,
                dedup,
                ..VictoriaMetricsOptions::default()
            });
            let client = client_of(&victoria.url());
            let flags = answer(client.victoria_metrics_flags()).unwrap();
            assert_eq!(flags["retentionPeriod"], "100y");
            let interval = flags.get("dedup.minScrapeInterval");
            assert_eq!(interval.map(String::as_str), dedup.then_some("1ms"));
            assert_eq!(answer(client.out_of_order_window()), Ok(Duration::ZERO));
            assert_eq!(answer(client.victoria_metrics_version()), Ok(None)); // Debian's do not know theirs
            for none in [
                answer(client.flags()).map(drop),
                answer(client.retention()).map(drop),
            ] {
                assert!(
                    matches!(none, Err(QueryError::NoQueryApi { .. })),
                    "{none:?}"
                );
            }
        }
    }
}

#[test]
fn questions_go_out_with_the_credentials_of_samples() {
    let prometheus = Prometheus::start(PrometheusOptions {
        basic_auth: true,
        ..PrometheusOptions::default()
    });
    let asked = |password: &str| {
        let url = prometheus
            .url()
            .replace("http://", &format!("http://ada:{password}@"));
        answer(client_of(&url).instant("vector(7)", at(0)))
    };
    assert_near(asked("lovelace").unwrap()[0].value, 7.0);
    assert!(matches!(
        asked("hunter2"),
        Err(QueryError::NoQueryApi { .. })
    ));
}

#[test]
fn every_question_says_that_no_cache_may_answer() {
    let prometheus = Prometheus::start(PrometheusOptions::default());
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| Verdict::Forward);
    let client = client_of(&proxy.url());
    answer(client.instant("1 + 1", at(0))).unwrap_err(); // a scalar is no vector
    answer(client.raw(WINDOWS, Interval::new(at(0), at(60)))).unwrap();
    for body in proxy.bodies() {
        let body = String::from_utf8(body).unwrap();
        assert!(body.ends_with("&nocache=1"), "{body}");
    }
}

#[test]
fn why_there_is_no_answer_is_told_apart() {
    let victoria = VictoriaMetrics::start(VictoriaMetricsOptions::default());
    let prometheus = Prometheus::start(PrometheusOptions::default());
    for url in [victoria.url(), prometheus.url()] {
        let error = answer(client_of(&url).instant("sum(", at(0))).unwrap_err();
        assert!(matches!(error, QueryError::Rejected { .. }), "{error}");
    }
    // As vmagent and vminsert answer: nothing is kept there.
    let wrong = client(&format!(
        "remote-write = {{ url = '{0}/api/v1/write', query-url = '{0}/insert/0/prometheus/api/v1' }}",
        victoria.url()
    ));
    let told_nothing = client("prometheus-url = 'http://127.0.0.1:1/api/v1/receive'");
    for client in [wrong, told_nothing] {
        let error = answer(client.instant("1", at(0))).unwrap_err();
        assert!(matches!(error, QueryError::NoQueryApi { .. }), "{error}");
    }
    let error = answer(client_of("http://127.0.0.1:1").instant("1", at(0))).unwrap_err();
    assert!(matches!(error, QueryError::Unavailable { .. }), "{error}");

    let none: Expected = |error| matches!(error, QueryError::NoQueryApi { .. });
    let unavailable: Expected = |error| matches!(error, QueryError::Unavailable { .. });
    let rejected: Expected = |error| matches!(error, QueryError::Rejected { .. });
    let fault = r#"{"status":"error","errorType":"execution","error":"too many samples"}"#;
    for (status, said, expected) in [
        (200, "<html>please log in</html>", none),
        (200, r#"{"status":"success"}"#, none),
        (302, "", none),
        (400, "unsupported path requested: /api/v1/query", none),
        (401, "", none),
        (403, fault, none),
        (404, "404 page not found", none),
        (400, fault, rejected),
        (422, fault, rejected),
        (429, fault, unavailable),
        (500, "", unavailable),
        (503, fault, unavailable),
    ] {
        let proxy = Proxy::start(&prometheus.url(), move |_, _, _| {
            Verdict::Answer(status, "", said)
        });
        let error = answer(client_of(&proxy.url()).instant("1", at(0))).unwrap_err();
        assert!(expected(&error), "{status} {said}: {error}");
    }
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| Verdict::Close);
    let error = answer(client_of(&proxy.url()).instant("1", at(0))).unwrap_err();
    assert!(unavailable(&error), "{error}");
}
