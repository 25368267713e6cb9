//! What nobody else is to know.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{
    Agent, AwServer, BucketSpec, EventSpec, Prometheus, PrometheusOptions, Proxy, Receiver, Suite,
    Verdict, complaint, midnight,
};
use crate::hour;
use crate::totals::{assert_equal, seconds, yesterday};

/// Adds ten minutes of a browser with ten tabs; titles and addresses are `secret`, as the hour's title is.
fn browse(server: &AwServer) {
    let start = midnight(1) + TimeDelta::hours(2);
    let window = json!({"app": "firefox", "title": "secret"});
    server.insert(hour::BUCKET, &[EventSpec::new(start, 600_000, window)]);
    let data = json!({"url": "https://example.org/secret", "title": "secret", "incognito": false});
    let tab = |minute| EventSpec::new(start + TimeDelta::minutes(minute), 30_000, data.clone());
    server.add(
        &BucketSpec::web("firefox", "laptop"),
        &(0..10).map(tab).collect::<Vec<_>>(),
    );
}

#[test]
fn private_texts_do_not_leave() {
    let (server, prometheus) = hour::servers();
    browse(&server);
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| Verdict::Forward);
    Agent::new()
        .reading(&server.url())
        .writing(&proxy.url())
        .sync();
    assert_eq!(
        prometheus.series_count(r#"{__name__=~"aw_.+"}"#, midnight(0)),
        6
    );
    let bodies = proxy.bodies();
    assert_eq!(bodies.len(), 1);
    for body in bodies {
        let message = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
        assert!(message.windows(3).any(|bytes| bytes == b"vim"));
        assert!(!message.windows(6).any(|bytes| bytes == b"secret"));
    }
}

#[test]
fn a_rule_decides_what_leaves() {
    let (server, prometheus) = hour::servers();
    browse(&server);
    let agent = Agent::between(&[&server], &prometheus);
    agent.write_settings(
        r#"
        [[relabel]]
        source-labels = ["app", "__data_title"]
        regex = "vim;(.*)"
        target-label = "title"

        [[relabel]]
        source-labels = ["domain"]
        regex = "example\\.org"
        action = "drop"
        "#,
    );
    agent.sync();
    assert_equal(
        &yesterday(&prometheus, "aw_window_seconds{title!=\"\"}", "title"),
        &seconds(&[("secret", 3600)]),
    );
    assert_equal(
        &yesterday(&prometheus, "aw_web_seconds", "domain"),
        &seconds(&[]),
    );
}

#[test]
fn a_rule_that_does_not_parse_stops_everything() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| Verdict::Forward);
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    agent.write_settings(
        "[[relabel]]\nsource-labels = ['app']\nregex = 'KeePass('\naction = 'drop'",
    );
    let run = agent.run(&["sync"]);
    assert_eq!(
        (run.code, proxy.bodies().len()),
        (Some(2), 0),
        "{}",
        run.stderr
    );
    let home = agent.home().display().to_string();
    insta::assert_snapshot!(complaint(&run, &[(&home, "HOME")]), @r"
    aw-sync-agent: HOME/config/activitywatch/aw-sync-agent/aw-sync-agent.toml: line 3: `relabel` rule 1: `regex`: `KeePass(` is not a regular expression: unclosed group
    hint: put a `\` before a character that is meant as itself, in TOML between single quotes, as in `'a\.b'`
    ");
    agent.write_settings("");
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn logs_tell_neither_what_was_seen_nor_passwords() {
    let server = hour::server();
    browse(&server);
    // What does not decode is complained about.
    let start = midnight(1).to_rfc3339();
    server.insert_json(
        hour::BUCKET,
        &format!(r#"[{{"timestamp":"{start}","duration":1,"data":{{"title":"secret \ud83d"}}}}]"#),
    );
    let prometheus = Prometheus::start(PrometheusOptions {
        basic_auth: true,
        out_of_order: Some("10000d"),
        ..PrometheusOptions::default()
    });
    let agent = Agent::new()
        .reading(&server.url())
        .env("LOG_LEVEL", "trace");
    for (password, code) in [("not-lovelace", 2), ("lovelace", 0)] {
        let authority = format!("http://ada:{password}@");
        let run = agent.run(&[
            "sync",
            "--prometheus-url",
            &prometheus.url().replace("http://", &authority),
        ]);
        let log = run.stderr;
        assert_eq!(run.code, Some(code), "{log}");
        for said in ["[DEBUG]: ", "1 events do not decode"] {
            assert!(log.contains(said), "`{said}` is not in {log}");
        }
        for private in ["secret", "example.org", "lovelace"] {
            assert!(!log.contains(private), "`{private}` is in {log}");
        }
    }
    assert!(hour::has_arrived(&prometheus));
}

#[test]
fn two_machines_that_a_rule_makes_one_add_up() {
    let server = AwServer::start();
    for host in ["desk", "laptop"] {
        let minute = EventSpec::new(midnight(1), 60_000, json!({"app": "vim"}));
        server.add(&BucketSpec::window(host), &[minute]);
    }
    let prometheus = Prometheus::taking_history(Suite::Machine);
    let agent = Agent::between(&[&server], &prometheus);
    agent.write_settings("[[relabel]]\ntarget-label = 'host'\nreplacement = 'all'");
    agent.sync();
    assert_equal(
        &yesterday(&prometheus, "aw_window_seconds", "host"),
        &seconds(&[("all", 120)]),
    );
}
