//! Buckets that appear, vanish, fail, or hold what nobody expects.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::{
    Agent, AwServer, BucketSpec, EventSpec, Pass, Prometheus, Proxy, Receiver, Verdict, midnight,
};
use crate::hour;
use crate::totals::{assert_equal, seconds, yesterday};

const EDITOR: &str = "aw-watcher-vim_laptop";

/// `count` events of 30 s, one each minute from `start` on.
fn minutes(start: DateTime<Utc>, count: i64, data: &Value) -> Vec<EventSpec> {
    (0..count)
        .map(|minute| EventSpec::new(start + TimeDelta::minutes(minute), 30_000, data.clone()))
        .collect()
}

/// Adds the bucket of an editor with `count` events beside the hour.
fn edit(server: &AwServer, count: i64) {
    let editor = BucketSpec::new(EDITOR, "app.editor.activity", "aw-watcher-vim", "laptop");
    server.add(&editor, &minutes(midnight(1), count, &engine()));
}

#[track_caller]
fn assert_edited(prometheus: &Prometheus, truth: &[(&str, u32)]) {
    assert_equal(
        &yesterday(prometheus, "aw_editor_seconds", "project"),
        &seconds(truth),
    );
}

/// An agent that gets `answer` when it reads the events of the editor's bucket, which have been counted by then.
fn with_broken_editor(
    answer: Verdict,
    server: &AwServer,
    prometheus: &Prometheus,
) -> (Proxy, Agent) {
    let proxy = Proxy::start(&server.url(), move |_, path, _| {
        if path.contains(EDITOR) && path.contains("start=") {
            answer.clone()
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new()
        .reading(&proxy.url())
        .writing(&prometheus.url());
    (proxy, agent)
}

fn engine() -> Value {
    json!({"file": "/secret", "project": "/home/ada/engine", "language": "rust"})
}

#[test]
fn a_bucket_that_reaches_min_data_is_sent_from_its_first_event_on() {
    let (server, prometheus) = hour::servers();
    edit(&server, 4);
    let agent = Agent::between(&[&server], &prometheus);
    assert_eq!(agent.sync().samples, 180);
    assert_edited(&prometheus, &[]);

    server.insert(
        EDITOR,
        &minutes(midnight(1) + TimeDelta::hours(2), 1, &engine()),
    );
    assert_eq!(agent.sync().samples, 5);
    assert_edited(&prometheus, &[("engine", 150)]);
    assert_eq!(agent.sync().samples, 0);
}

#[test]
fn a_late_bucket_adds_to_what_was_sent_and_changes_none_of_it() {
    let (server, prometheus) = hour::servers();
    let data = json!({"file": "/secret", "project": "/home/ada/engine", "language": "rust"});
    let agent = Agent::between(&[&server], &prometheus);
    let vim = |id: &str, from: i64| {
        let bucket = BucketSpec::new(id, "app.editor.activity", "aw-watcher-vim", "laptop");
        let first = midnight(1) + TimeDelta::minutes(from);
        server.add(&bucket, &minutes(first, 10, &data));
        agent.sync()
    };
    assert_eq!(vim("aw-watcher-vim_laptop", 0).samples, 190);
    // The five minutes that both buckets share were sent as 30 s and would now be 60 s.
    let Pass { samples, log, .. } = vim("aw-watcher-vim_laptop-2", 5);
    assert_eq!(samples, 5);
    assert!(
        log.contains("5 steps would differ from what was sent and stay as they are"),
        "{log}"
    );
    let projects = yesterday(&prometheus, "aw_editor_seconds", "project");
    assert_equal(&projects, &seconds(&[("engine", 450)]));
}

#[test]
fn a_bucket_that_is_taken_again_is_sent_from_where_it_was_left() {
    let (server, prometheus) = hour::servers();
    edit(&server, 10);
    let agent = Agent::between(&[&server], &prometheus);
    agent.write_settings("excluded-watchers = ['aw-watcher-vim*']");
    assert_eq!(agent.sync().samples, 180);
    agent.write_settings("");
    assert_eq!(agent.sync().samples, 10);
    agent.write_settings("included-watchers = ['aw-watcher-window*']");
    assert_eq!(agent.sync().samples, 0);
    agent.write_settings("");
    assert_eq!(agent.sync().samples, 0);
    assert_edited(&prometheus, &[("engine", 300)]);
}

#[test]
fn an_event_that_does_not_decode_costs_only_itself() {
    let (server, prometheus) = hour::servers();
    // The server stores half a character and gives it back; no JSON library of ours takes it.
    let at = (midnight(1) + TimeDelta::minutes(70)).to_rfc3339();
    server.insert_json(
        hour::BUCKET,
        &format!(r#"[{{"timestamp":"{at}","duration":600,"data":{{"app":"\ud83d"}}}}]"#),
    );
    let good = midnight(1) + TimeDelta::minutes(80);
    let good = EventSpec::new(good, 60_000, json!({"app": "ed"}));
    server.insert(hour::BUCKET, &[good]);
    let log = Agent::between(&[&server], &prometheus).sync().log;
    assert!(
        log.contains("bucket `aw-watcher-window_laptop`: 1 events do not decode and are skipped"),
        "{log}"
    );
    let windows = yesterday(&prometheus, "aw_window_seconds", "app");
    assert_equal(&windows, &seconds(&[("vim", 3600), ("ed", 60)]));
}

#[test]
fn a_bucket_that_vanishes_between_list_and_read_is_nothing_to_speak_of() {
    let (server, prometheus) = hour::servers();
    edit(&server, 10);
    let gone = Verdict::Answer(404, "", r#"{"message":"gone"}"#);
    let (_proxy, agent) = with_broken_editor(gone, &server, &prometheus);
    let Pass { samples, log, .. } = agent.sync();
    assert_eq!(samples, 180);
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
}

#[test]
fn a_bucket_that_was_deleted_is_left_in_peace() {
    let (server, prometheus) = hour::servers();
    edit(&server, 10);
    let agent = Agent::between(&[&server], &prometheus);
    assert_eq!(agent.sync().samples, 190);
    server.delete_bucket(EDITOR);
    assert_eq!(agent.sync().samples, 0);
    // It comes back under its name, with time that was sent long ago.
    edit(&server, 10);
    assert_eq!(agent.sync().samples, 0);
    assert_edited(&prometheus, &[("engine", 300)]);
}

#[test]
fn a_bucket_that_fails_holds_no_other_one_and_is_caught_up() {
    let (server, prometheus) = hour::servers();
    edit(&server, 10);
    let broken = Verdict::Answer(500, "", r#"{"message":"broken"}"#);
    let (proxy, agent) = with_broken_editor(broken, &server, &prometheus);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert_eq!(Pass::of(&run).samples, 180);
    assert!(
        run.stderr.contains(&format!(
            "aw-sync-agent: bucket `{EDITOR}` cannot be read: 500: "
        )),
        "{}",
        run.stderr
    );
    let status = agent.run(&["status"]).stdout;
    assert!(
        status.contains(&format!("but {EDITOR} not yet at all")),
        "{status}"
    );

    proxy.set_rule(|_, _, _| Verdict::Forward);
    assert_eq!(agent.sync().samples, 10);
    assert_edited(&prometheus, &[("engine", 300)]);
    let status = agent.run(&["status"]).stdout;
    assert!(!status.contains(EDITOR), "{status}");
}

#[test]
fn buckets_of_other_machines_are_left_out_unless_wanted() {
    let (server, prometheus) = hour::servers();
    let synced = "aw-watcher-window_desk-synced-from-desk";
    let synced = BucketSpec::new(synced, "currentwindow", "aw-watcher-window", "desk");
    let minute = EventSpec::new(midnight(1), 60_000, json!({"app": "ed"}));
    server.add(&synced, &[minute]);
    let agent = Agent::between(&[&server], &prometheus);
    agent.write_settings("[hosts]\nlaptop = 'lap'");
    agent.sync();
    let hosts = || yesterday(&prometheus, "aw_window_seconds", "host");
    assert_equal(&hosts(), &seconds(&[("lap", 3600)]));
    agent.write_settings("synced-buckets = true\n[hosts]\nlaptop = 'lap'");
    agent.sync();
    assert_equal(&hosts(), &seconds(&[("lap", 3600), ("desk", 60)]));
}

#[test]
fn two_servers_of_one_name_need_another_name_for_one() {
    let ((one, prometheus), other) = (hour::servers(), hour::server());
    let agent = Agent::between(&[&one, &other], &prometheus);
    let Pass { samples, log, .. } = agent.sync();
    assert_eq!(samples, 180);
    assert!(
        log.contains(&format!(
            "host `laptop` of {} is left out, since {} has one of the same name",
            other.url(),
            one.url()
        )),
        "{log}"
    );

    agent.write_settings(&format!("[hosts]\n'{}/laptop' = 'work'", other.url()));
    assert_eq!(agent.sync().samples, 180);
    let hosts = yesterday(&prometheus, "aw_window_seconds", "host");
    assert_equal(&hosts, &seconds(&[("laptop", 3600), ("work", 3600)]));
}
