//! What a person sees when something is wrong, and that the next run has everything.

use std::fs;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::exactness::{
    agent, assert_equal, bucket, event, midnight, prometheus, seconds, sent, totals,
};
use crate::harness::{
    Agent, AwServer, Output, Prometheus, PrometheusOptions, Proxy, Receiver, Suite, Verdict,
};

/// A server with one hour of one app, a day ago.
fn server() -> AwServer {
    let server = AwServer::start();
    let window = bucket(
        "aw-watcher-window_laptop",
        "currentwindow",
        "aw-watcher-window",
        "laptop",
    );
    server.create_bucket(&window);
    server.insert(
        &window.id,
        &[event(midnight(1), 3_600_000, json!({"app": "vim"}))],
    );
    server
}

fn read_by(agent: Agent, server: &AwServer) -> Agent {
    agent
        .arg("--aw-url")
        .arg(&server.url())
        .arg("--user-id")
        .arg("ada")
}

#[track_caller]
fn assert_hour(prometheus: &Prometheus) {
    let windows = totals(
        prometheus,
        "aw_window_seconds",
        "app",
        midnight(1),
        midnight(0),
    );
    assert_equal(&windows, &seconds(&[("vim", 3600)]));
}

/// What the run says to a person, without its log and with what differs from run to run replaced.
fn complaint(run: &Output, replace: &[(&str, &str)]) -> String {
    let is_log = |line: &&str| !line.starts_with("20");
    let complaint = run
        .stderr
        .lines()
        .filter(is_log)
        .collect::<Vec<_>>()
        .join("\n");
    replace
        .iter()
        .fold(complaint, |text, (from, to)| text.replace(from, to))
}

#[track_caller]
fn assert_recovers(agent: &Agent, prometheus: &Prometheus) {
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_hour(prometheus);
}

#[test]
fn prometheus_is_down() {
    let (server, mut prometheus) = (server(), prometheus(Suite::Machine));
    let agent = agent(&[&server], &prometheus);
    prometheus.stop();
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(3));
    insta::assert_snapshot!(complaint(&run, &[(&prometheus.url(), "PROMETHEUS")]), @r"
    aw-sync-agent: PROMETHEUS/api/v1/write takes nothing now: Connection refused (os error 111)
    hint: the activity stays in ActivityWatch and is sent once the receiver is back; check `--prometheus-url` if it should be there
    ");
    let status = agent.run(&["status"]);
    assert!(
        status
            .stdout
            .contains("a request of 60 samples has not been answered"),
        "{}",
        status.stdout
    );
    prometheus.restart();
    assert_recovers(&agent, &prometheus);
}

#[test]
fn activitywatch_is_down() {
    let (mut server, prometheus) = (server(), prometheus(Suite::Machine));
    let agent = agent(&[&server], &prometheus);
    server.stop();
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(3));
    insta::assert_snapshot!(complaint(&run, &[(&server.url(), "ACTIVITYWATCH")]), @r"
    aw-sync-agent: ActivityWatch at ACTIVITYWATCH does not answer: Connection refused (os error 111)
    hint: start ActivityWatch, or set `--aw-url` to where it listens
    ");
    server.restart();
    assert_recovers(&agent, &prometheus);
}

#[test]
fn one_of_two_activitywatch_servers_is_down() {
    let (server, mut other, prometheus) = (server(), AwServer::start(), prometheus(Suite::Machine));
    let agent = agent(&[&other, &server], &prometheus);
    other.stop();
    let run = agent.run(&["sync"]);
    assert_eq!(
        (run.code, sent(&run.stderr).0),
        (Some(3), 60),
        "{}",
        run.stderr
    );
    assert_hour(&prometheus);
}

#[test]
fn what_answers_is_no_activitywatch() {
    let prometheus = prometheus(Suite::Machine);
    let agent = Agent::new()
        .arg("--aw-url")
        .arg(&prometheus.url())
        .arg("--prometheus-url")
        .arg(&prometheus.url());
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[(&prometheus.url(), "URL")]), @r"
    aw-sync-agent: ActivityWatch at URL answered 404 to `api/0/info`: 404 page not found
    hint: is this an ActivityWatch server? check `--aw-url`
    ");
}

#[test]
fn the_path_is_wrong() {
    let (server, prometheus) = (server(), prometheus(Suite::Machine));
    let wrong = read_by(Agent::new(), &server);
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
    assert_recovers(&wrong, &prometheus);
}

#[test]
fn the_receiver_is_not_enabled() {
    let server = server();
    for suite in [Suite::Machine, Suite::Sid] {
        let prometheus = Prometheus::start(PrometheusOptions {
            suite,
            receiver: false,
            ..PrometheusOptions::default()
        });
        let run = agent(&[&server], &prometheus).run(&["sync"]);
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
    let server = server();
    let prometheus = Prometheus::start(PrometheusOptions {
        basic_auth: true,
        out_of_order: Some("10000d"),
        ..PrometheusOptions::default()
    });
    let agent = read_by(Agent::new(), &server);
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
    assert_hour(&prometheus);
}

#[test]
fn the_state_cannot_be_written() {
    let (server, prometheus) = (server(), prometheus(Suite::Machine));
    let agent = agent(&[&server], &prometheus);
    // Not a matter of permissions, which do not bind root.
    let data = agent.home().join("data");
    fs::write(&data, "").unwrap();
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(4));
    insta::assert_snapshot!(complaint(&run, &[(&agent.home().display().to_string(), "HOME")]), @r"
    aw-sync-agent: cannot create HOME/data/activitywatch/aw-sync-agent: Not a directory (os error 20)
    hint: the agent needs to write to that folder; check its owner, its mode and the free space
    ");
    fs::remove_file(data).unwrap();
    assert_recovers(&agent, &prometheus);
}

#[test]
fn the_settings_are_wrong() {
    let (server, prometheus) = (server(), prometheus(Suite::Machine));
    let agent = agent(&[&server], &prometheus);
    agent.write_settings("min-data = 3\ncorn = '@hourly'\n");
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2));
    let home = agent.home().display().to_string();
    insta::assert_snapshot!(complaint(&run, &[(&home, "HOME")]), @r"
    aw-sync-agent: HOME/config/activitywatch/aw-sync-agent/aw-sync-agent.toml: line 2: unknown key `corn`
    hint: did you mean `cron`?
    ");
    agent.write_settings("");
    let run = agent.run(&["sync", "--cron", "61 * * * *"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[]), @r"
    aw-sync-agent: command line: cron expression `61 * * * *`: minute `61` is not in 0-59
    hint: type 0-59, or `*` for every minute
    ");
    assert_recovers(&agent, &prometheus);
}

#[test]
fn the_checkpoint_is_damaged() {
    let (server, prometheus) = (server(), prometheus(Suite::Machine));
    let agent = agent(&[&server], &prometheus);
    assert_recovers(&agent, &prometheus);
    let checkpoint = agent.data_dir().join("checkpoint.json");
    fs::write(&checkpoint, "{\"version\": 1,").unwrap();
    assert_eq!(agent.run(&["status"]).code, Some(4));
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(4));
    let said = complaint(&run, &[(&agent.home().display().to_string(), "HOME")]);
    let file = "HOME/data/activitywatch/aw-sync-agent/checkpoint.json";
    assert!(
        said.starts_with(&format!(
            "aw-sync-agent: {file} is damaged (EOF while parsing"
        )),
        "{said}"
    );
    assert!(
        said.contains(&format!("it is kept as {file}.damaged-1\nhint: ")),
        "{said}"
    );
    assert_eq!(
        fs::read_to_string(agent.data_dir().join("checkpoint.json.damaged-1")).unwrap(),
        "{\"version\": 1,"
    );
    assert_recovers(&agent, &prometheus);
}

#[test]
fn the_checkpoint_is_of_a_later_version() {
    let (server, prometheus) = (server(), prometheus(Suite::Machine));
    let agent = agent(&[&server], &prometheus);
    assert_recovers(&agent, &prometheus);
    let checkpoint = agent.data_dir().join("checkpoint.json");
    let text = fs::read_to_string(&checkpoint)
        .unwrap()
        .replace("\"version\": 1", "\"version\": 2");
    fs::write(&checkpoint, &text).unwrap();
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(4));
    assert!(
        complaint(&run, &[])
            .ends_with("is of version 2, this program reads version 1\nhint: update aw-sync-agent")
    );
    assert_eq!(fs::read_to_string(&checkpoint).unwrap(), text);
}

#[test]
fn a_default_prometheus_takes_no_history() {
    let server = server();
    let prometheus = Prometheus::start(PrometheusOptions {
        self_scrape: true,
        ..PrometheusOptions::default()
    });
    let up = || !prometheus.query("up", Utc::now()).is_empty();
    crate::harness::wait_until("the first scrape", std::time::Duration::from_secs(20), up);
    let agent = agent(&[&server], &prometheus);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(1));
    let until = (midnight(1) + chrono::TimeDelta::days(1))
        .format("%Y-%m-%dT%H:%M:%SZ")
        .to_string();
    insta::assert_snapshot!(complaint(&run, &[(&prometheus.url(), "PROMETHEUS"), (&until, "MIDNIGHT")]), @r"
    aw-sync-agent: PROMETHEUS/api/v1/write refuses the samples until MIDNIGHT: HTTP 400: out of bounds
    hint: Prometheus takes late samples only if `storage.tsdb.out_of_order_time_window` in its config file covers their age; set it, or set `history` to less
    ");
}

#[test]
fn a_refusal_holds_and_is_tried_again() {
    let (server, prometheus) = (server(), prometheus(Suite::Machine));
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| {
        Verdict::Answer(400, "", "out of order sample")
    });
    let agent = read_by(Agent::new(), &server)
        .arg("--prometheus-url")
        .arg(&proxy.url());
    let run = agent.run(&["sync"]);
    assert_eq!(
        (run.code, proxy.bodies().len()),
        (Some(1), 1),
        "{}",
        run.stderr
    );
    proxy.set_rule(|_, _, _| Verdict::Forward);
    assert_recovers(&agent, &prometheus);
}

#[test]
fn a_lost_answer_counts_nothing_twice() {
    let server = server();
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
        let run = read_by(Agent::new(), &server)
            .arg("--prometheus-url")
            .arg(&proxy.url())
            .run(&["sync"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let bodies = proxy.bodies();
        assert!(
            bodies.len() == 2 && bodies[0] == bodies[1],
            "{} requests",
            bodies.len()
        );
        assert_hour(&prometheus);
    }
}

#[test]
fn a_receiver_that_asks_to_wait_is_obeyed() {
    let (server, prometheus) = (server(), prometheus(Suite::Machine));
    let proxy = Proxy::start(&prometheus.url(), |_, _, count| match count {
        0 => Verdict::Answer(429, "Retry-After: 2\r\n", "slow down"),
        1 => Verdict::Answer(503, "", ""),
        2 => Verdict::Close,
        _ => Verdict::Forward,
    });
    let started: DateTime<Utc> = Utc::now();
    let run = read_by(Agent::new(), &server)
        .arg("--prometheus-url")
        .arg(&proxy.url())
        .run(&["sync"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!((Utc::now() - started).num_milliseconds() >= 2000);
    assert!(
        run.stderr
            .contains("HTTP 429: slow down; attempt 2 in 2.0s"),
        "{}",
        run.stderr
    );
    let attempts: Vec<_> = proxy
        .heads()
        .iter()
        .map(|head| head.contains("retry-attempt: "))
        .collect();
    assert_eq!(attempts, [false, true, true, true]);
    assert_hour(&prometheus);
}

#[test]
fn a_request_has_the_headers_of_remote_write_1() {
    let (server, prometheus) = (server(), prometheus(Suite::Machine));
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| Verdict::Forward);
    let agent = read_by(Agent::new(), &server);
    agent.write_settings(&format!(
        "[remote-write]\nurl = '{}'\nheaders = {{ X-Scope-OrgID = 'team' }}",
        proxy.url()
    ));
    assert_recovers(&agent, &prometheus);
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

#[test]
fn a_changed_destination_gets_everything() {
    let (server, one, other) = (
        server(),
        prometheus(Suite::Machine),
        prometheus(Suite::Machine),
    );
    let agent = read_by(Agent::new(), &server);
    for prometheus in [&one, &other] {
        agent.write_settings(&format!("prometheus-url = '{}'", prometheus.url()));
        assert_recovers(&agent, prometheus);
    }
}
