//! Each answer of a receiver has its consequence, and after all of them the next run has everything.

use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};

use crate::harness::{
    Agent, Prometheus, PrometheusOptions, Proxy, Receiver, SOON, Suite, Verdict, complaint,
    midnight, wait_until,
};
use crate::hour;

#[test]
fn the_path_is_wrong() {
    let (server, prometheus) = hour::servers();
    let wrong = Agent::new().reading(&server.url());
    wrong.write_settings(&format!(
        "prometheus-url = '{}/api/v1/wrote'",
        prometheus.url()
    ));
    let run = wrong.run(&["sync"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[(&prometheus.url(), "PROMETHEUS")]), @r"
    aw-sync-agent: PROMETHEUS/api/v1/wrote answered HTTP 404: 404 page not found
    hint: check the path of `prometheus-url`: Prometheus takes `/api/v1/write`, Mimir `/api/v1/push`
    ");
    wrong.write_settings(&format!("prometheus-url = '{}'", prometheus.url()));
    hour::assert_brought_by(&wrong, &prometheus);
}

#[test]
fn the_receiver_is_not_enabled() {
    let server = hour::server();
    for suite in [Suite::Machine, Suite::Sid] {
        let prometheus = Prometheus::start(PrometheusOptions {
            suite,
            receiver: false,
            ..PrometheusOptions::default()
        });
        let run = Agent::between(&[&server], &prometheus).run(&["sync"]);
        assert_eq!(run.code, Some(2));
        let complaint = complaint(&run, &[]);
        assert!(
            complaint.ends_with("hint: start Prometheus with `--web.enable-remote-write-receiver`"),
            "{complaint}"
        );
    }
}

#[test]
fn the_password_is_missing() {
    let server = hour::server();
    let prometheus = Prometheus::start(PrometheusOptions {
        basic_auth: true,
        out_of_order: Some("10000d"),
        ..PrometheusOptions::default()
    });
    let agent = Agent::new().reading(&server.url());
    agent.write_settings(&format!("prometheus-url = '{}'", prometheus.url()));
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[(&prometheus.url(), "PROMETHEUS")]), @r"
    aw-sync-agent: PROMETHEUS/api/v1/write answered HTTP 401: Unauthorized
    hint: set `basic-auth` or `authorization` under `[remote-write]` to what the receiver expects
    ");
    agent.write_settings(&format!(
        "[remote-write]\nurl = '{}'\nbasic-auth = {{ username = 'ada', password = 'lovelace' }}",
        prometheus.url()
    ));
    let run = agent.run(&["sync", "--verbose"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(!run.stderr.contains("lovelace"), "{}", run.stderr);
    hour::assert_arrived(&prometheus);
}

#[test]
fn a_default_prometheus_takes_no_history() {
    let server = hour::server();
    let prometheus = Prometheus::start(PrometheusOptions {
        self_scrape: true,
        ..PrometheusOptions::default()
    });
    let up = || !prometheus.query("up", Utc::now()).is_empty();
    wait_until("the first scrape", SOON, up);
    let agent = Agent::between(&[&server], &prometheus);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(1));
    let until = midnight(0).to_rfc3339_opts(SecondsFormat::Secs, true);
    insta::assert_snapshot!(complaint(&run, &[(&prometheus.url(), "PROMETHEUS"), (&until, "TODAY")]), @"
    aw-sync-agent: PROMETHEUS/api/v1/write does not take 180 samples of before TODAY: HTTP 400: out of bounds
    hint: Prometheus takes late samples only if `storage.tsdb.out_of_order_time_window` in its config file covers their age; what it has not taken stays in ActivityWatch, and `aw-sync-agent status` lists it
    ");
    // It is said once, and kept.
    assert_eq!(agent.sync().samples, 0);
    let status = agent.run(&["status"]).stdout;
    assert!(
        status.contains("but 180 samples from the very first until"),
        "{status}"
    );
}

#[test]
fn a_receiver_that_takes_nothing_at_all_loses_nothing() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| {
        Verdict::Answer(400, "", "out of order sample")
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(proxy.bodies().len() <= 50, "{}", proxy.bodies().len());
    proxy.set_rule(|_, _, _| Verdict::Forward);
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn a_lost_answer_counts_nothing_twice() {
    let server = hour::server();
    // One that would refuse the second copy as out of order, and one that would take it.
    for out_of_order in [None, Some("10000d")] {
        let prometheus = Prometheus::start(PrometheusOptions {
            out_of_order,
            ..PrometheusOptions::default()
        });
        let proxy = Proxy::start(&prometheus.url(), |_, _, count| {
            if count == 0 {
                Verdict::LoseAnswer
            } else {
                Verdict::Forward
            }
        });
        let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
        agent.sync();
        let bodies = proxy.bodies();
        // Of the one that refuses it is asked whether all of it is there.
        let asked = usize::from(out_of_order.is_none());
        assert!(
            bodies.len() == 2 + asked && bodies[0] == bodies[1],
            "{} requests",
            bodies.len()
        );
        hour::assert_arrived(&prometheus);
    }
}

#[test]
fn a_receiver_that_asks_to_wait_is_obeyed() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::start(&prometheus.url(), |_, _, count| match count {
        0 => Verdict::Answer(429, "Retry-After: 2\r\n", "slow down"),
        1 => Verdict::Answer(503, "", ""),
        2 => Verdict::Close,
        _ => Verdict::Forward,
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    let started = Instant::now();
    // A sync has patience for ten seconds, which the delays between the attempts can come close to.
    let daemon = agent.spawn(&["--cron", "@yearly"]);
    wait_until("the hour", SOON, || hour::has_arrived(&prometheus));
    assert!(started.elapsed() >= Duration::from_secs(2));
    let log = daemon.stderr();
    assert!(
        log.contains("HTTP 429: slow down; attempt 2 in 2.0s"),
        "{log}"
    );
    let attempts: Vec<_> = proxy
        .heads()
        .iter()
        .map(|head| head.contains("retry-attempt: "))
        .collect();
    assert_eq!(attempts, [false, true, true, true]);
    hour::assert_arrived(&prometheus);
}

#[test]
fn a_request_has_the_headers_of_remote_write_1() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| Verdict::Forward);
    let agent = Agent::new().reading(&server.url());
    agent.write_settings(&format!(
        "[remote-write]\nurl = '{}'\nheaders = {{ X-Scope-OrgID = 'team' }}",
        proxy.url()
    ));
    hour::assert_brought_by(&agent, &prometheus);
    let head = proxy.heads().concat().to_ascii_lowercase();
    let expected = [
        "post /api/v1/write http/1.1\r\n",
        "content-encoding: snappy\r\n",
        "content-type: application/x-protobuf\r\n",
        "x-prometheus-remote-write-version: 0.1.0\r\n",
        concat!(
            "user-agent: aw-sync-agent/",
            env!("CARGO_PKG_VERSION"),
            "\r\n"
        ),
        "x-scope-orgid: team\r\n",
    ];
    for line in expected {
        assert!(head.contains(line), "{line} is not in {head}");
    }
}
