//! When somebody was there, as the Activity view has it.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{
    Agent, AwServer, BucketSpec, EventSpec, Prometheus, Proxy, Receiver, Suite, Verdict, midnight,
};
use crate::totals::{assert_equal, seconds, yesterday};

/// Starts a server with ten minutes of `app`, during which nobody touched a key.
fn untouched(app: &str) -> AwServer {
    let server = AwServer::start();
    let minutes = |minutes: i64, data| [EventSpec::new(midnight(1), minutes * 60_000, data)];
    server.add(
        &BucketSpec::window("laptop"),
        &minutes(10, json!({"app": app, "title": "t"})),
    );
    server.add(
        &BucketSpec::afk("laptop"),
        &minutes(10, json!({"status": "afk"})),
    );
    server
}

#[track_caller]
fn assert_active(prometheus: &Prometheus, truth: &[(&str, u32)]) {
    assert_equal(
        &yesterday(prometheus, "aw_window_seconds", "active"),
        &seconds(truth),
    );
}

#[test]
fn somebody_who_listens_to_a_tab_in_front_is_there() {
    let (server, prometheus) = (
        untouched("firefox"),
        Prometheus::taking_history(Suite::Machine),
    );
    let tab = |minute: i64, minutes: i64, audible: bool| {
        let data = json!({"url": "https://example.org/", "title": "t", "audible": audible, "incognito": false});
        EventSpec::new(
            midnight(1) + TimeDelta::minutes(minute),
            minutes * 60_000,
            data,
        )
    };
    // Five minutes of music, silence, and music that goes on behind the last window.
    let tabs = [
        tab(0, 5, true),
        tab(5, 4, false),
        tab(9, 60, true),
        tab(70, 1, false),
        tab(72, 1, false),
    ];
    server.add(&BucketSpec::web("firefox", "laptop"), &tabs);
    Agent::between(&[&server], &prometheus).sync();
    assert_active(&prometheus, &[("true", 360), ("false", 240)]);
    let tabs = |label| yesterday(&prometheus, "aw_web_seconds", label);
    assert_equal(&tabs("active"), &seconds(&[("true", 360), ("false", 240)]));
    assert_equal(&tabs("audible"), &seconds(&[("true", 360), ("false", 240)]));
}

#[test]
fn an_app_of_the_always_active_pattern_needs_no_keys() {
    for (app, active) in [("zoom", "true"), ("vim", "false")] {
        let (server, prometheus) = (untouched(app), Prometheus::taking_history(Suite::Machine));
        let proxy = Proxy::start(&server.url(), |_, path, _| {
            let settings = r#"{"always_active_pattern": "zoom|Teams"}"#;
            if path.ends_with("/settings") {
                Verdict::Answer(200, "", settings)
            } else {
                Verdict::Forward
            }
        });
        Agent::new()
            .reading(&proxy.url())
            .writing(&prometheus.url())
            .sync();
        assert_active(&prometheus, &[(active, 600)]);
    }
}

#[test]
fn without_an_afk_watcher_nobody_knows() {
    let (server, prometheus) = crate::hour::servers();
    Agent::between(&[&server], &prometheus).sync();
    assert_active(&prometheus, &[("unknown", 3600)]);
}

#[test]
fn windows_wait_for_an_afk_bucket_that_cannot_be_read() {
    let (server, prometheus) = (untouched("vim"), Prometheus::taking_history(Suite::Machine));
    let proxy = Proxy::start(&server.url(), |_, path, _| {
        if path.contains("aw-watcher-afk") {
            Verdict::Answer(500, "", "broken")
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new()
        .reading(&proxy.url())
        .writing(&prometheus.url());
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert_active(&prometheus, &[]);
    proxy.set_rule(|_, _, _| Verdict::Forward);
    agent.sync();
    assert_active(&prometheus, &[("false", 600)]);
}
