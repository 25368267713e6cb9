//! When somebody was there, as the Activity view has it.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{
    Agent, AwServer, BucketSpec, Clock, EventSpec, Prometheus, Proxy, Receiver, Suite, Verdict,
    midnight,
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

/// Starts a server with ten minutes of `vim` on each of three days far apart, and an AFK bucket with `presence`.
fn far_apart(presence: &[EventSpec]) -> AwServer {
    let server = AwServer::start();
    let windows: Vec<EventSpec> = DAYS
        .iter()
        .map(|&days| EventSpec::new(midnight(days), 600_000, json!({"app": "vim", "title": "t"})))
        .collect();
    server.add(&BucketSpec::window("laptop"), &windows);
    server.add(&BucketSpec::afk("laptop"), presence);
    server
}

/// How many days ago `vim` was in front.
const DAYS: [i64; 3] = [12, 7, 2];

#[test]
fn an_afk_watcher_that_has_not_begun_or_has_ended_sees_nobody_however_time_is_sliced() {
    let present = EventSpec::new(midnight(7), 300_000, json!({"status": "not-afk"}));
    for (presence, present) in [(&[present][..], 300), (&[], 0)] {
        let server = far_apart(presence);
        let [at_once, in_passes] = [0, 1].map(|_| Prometheus::taking_history(Suite::Machine));
        Agent::between(&[&server], &at_once).sync();
        let (agent, clock) = Clock::given_to(Agent::between(&[&server], &in_passes));
        for days in DAYS {
            // The newest five minutes are left: before, in the middle of, and after the ten minutes.
            for minutes in [5, 10, 16] {
                clock.set_to(midnight(days) + TimeDelta::minutes(minutes));
                agent.sync();
            }
        }
        let active = |prometheus: &Prometheus| {
            let end = midnight(0);
            prometheus.totals(
                "aw_window_seconds",
                "active",
                end - TimeDelta::days(20),
                end,
            )
        };
        let truth = [("true", present), ("false", 1800 - present)];
        let truth = truth.into_iter().filter(|(_, seconds)| *seconds > 0);
        assert_equal(&active(&in_passes), &seconds(&truth.collect::<Vec<_>>()));
        let all = |prometheus: &Prometheus| {
            let activity = r#"{__name__=~"aw_.+",__name__!~"aw_sync_.+"}"#;
            prometheus.raw_samples(activity, 20 * 86_400, midnight(0))
        };
        assert_eq!(all(&at_once), all(&in_passes));
    }
}
