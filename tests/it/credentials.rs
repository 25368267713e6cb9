//! Who is sending: proved as Prometheus's own remote write does, and told to nobody else.

use std::fs;

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{
    Agent, BucketSpec, EventSpec, Prometheus, PrometheusOptions, Proxy, Receiver, SOON, Verdict,
    complaint, midnight, wait_until,
};
use crate::hour;

fn guarded() -> Prometheus {
    Prometheus::start(PrometheusOptions {
        basic_auth: true,
        out_of_order: Some("10000d"),
        ..PrometheusOptions::default()
    })
}

/// An agent that reads its password from the file `password` beside its settings.
fn with_password_file(server: &str, receiver: &str) -> Agent {
    let agent = Agent::new().reading(server).writing(receiver);
    agent.write_settings(
        "remote-write.basic-auth = { username = 'ada', password-file = 'password' }",
    );
    agent
}

fn write_password(agent: &Agent, password: &str) {
    fs::write(agent.settings_file().with_file_name("password"), password).unwrap();
}

#[test]
fn the_password_is_wrong_or_right() {
    let (server, prometheus) = (hour::server(), guarded());
    let agent = with_password_file(&server.url(), &prometheus.url());
    write_password(&agent, "hunter2\n");
    let run = agent.run(&["sync", "--verbose"]);
    assert_eq!(run.code, Some(2));
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    insta::assert_snapshot!(complaint(&run, &[(&prometheus.url(), "PROMETHEUS")]), @"
    aw-sync-agent: PROMETHEUS/api/v1/write answered HTTP 401: Unauthorized
    hint: set `basic-auth` or `authorization` under `[remote-write]` to what the receiver expects
    ");
    write_password(&agent, "lovelace\n");
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn the_file_of_the_password_is_missing_or_empty() {
    let (server, prometheus) = (hour::server(), guarded());
    let agent = with_password_file(&server.url(), &prometheus.url());
    let home = agent.home().display().to_string();
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[(&home, "HOME")]), @"
    aw-sync-agent: `remote-write.basic-auth.password-file`: HOME/config/activitywatch/aw-sync-agent/password: cannot be read: No such file or directory (os error 2)
    hint: a path without a root begins at the directory of the settings file; the file is read again before each request
    ");
    write_password(&agent, "\n");
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[(&home, "HOME")]), @"
    aw-sync-agent: `remote-write.basic-auth.password-file`: HOME/config/activitywatch/aw-sync-agent/password is empty
    hint: write the value into it; the file is read again before each request
    ");
    let status = agent.run(&["status"]).stdout;
    assert!(status.contains("password is empty"), "{status}");
    write_password(&agent, "lovelace");
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn a_password_is_renewed_while_the_daemon_runs() {
    let (server, mut prometheus) = (hour::server(), guarded());
    let agent =
        with_password_file(&server.url(), &prometheus.url()).args(&["--cron", "* * * * * *"]);
    let daemon = agent.spawn(&[]);
    // Not there yet, as when whoever brings it starts later.
    wait_until("a word about the file", SOON, || {
        daemon
            .stderr()
            .contains("password: cannot be read: No such file")
    });
    write_password(&agent, "lovelace\n");
    wait_until("the hour", SOON, || hour::has_arrived(&prometheus));

    prometheus.change_password();
    let start = midnight(1) + TimeDelta::hours(2);
    let minute = EventSpec::new(start, 60_000, json!({"app": "emacs", "title": "secret"}));
    server.add(&BucketSpec::window("desk"), &[minute]);
    wait_until("a refusal of the old password", SOON, || {
        daemon.stderr().contains("answered HTTP 401: Unauthorized")
    });
    let emacs = |prometheus: &Prometheus| {
        prometheus.series_count("aw_window_seconds{app='emacs'}", midnight(0))
    };
    assert_eq!(emacs(&prometheus), 0);
    write_password(&agent, "babbage\n");
    wait_until("the minute", SOON, || emacs(&prometheus) == 1);
}

#[test]
fn a_token_and_a_tenant_go_with_each_request() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::start(&prometheus.url(), |_, _, count| {
        if count == 0 {
            Verdict::Answer(503, "", "")
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    agent.write_settings(
        "[remote-write]\nauthorization.credentials-file = 'token'\nheaders = { X-Scope-OrgID = 'team' }",
    );
    fs::write(agent.settings_file().with_file_name("token"), "hunter2\n").unwrap();
    hour::assert_brought_by(&agent, &prometheus);
    let heads = proxy.heads();
    assert_eq!(heads.len(), 2);
    for head in heads {
        let head = head.to_ascii_lowercase();
        for line in [
            "\r\nauthorization: bearer hunter2\r\n",
            "\r\nx-scope-orgid: team\r\n",
        ] {
            assert!(head.contains(line), "{line} is not in {head}");
        }
    }
}

#[test]
fn a_token_that_no_header_can_carry_is_named() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| Verdict::Forward);
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    agent.write_settings("remote-write.authorization.credentials-file = 'token'");
    let token = agent.settings_file().with_file_name("token");
    fs::write(&token, "hunter2\nhunter3\n").unwrap();
    let run = agent.run(&["sync"]);
    assert_eq!((run.code, proxy.heads().len()), (Some(2), 0));
    let home = agent.home().display().to_string();
    insta::assert_snapshot!(complaint(&run, &[(&home, "HOME")]), @"
    aw-sync-agent: `remote-write.authorization.credentials-file`: HOME/config/activitywatch/aw-sync-agent/token has characters that a header cannot carry
    hint: look for a line break or a control character
    ");
    fs::write(&token, "hunter2\n").unwrap();
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn a_password_does_not_go_unencrypted_to_another_machine() {
    let (server, prometheus) = (hour::server(), guarded());
    // Stands in for the network: the name leads nowhere else.
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| Verdict::Forward);
    let agent = Agent::new()
        .reading(&server.url())
        .env("http_proxy", &proxy.url());
    let url = "http://prometheus.test";
    let table = format!(
        "[remote-write]\nurl = '{url}'\nbasic-auth = {{ username = 'ada', password = 'lovelace' }}"
    );
    agent.write_settings(&table);
    let run = agent.run(&["sync"]);
    assert_eq!((run.code, proxy.heads().len()), (Some(2), 0));
    let home = agent.home().display().to_string();
    insta::assert_snapshot!(complaint(&run, &[(&home, "HOME")]), @"
    aw-sync-agent: HOME/config/activitywatch/aw-sync-agent/aw-sync-agent.toml: line 3: `remote-write.basic-auth`: http://prometheus.test/api/v1/write is not encrypted, so whoever is on the way could read the password or token
    hint: use https://, or, if that network is safe, set `insecure-credentials = true` under `[remote-write]`
    ");
    agent.write_settings(&format!("{table}\ninsecure-credentials = true"));
    hour::assert_brought_by(&agent, &prometheus);
}
