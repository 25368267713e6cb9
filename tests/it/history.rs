//! What makes a second time out of one, or none: names that change, clocks that jump, rivals, and odd events at the ends.

use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::harness::{
    Agent, AwServer, BucketSpec, EventSpec, Prometheus, Proxy, Receiver, Suite, Verdict, midnight,
};
use crate::hour;
use crate::totals::{assert_equal, seconds, yesterday};

/// Adds an event with half a character, which no JSON library of ours takes, after all others of the bucket.
fn spoil(server: &AwServer, bucket: &str) {
    let at = (midnight(0) - TimeDelta::minutes(1)).to_rfc3339();
    server.insert_json(
        bucket,
        &format!(r#"[{{"timestamp":"{at}","duration":1,"data":{{"app":"\ud83d"}}}}]"#),
    );
}

fn minutes(count: i64, data: &serde_json::Value) -> Vec<EventSpec> {
    (0..count)
        .map(|minute| {
            EventSpec::new(
                midnight(1) + TimeDelta::minutes(minute),
                30_000,
                data.clone(),
            )
        })
        .collect()
}

fn editor() -> BucketSpec {
    BucketSpec::new(
        "aw-watcher-vim_laptop",
        "app.editor.activity",
        "aw-watcher-vim",
        "laptop",
    )
}

#[test]
fn a_newest_event_that_does_not_decode_hides_nothing() {
    let (server, prometheus) = hour::servers();
    spoil(&server, hour::BUCKET);
    // As many events as it takes, with that one.
    let editor = editor();
    server.add(&editor, &minutes(4, &json!({"project": "engine"})));
    spoil(&server, &editor.id);
    hour::assert_brought_by(&Agent::between(&[&server], &prometheus), &prometheus);
    assert_equal(
        &yesterday(&prometheus, "aw_editor_seconds", "project"),
        &seconds(&[("engine", 120)]),
    );
}

#[test]
fn without_history_the_device_is_known_all_the_same() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus);
    agent.write_settings("history = '0s'");
    assert_eq!(agent.sync().samples, 0);
    let status = agent.run(&["status"]).stdout;
    assert!(status.contains("laptop (user "), "{status}");
    // From here on the setting has no say: the device goes on from where it is.
    agent.write_settings("history = 'all'");
    assert_eq!(agent.sync().samples, 0);
}

#[test]
fn of_two_window_buckets_the_second_does_not_count_the_same_time_again() {
    let (server, prometheus) = hour::servers();
    let rival = BucketSpec::new(
        "aw-watcher-window_laptop-2",
        "currentwindow",
        "awatcher",
        "laptop",
    );
    server.add(
        &rival,
        &[EventSpec::new(midnight(1), 3_600_000, json!({"app": "ed"}))],
    );
    let agent = Agent::between(&[&server], &prometheus);
    let first = agent.sync();
    assert!(
        first
            .log
            .contains("bucket `aw-watcher-window_laptop-2` is left out"),
        "{}",
        first.log
    );
    agent.write_settings(&format!("excluded-watchers = ['{}']", hour::BUCKET));
    assert_eq!(agent.sync().samples, 0);
    agent.write_settings("");
    assert_eq!(agent.sync().samples, 0);
    hour::assert_arrived(&prometheus);
}

#[test]
fn a_lid_and_an_afk_watcher_are_one_source() {
    let (server, prometheus) = hour::servers();
    let lid = BucketSpec::new(
        "aw-watcher-a-lid_laptop",
        "systemafkstatus",
        "aw-watcher-lid",
        "laptop",
    );
    for bucket in [BucketSpec::afk("laptop"), lid] {
        server.add(
            &bucket,
            &[EventSpec::new(
                midnight(1),
                3_600_000,
                json!({"status": "not-afk"}),
            )],
        );
    }
    Agent::between(&[&server], &prometheus).sync();
    assert_equal(
        &yesterday(&prometheus, "aw_afk_seconds", "status"),
        &seconds(&[("not-afk", 3600)]),
    );
}

#[test]
fn a_server_that_changes_its_name_sends_nothing_twice() {
    let (server, prometheus) = hour::servers();
    let stopwatch = BucketSpec::new("aw-stopwatch", "general.stopwatch", "aw-webui", "unknown");
    server.add(&stopwatch, &minutes(10, &json!({"label": "secret"})));
    let named = |info: &'static str| {
        move |_: &str, path: &str, _: usize| {
            if path.ends_with("/info") {
                Verdict::Answer(200, "", info)
            } else {
                Verdict::Forward
            }
        }
    };
    let local = r#"{"hostname":"mac.local","version":"v0","testing":false,"device_id":"d"}"#;
    let lan = r#"{"hostname":"mac.lan","version":"v0","testing":false,"device_id":"d"}"#;
    let proxy = Proxy::start(&server.url(), named(local));
    let agent = Agent::new()
        .reading(&proxy.url())
        .writing(&prometheus.url());
    assert_eq!(agent.sync().samples, 190);
    for name in [lan, local, lan] {
        proxy.set_rule(named(name));
        assert_eq!(agent.sync().samples, 0, "{name}");
    }
    let hosts = yesterday(&prometheus, "aw_activity_seconds", "host");
    assert_equal(&hosts, &seconds(&[("mac.local", 300)]));
}

#[test]
fn an_event_that_has_gone_on_for_days_is_read_from_the_start_of_history() {
    let (server, prometheus) = (
        AwServer::start(),
        Prometheus::taking_history(Suite::Machine),
    );
    let begun = Utc::now() - TimeDelta::days(5);
    let away = EventSpec::new(
        begun,
        TimeDelta::days(5).num_milliseconds(),
        json!({"status": "afk"}),
    );
    server.add(&BucketSpec::afk("laptop"), &[away]);
    let agent = Agent::between(&[&server], &prometheus);
    agent.write_settings("history = '3d'");
    agent.sync();
    assert_equal(
        &yesterday(&prometheus, "aw_afk_seconds", "status"),
        &seconds(&[("afk", 24 * 3600)]),
    );
}

#[test]
fn two_servers_of_one_name_are_both_taken_once_either_is_renamed() {
    let (one, prometheus) = hour::servers();
    let other = hour::server();
    let agent = Agent::between(&[&one, &other], &prometheus);
    assert_eq!(agent.sync().samples, 180);
    agent.write_settings(&format!("[hosts]\n'{}/laptop' = 'home'", one.url()));
    // What was sent stays where it is, and both go on from there under their names.
    assert_eq!(agent.sync().samples, 0);
    let status = agent.run(&["status"]).stdout;
    assert!(
        status.contains("home (user ") && status.contains("laptop (user "),
        "{status}"
    );
    let hosts = yesterday(&prometheus, "aw_window_seconds", "host");
    assert_equal(&hosts, &seconds(&[("laptop", 3600)]));
}

#[test]
fn a_server_at_another_address_sends_nothing_twice() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::start(&server.url(), |_, _, _| Verdict::Forward);
    let agent = Agent::new().writing(&prometheus.url());
    for (url, samples) in [(server.url(), 180), (proxy.url(), 0)] {
        agent.write_settings(&format!("aw-url = '{url}'"));
        assert_eq!(agent.sync().samples, samples);
    }
}

#[test]
fn a_proxy_in_front_of_an_absent_activitywatch_is_an_absence() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::start(&server.url(), |_, _, _| {
        Verdict::Answer(502, "", "Bad Gateway")
    });
    let agent = Agent::new()
        .reading(&proxy.url())
        .writing(&prometheus.url());
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(
        run.stderr.contains("not all is delivered"),
        "{}",
        run.stderr
    );
    proxy.set_rule(|_, _, _| Verdict::Forward);
    hour::assert_brought_by(&agent, &prometheus);
}
