//! Buckets that appear, vanish, fail, or hold what nobody expects.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::exactness::{
    agent, assert_equal, bucket, event, midnight, prometheus, seconds, sent, totals,
};
use crate::harness::{Agent, AwServer, EventSpec, Prometheus, Proxy, Receiver, Suite, Verdict};

const WINDOW: &str = "aw-watcher-window_laptop";
const WEB: &str = "aw-watcher-web-firefox_laptop";

/// A day whose window is `vim` for an hour from midnight on.
fn day(server: &AwServer) -> DateTime<Utc> {
    let start = midnight(1);
    server.create_bucket(&bucket(
        WINDOW,
        "currentwindow",
        "aw-watcher-window",
        "laptop",
    ));
    server.insert(
        WINDOW,
        &[event(
            start,
            3_600_000,
            json!({"app": "vim", "title": "secret"}),
        )],
    );
    start
}

/// `count` events of 30 s, one each minute from `start` on.
fn minutes(start: DateTime<Utc>, count: i64, data: &Value) -> Vec<EventSpec> {
    (0..count)
        .map(|minute| event(start + TimeDelta::minutes(minute), 30_000, data.clone()))
        .collect()
}

fn web(prometheus: &Prometheus) -> std::collections::BTreeMap<String, f64> {
    totals(
        prometheus,
        "aw_web_seconds",
        "domain",
        midnight(1),
        midnight(0),
    )
}

fn tab() -> Value {
    json!({"url": "https://example.org/secret", "title": "secret", "audible": false, "incognito": false, "tabCount": 1})
}

/// Runs `sync` and expects it to go well; returns how many samples it sent, and its log.
#[track_caller]
fn sync(agent: &Agent) -> (usize, String) {
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    (sent(&run.stderr).0, run.stderr)
}

#[test]
fn a_bucket_that_reaches_min_data_is_sent_from_its_first_event_on() {
    let (server, prometheus) = (AwServer::start(), prometheus(Suite::Machine));
    let start = day(&server);
    server.create_bucket(&bucket(WEB, "web.tab.current", "aw-client-web", "laptop"));
    server.insert(WEB, &minutes(start, 4, &tab()));
    let agent = agent(&[&server], &prometheus);
    assert_eq!(sync(&agent).0, 60);
    assert_equal(&web(&prometheus), &seconds(&[]));

    server.insert(WEB, &minutes(start + TimeDelta::hours(2), 1, &tab()));
    assert_eq!(sync(&agent).0, 5);
    assert_equal(&web(&prometheus), &seconds(&[("example.org", 150)]));
    assert_eq!(sync(&agent).0, 0);
}

#[test]
fn a_late_bucket_adds_to_what_was_sent_and_changes_none_of_it() {
    let (server, prometheus) = (AwServer::start(), prometheus(Suite::Machine));
    let start = day(&server);
    let data = json!({"file": "/secret", "project": "/home/ada/engine", "language": "rust"});
    let agent = agent(&[&server], &prometheus);
    let vim = |id: &str, from: i64| {
        server.create_bucket(&bucket(
            id,
            "app.editor.activity",
            "aw-watcher-vim",
            "laptop",
        ));
        server.insert(id, &minutes(start + TimeDelta::minutes(from), 10, &data));
        sync(&agent)
    };
    assert_eq!(vim("aw-watcher-vim_laptop", 0).0, 70);
    // The five minutes that both buckets share were sent as 30 s and would now be 60 s.
    let (samples, log) = vim("aw-watcher-vim_laptop-2", 5);
    assert_eq!(samples, 5);
    assert!(
        log.contains("5 steps would differ from what was sent and stay as they are"),
        "{log}"
    );
    let editor = || {
        totals(
            &prometheus,
            "aw_editor_seconds",
            "project",
            start,
            midnight(0),
        )
    };
    assert_equal(&editor(), &seconds(&[("engine", 450)]));
}

#[test]
fn a_bucket_that_is_taken_again_is_sent_from_where_it_was_left() {
    let (server, prometheus) = (AwServer::start(), prometheus(Suite::Machine));
    let start = day(&server);
    server.create_bucket(&bucket(WEB, "web.tab.current", "aw-client-web", "laptop"));
    server.insert(WEB, &minutes(start, 10, &tab()));
    let agent = agent(&[&server], &prometheus);
    agent.write_settings("excluded-watchers = ['aw-client-*']");
    assert_eq!(sync(&agent).0, 60);
    agent.write_settings("");
    assert_eq!(sync(&agent).0, 10);
    agent.write_settings("included-watchers = ['aw-watcher-window*']");
    assert_eq!(sync(&agent).0, 0);
    agent.write_settings("");
    assert_eq!(sync(&agent).0, 0);
    assert_equal(&web(&prometheus), &seconds(&[("example.org", 300)]));
}

#[test]
fn an_event_that_does_not_decode_costs_only_itself() {
    let (server, prometheus) = (AwServer::start(), prometheus(Suite::Machine));
    let start = day(&server);
    // The server stores half a character and gives it back; no JSON library of ours takes it.
    let at = (start + TimeDelta::minutes(70)).to_rfc3339();
    server.insert_json(
        WINDOW,
        &format!(r#"[{{"timestamp":"{at}","duration":600,"data":{{"app":"\ud83d"}}}}]"#),
    );
    server.insert(
        WINDOW,
        &[event(
            start + TimeDelta::minutes(80),
            60_000,
            json!({"app": "ed"}),
        )],
    );
    let (_, log) = sync(&agent(&[&server], &prometheus));
    assert!(
        log.contains("bucket `aw-watcher-window_laptop`: 1 events do not decode and are skipped"),
        "{log}"
    );
    let windows = totals(&prometheus, "aw_window_seconds", "app", start, midnight(0));
    assert_equal(&windows, &seconds(&[("vim", 3600), ("ed", 60)]));
}

#[test]
fn a_bucket_that_vanishes_between_list_and_read_is_nothing_to_speak_of() {
    let (server, prometheus) = (AwServer::start(), prometheus(Suite::Machine));
    let start = day(&server);
    server.create_bucket(&bucket(WEB, "web.tab.current", "aw-client-web", "laptop"));
    server.insert(WEB, &minutes(start, 10, &tab()));
    let proxy = Proxy::start(&server.url(), |_, path, _| {
        // Its events were counted, and then it was deleted.
        if path.contains(WEB) && path.contains("start=") {
            Verdict::Answer(404, "", r#"{"message":"gone"}"#)
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new()
        .arg("--aw-url")
        .arg(&proxy.url())
        .arg("--prometheus-url")
        .arg(&prometheus.url());
    let (samples, log) = sync(&agent);
    assert_eq!(samples, 60);
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
}

#[test]
fn a_bucket_that_was_deleted_is_left_in_peace() {
    let (server, prometheus) = (AwServer::start(), prometheus(Suite::Machine));
    let start = day(&server);
    server.create_bucket(&bucket(WEB, "web.tab.current", "aw-client-web", "laptop"));
    server.insert(WEB, &minutes(start, 10, &tab()));
    let agent = agent(&[&server], &prometheus);
    assert_eq!(sync(&agent).0, 70);
    server.delete_bucket(WEB);
    assert_eq!(sync(&agent).0, 0);
    // It comes back with the same name and other events.
    server.create_bucket(&bucket(WEB, "web.tab.current", "aw-client-web", "laptop"));
    server.insert(WEB, &minutes(start, 10, &tab()));
    assert_eq!(sync(&agent).0, 0);
    assert_equal(&web(&prometheus), &seconds(&[("example.org", 300)]));
}

#[test]
fn a_bucket_that_fails_holds_no_other_one_and_is_caught_up() {
    let (server, prometheus) = (AwServer::start(), prometheus(Suite::Machine));
    let start = day(&server);
    server.create_bucket(&bucket(WEB, "web.tab.current", "aw-client-web", "laptop"));
    server.insert(WEB, &minutes(start, 10, &tab()));
    let proxy = Proxy::start(&server.url(), |_, path, _| {
        if path.contains(WEB) && path.contains("start=") {
            Verdict::Answer(500, "", r#"{"message":"broken"}"#)
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new()
        .arg("--aw-url")
        .arg(&proxy.url())
        .arg("--prometheus-url")
        .arg(&prometheus.url());
    let run = agent.run(&["sync"]);
    assert_eq!(
        (run.code, sent(&run.stderr).0),
        (Some(3), 60),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains(&format!(
            "aw-sync-agent: bucket `{WEB}` cannot be read: 500: "
        )),
        "{}",
        run.stderr
    );
    let status = agent.run(&["status"]).stdout;
    assert!(
        status.contains(&format!("but {WEB} not yet at all")),
        "{status}"
    );

    proxy.set_rule(|_, _, _| Verdict::Forward);
    assert_eq!(sync(&agent).0, 10);
    assert_equal(&web(&prometheus), &seconds(&[("example.org", 300)]));
    let status = agent.run(&["status"]).stdout;
    assert!(!status.contains(WEB), "{status}");
}

#[test]
fn buckets_of_other_machines_are_left_out_unless_wanted() {
    let (server, prometheus) = (AwServer::start(), prometheus(Suite::Machine));
    let start = day(&server);
    let synced = "aw-watcher-window_desk-synced-from-desk";
    server.create_bucket(&bucket(
        synced,
        "currentwindow",
        "aw-watcher-window",
        "desk",
    ));
    server.insert(synced, &[event(start, 60_000, json!({"app": "ed"}))]);
    let agent = agent(&[&server], &prometheus);
    agent.write_settings("[hosts]\nlaptop = 'lap'");
    sync(&agent);
    let hosts = || totals(&prometheus, "aw_window_seconds", "host", start, midnight(0));
    assert_equal(&hosts(), &seconds(&[("lap", 3600)]));
    agent.write_settings("synced-buckets = true\n[hosts]\nlaptop = 'lap'");
    sync(&agent);
    assert_equal(&hosts(), &seconds(&[("lap", 3600), ("desk", 60)]));
}

#[test]
fn two_servers_of_one_name_need_another_name_for_one() {
    let (one, other, prometheus) = (
        AwServer::start(),
        AwServer::start(),
        prometheus(Suite::Machine),
    );
    let start = day(&one);
    day(&other);
    let agent = agent(&[&one, &other], &prometheus);
    let (samples, log) = sync(&agent);
    assert_eq!(samples, 60);
    assert!(
        log.contains(&format!(
            "host `laptop` of {} is left out, since {} has one of the same name",
            other.url(),
            one.url()
        )),
        "{log}"
    );

    agent.write_settings(&format!("[hosts]\n'{}/laptop' = 'work'", other.url()));
    assert_eq!(sync(&agent).0, 60);
    let hosts = totals(&prometheus, "aw_window_seconds", "host", start, midnight(0));
    assert_equal(&hosts, &seconds(&[("laptop", 3600), ("work", 3600)]));
}

#[test]
fn private_texts_do_not_leave() {
    let (server, prometheus) = (AwServer::start(), prometheus(Suite::Machine));
    let start = day(&server);
    server.create_bucket(&bucket(WEB, "web.tab.current", "aw-client-web", "laptop"));
    server.insert(WEB, &minutes(start, 10, &tab()));
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| Verdict::Forward);
    sync(
        &Agent::new()
            .arg("--aw-url")
            .arg(&server.url())
            .arg("--prometheus-url")
            .arg(&proxy.url()),
    );
    assert_eq!(
        prometheus.series_count(r#"{__name__=~"aw_.+"}"#, midnight(0)),
        2
    );
    let bodies = proxy.bodies();
    assert_eq!(bodies.len(), 1);
    for body in bodies {
        let message = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
        assert!(message.windows(3).any(|bytes| bytes == b"vim"));
        assert!(!message.windows(6).any(|bytes| bytes == b"secret"));
    }
}
