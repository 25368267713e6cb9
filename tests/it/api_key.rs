//! A server of ActivityWatch that wants to see a key: who gets it, and what a person hears who has none.

use std::fs;

use crate::harness::{
    Agent, AwServer, Density, Generator, Prometheus, Proxy, Receiver, SOON, Suite, Verdict,
    complaint, midnight, wait_until,
};
use crate::hour;
use crate::totals::{assert_equal, yesterday};

const KEY: &str = "hunter2";

/// Writes the configuration of an aw-server-rust at `url` that wants the key.
fn configure_server(agent: &Agent, url: &str) {
    let directory = agent.home().join("config/activitywatch/aw-server-rust");
    fs::create_dir_all(&directory).unwrap();
    let (_, port) = url.rsplit_once(':').unwrap();
    let text = format!("port = {port}\n[auth]\napi_key = '{KEY}'");
    fs::write(directory.join("config.toml"), text).unwrap();
}

#[test]
fn with_the_key_all_is_read_as_without_one() {
    let server = AwServer::start();
    server.fill(&Generator::new(8, Density::Human).days(midnight(1), 1));
    let open = Prometheus::taking_history(Suite::Machine);
    let samples = Agent::between(&[&server], &open).sync().samples;

    let closed = Prometheus::taking_history(Suite::Machine);
    let proxy = Proxy::wanting_key(&server.url(), KEY);
    let agent = Agent::new().reading(&proxy.url()).writing(&closed.url());
    assert_eq!(agent.env("AW_API_KEY", KEY).sync().samples, samples);
    for (metric, label) in [
        ("window", "app"),
        ("afk", "status"),
        ("web", "domain"),
        ("editor", "project"),
    ] {
        let metric = format!("aw_{metric}_seconds");
        let truth = yesterday(&open, &metric, label);
        assert!(!truth.is_empty(), "{metric}");
        assert_equal(&yesterday(&closed, &metric, label), &truth);
    }
    let header = format!("authorization: Bearer {KEY}\r\n");
    let heads = proxy.heads();
    assert!(heads.iter().all(|head| head.contains(&header)), "{heads:?}");
}

#[test]
fn the_key_is_missing() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::wanting_key(&server.url(), KEY);
    let agent = Agent::new()
        .reading(&proxy.url())
        .writing(&prometheus.url());
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[(&proxy.url(), "ACTIVITYWATCH")]), @r#"
    aw-sync-agent: ActivityWatch at ACTIVITYWATCH answered 401 to `api/0/settings`: {"message":"Missing or invalid API key. Set 'Authorization: Bearer <key>' header."}
    hint: this server wants an API key: set `aw-api-key` in the settings file, or the environment variable AW_API_KEY
    "#);
    hour::assert_brought_by(&agent.env("AW_API_KEY", KEY), &prometheus);
}

#[test]
fn the_key_is_wrong() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::wanting_key(&server.url(), KEY);
    let agent = Agent::new()
        .reading(&proxy.url())
        .writing(&prometheus.url());
    agent.write_settings("min-data = 3\naw-api-key = 'hunter3'");
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2));
    let home = agent.home().display().to_string();
    let replacements = [(&*proxy.url(), "ACTIVITYWATCH"), (&*home, "HOME")];
    insta::assert_snapshot!(complaint(&run, &replacements), @r#"
    aw-sync-agent: ActivityWatch at ACTIVITYWATCH answered 401 to `api/0/settings`: {"message":"Missing or invalid API key. Set 'Authorization: Bearer <key>' header."}
    hint: the API key is wrong; it comes from HOME/config/activitywatch/aw-sync-agent/aw-sync-agent.toml: line 2
    "#);
    agent.write_settings(&format!("aw-api-key = '{KEY}'"));
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn the_key_of_a_file_may_change_while_the_daemon_runs() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::wanting_key(&server.url(), KEY);
    let agent = Agent::new()
        .reading(&proxy.url())
        .writing(&prometheus.url());
    agent.write_settings("aw-api-key-file = 'key'\nsettle = '1s'\ncron = '* * * * * *'");
    let file = agent.settings_file().with_file_name("key");
    let daemon = {
        fs::write(&file, "hunter3\n").unwrap();
        agent.spawn(&[])
    };
    let wait_for = |text: &str| {
        wait_until(text, SOON, || daemon.stderr().contains(text));
    };
    let path = file.display();
    wait_for(&format!("hint: the API key is wrong; it comes from {path}"));
    fs::remove_file(&file).unwrap();
    wait_for(&format!(
        "is not asked: `aw-api-key-file`: {path}: cannot be read: No such file or directory"
    ));
    assert!(!hour::has_arrived(&prometheus));
    fs::write(&file, format!("{KEY}\n")).unwrap();
    wait_for("all that is final is delivered");
    hour::assert_arrived(&prometheus);
}

#[test]
fn the_key_that_the_server_is_configured_with_goes_to_that_server_alone() {
    let ((server, prometheus), other) = (hour::servers(), AwServer::start());
    let proxy = Proxy::wanting_key(&server.url(), KEY);
    let other = Proxy::start(&other.url(), |_, _, _| Verdict::Forward);
    let agent = Agent::new().writing(&prometheus.url());
    configure_server(&agent, &proxy.url());
    // Where nobody names a server, the file does.
    hour::assert_brought_by(&agent, &prometheus);

    let agent = agent.reading(&proxy.url()).reading(&other.url());
    agent.sync();
    let heads = other.heads();
    let has_key = |head: &String| head.to_ascii_lowercase().contains("authorization");
    assert!(!heads.is_empty() && !heads.iter().any(has_key), "{heads:?}");
}

#[test]
fn the_key_does_not_follow_a_redirect() {
    let (server, prometheus) = hour::servers();
    let elsewhere = Proxy::start(&server.url(), |_, _, _| Verdict::Forward);
    let location = format!("Location: {}/api/0/info\r\n", elsewhere.url()).leak();
    let proxy = Proxy::start(&server.url(), |_, _, _| Verdict::Answer(307, location, ""));
    let agent = Agent::new()
        .reading(&proxy.url())
        .writing(&prometheus.url());
    let run = agent.env("AW_API_KEY", KEY).run(&["sync"]);
    assert_eq!(run.code, Some(2));
    let complaint = complaint(&run, &[]);
    assert!(
        complaint
            .ends_with("hint: redirects are not followed: set `--aw-url` to where this one leads"),
        "{complaint}"
    );
    assert_eq!(elsewhere.heads(), Vec::<String>::new());
}

#[test]
fn nobody_is_told_the_key() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::wanting_key(&server.url(), KEY);
    let agent = || {
        Agent::new()
            .reading(&proxy.url())
            .writing(&prometheus.url())
            .args(&["--verbose"])
    };
    let found = agent();
    configure_server(&found, &proxy.url());
    let given = agent();
    given.write_settings(&format!("aw-api-key = '{KEY}'"));
    // Where the libraries, too, say all that they know.
    let traced = agent().env("AW_API_KEY", KEY).env("RUST_LOG", "trace");
    for agent in [found, given, traced] {
        let (sync, show) = (agent.run(&["sync"]), agent.run(&["config", "show"]));
        assert_eq!(
            (sync.code, show.code),
            (Some(0), Some(0)),
            "{}",
            sync.stderr
        );
        assert!(sync.stderr.contains("DEBUG"), "{}", sync.stderr);
        let line = show
            .stdout
            .lines()
            .find(|line| line.starts_with("aw-api-key"));
        assert!(
            line.is_some_and(|line| line.contains("= \"[redacted]\"")),
            "{}",
            show.stdout
        );
        for text in [sync.stdout, sync.stderr, show.stdout, show.stderr] {
            assert!(!text.contains(KEY), "{text}");
        }
    }
}
