//! What comes late, and what a receiver loses after it has acknowledged it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use aw_sync_agent::checkpoint::{Cause, Refused, Sending, Store};
use aw_sync_agent::timeline::Time;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::{
    Agent, AwServer, BucketSpec, EventSpec, Pass, Prometheus, PrometheusOptions, Proxy, Receiver,
    SOON, Suite, Verdict, VictoriaMetrics, VictoriaMetricsOptions, midnight, wait_until,
};
use crate::hour;
use crate::refusals::refused_samples;
use crate::totals::{assert_equal, seconds, yesterday};

fn window(minute: i64, minutes: i64, app: &str) -> EventSpec {
    let start = midnight(1) + TimeDelta::minutes(minute);
    EventSpec::new(start, minutes * 60_000, json!({"app": app, "title": "t"}))
}

fn days_ago(days: i64) -> Value {
    json!(DateTime::<Utc>::from(std::time::SystemTime::now()) - TimeDelta::days(days))
}

/// Lets so much time pass that all is due that is done from time to time.
pub(crate) fn let_a_day_pass(agent: &Agent) {
    agent.edit_endpoint(|endpoint| {
        endpoint["looked"] =
            json!({"lately": days_ago(2), "far_back": days_ago(2), "changed_steps": 0});
        let unconfirmed = endpoint.get_mut("unconfirmed");
        for stretch in unconfirmed
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            stretch["at"] = days_ago(1);
        }
    });
}

fn servers() -> (AwServer, VictoriaMetrics) {
    let victoria = VictoriaMetrics::start(VictoriaMetricsOptions {
        suite: Suite::Sid,
        ..VictoriaMetricsOptions::default()
    });
    (hour::server(), victoria)
}

#[test]
fn what_comes_late_is_added_and_counts_once() {
    let (server, victoria) = servers();
    let agent = Agent::between(&[&server], &victoria);
    agent.sync();
    // What a watcher had kept while the server was away.
    server.insert(
        hour::BUCKET,
        &[window(90, 10, "late"), window(-600, 5, "later")],
    );
    assert_eq!(agent.sync().samples, 0);
    let_a_day_pass(&agent);
    assert_eq!(agent.sync().samples, 45);
    let_a_day_pass(&agent);
    assert_eq!(agent.sync().samples, 0);
    assert_equal(
        &yesterday(&victoria, "aw_window_seconds", "app"),
        &seconds(&[("vim", 3600), ("late", 600)]),
    );
    let day_before = victoria.totals("aw_window_seconds", "app", midnight(2), midnight(1));
    assert_equal(&day_before, &seconds(&[("later", 300)]));
}

#[test]
fn steps_that_changed_stay_as_they_were_sent() {
    let (server, victoria) = servers();
    let agent = Agent::between(&[&server], &victoria);
    agent.sync();
    // It cuts the hour's last ten minutes out and goes on for ten.
    server.insert(hour::BUCKET, &[window(50, 20, "edited")]);
    let_a_day_pass(&agent);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stderr.contains("10 steps of") && run.stderr.contains("stay as they are"),
        "{}",
        run.stderr
    );
    assert_equal(
        &yesterday(&victoria, "aw_window_seconds", "app"),
        &seconds(&[("vim", 3600), ("edited", 600)]),
    );
}

#[test]
fn what_was_refused_is_not_late() {
    let prometheus = Prometheus::start(PrometheusOptions {
        self_scrape: true,
        ..PrometheusOptions::default()
    });
    let up = || !prometheus.query("up", Utc::now()).is_empty();
    wait_until("the first scrape", SOON, up);
    let server = hour::server();
    let agent = Agent::between(&[&server], &prometheus);
    assert_eq!(agent.run(&["sync"]).code, Some(1));
    let_a_day_pass(&agent);
    assert_eq!(agent.sync().samples, 0);
}

#[test]
fn a_bucket_that_is_new_is_not_late() {
    let (server, victoria) = servers();
    let agent = Agent::between(&[&server], &victoria);
    agent.sync();
    let editor = BucketSpec::new(
        "aw-watcher-vim_laptop",
        "app.editor.activity",
        "aw-watcher-vim",
        "laptop",
    );
    let edits: Vec<EventSpec> = (0..10)
        .map(|minute| {
            let start = midnight(1) + TimeDelta::minutes(minute);
            EventSpec::new(start, 60_000, json!({"project": "agent"}))
        })
        .collect();
    server.add(&editor, &edits);
    let_a_day_pass(&agent);
    assert_eq!(agent.sync().samples, 10);
    assert_equal(
        &yesterday(&victoria, "aw_editor_seconds", "project"),
        &seconds(&[("agent", 600)]),
    );
}

#[test]
fn what_a_receiver_lost_in_a_crash_comes_back() {
    let server = hour::server();
    let mut victoria = VictoriaMetrics::start(VictoriaMetricsOptions {
        suite: Suite::Sid,
        flush_interval: Some("10m"),
        ..VictoriaMetricsOptions::default()
    });
    let agent = Agent::between(&[&server], &victoria);
    agent.sync();
    victoria.crash();
    // It has acknowledged the hour, and had it only in memory.
    assert!(!hour::has_arrived(&victoria));
    let_a_day_pass(&agent);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stderr.contains("180 samples that it had acknowledged"),
        "{}",
        run.stderr
    );
    hour::assert_arrived(&victoria);
    let_a_day_pass(&agent);
    assert_eq!(agent.sync().samples, 0);
    let stored = victoria.raw_samples("aw_window_seconds", 86_400, midnight(0));
    assert_eq!(stored.values().map(Vec::len).sum::<usize>(), 60);
}

/// Where the agent keeps what it sent yesterday to its one destination.
fn sent_yesterday(agent: &Agent) -> PathBuf {
    let mut destinations = fs::read_dir(agent.data_dir().join("sent")).unwrap();
    let destination = destinations.next().unwrap().unwrap().path();
    destination.join(midnight(1).date_naive().to_string())
}

#[test]
fn of_a_day_of_which_nobody_knows_what_was_sent_nothing_is_late() {
    for is_removed in [true, false] {
        let (server, victoria) = servers();
        let agent = Agent::between(&[&server], &victoria);
        agent.sync();
        let file = sent_yesterday(&agent);
        if is_removed {
            fs::remove_file(&file).unwrap();
        } else {
            let mut bytes = fs::read(&file).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&file, bytes).unwrap();
        }
        let of_the_day_before = window(-600, 5, "later");
        server.insert(hour::BUCKET, &[window(90, 10, "late"), of_the_day_before]);
        let_a_day_pass(&agent);
        let run = agent.run(&["sync"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert_eq!(Pass::of(&run).samples, 15, "{}", run.stderr);
        let said = format!(
            " is not known, since {} is missing or damaged",
            file.display()
        );
        assert_eq!(run.stderr.matches(&said).count(), 1, "{}", run.stderr);
        assert!(!run.stderr.contains("are not there"), "{}", run.stderr);
        assert_equal(
            &yesterday(&victoria, "aw_window_seconds", "app"),
            &seconds(&[("vim", 3600)]),
        );
        // Not even when more has been sent of it.
        let again = format!("{} is missing or damaged", file.display());
        let_a_day_pass(&agent);
        assert!(agent.sync().log.contains(&again));
        // What the hint says.
        let run = agent.run(&["backfill", "--since", "all"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(run.stdout.starts_with("sent 30 samples"), "{}", run.stdout);
        let_a_day_pass(&agent);
        let pass = agent.sync();
        assert_eq!(pass.samples, 0);
        assert!(pass.log.contains(&again));
    }
}

#[test]
fn what_was_refused_is_not_looked_for_with_the_rest() {
    let (server, prometheus) = hour::servers();
    server.insert(hour::BUCKET, &[window(120, 10, "poison")]);
    let proxy = Proxy::judging(&prometheus.url(), |request| {
        if request.path.ends_with("/write") && request.tells_of("poison") {
            Verdict::Answer(422, "", "invalid sample")
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    assert_eq!(agent.run(&["sync"]).code, Some(1));
    assert_eq!(refused_samples(&agent), 10);
    let unconfirmed = || {
        let status = agent.run(&["status", "--json"]).stdout;
        let status: Value = serde_json::from_str(&status).unwrap();
        let unconfirmed = status["endpoints"][0]["unconfirmed"].as_array().cloned();
        unconfirmed.map_or(0, |stretches| stretches.len())
    };
    assert_eq!(unconfirmed(), 1);
    let_a_day_pass(&agent);
    let pass = agent.sync();
    assert_eq!((pass.samples, unconfirmed()), (0, 0));
    assert!(!pass.log.contains("are not there"), "{}", pass.log);
    assert_eq!(refused_samples(&agent), 10);
}

#[test]
fn what_was_sent_is_as_young_as_its_answer() {
    let (server, victoria) = servers();
    let proxy = Proxy::judging(&victoria.url(), |request| {
        if request.path.ends_with("/write") {
            Verdict::Drip(3, Duration::from_secs(1))
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    let before = Utc::now();
    agent.sync();
    // What VictoriaMetrics has acknowledged it can lose for some seconds: those count from here.
    agent.edit_endpoint(|endpoint| {
        let at = endpoint["unconfirmed"][0]["at"].as_str().unwrap();
        let at: DateTime<Utc> = at.parse().unwrap();
        assert!(at - before >= TimeDelta::seconds(2), "{before}, then {at}");
    });
}

#[test]
fn what_was_given_up_just_before_a_kill_is_recorded_afterwards() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus);
    agent.sync();
    // As a kill leaves it: given up, with nothing left to send, and not in the checkpoint yet.
    let url = prometheus.url() + "/api/v1/write";
    let store = Store::new(&agent.data_dir(), false).open().unwrap();
    let store = store.of(&url);
    let (from, until) = (Time::from(midnight(1)), Time::from(midnight(0)));
    let given_up = Refused {
        user: "ada".to_owned(),
        host: "laptop".to_owned(),
        from,
        until,
        samples: 7,
        cause: Cause::Fault,
        reason: "never there".to_owned(),
    };
    let number = store.load().unwrap().settled + 1;
    let sending = Sending {
        number,
        endpoint: url,
        from,
        until,
        devices: Vec::new(),
        retried: Vec::new(),
        delivered: 0,
        refused: vec![given_up],
        done: Vec::new(),
        parts: Vec::new(),
    };
    store.keep(&sending).unwrap();
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(refused_samples(&agent), 7);
    assert_eq!(agent.sync().samples, 0);
    assert_eq!(refused_samples(&agent), 7);
}

#[test]
fn what_is_acknowledged_and_never_there_is_refused_in_the_end() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::judging(&prometheus.url(), |request| {
        if request.path.ends_with("/write") && request.tells_of("vim") {
            Verdict::Answer(204, "", "")
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    agent.sync();
    let_a_day_pass(&agent);
    // It has been sent again already.
    agent.edit_endpoint(|endpoint| endpoint["unconfirmed"][0]["resent"] = json!(2));
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("it acknowledges these samples and does not show them"),
        "{}",
        run.stderr
    );
    assert_eq!(refused_samples(&agent), 180);
    let_a_day_pass(&agent);
    assert_eq!(agent.sync().samples, 0);
    proxy.set_rule(|_, _, _| Verdict::Forward);
    let run = agent.run(&["backfill", "--refused"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    hour::assert_arrived(&prometheus);
}
