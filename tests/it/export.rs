//! `export`: history as a file, for Prometheus's own import.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::harness::{
    Agent, AwServer, Density, Generator, Prometheus, PrometheusOptions, Proxy, Receiver, Verdict,
    complaint, midnight,
};
use crate::hour;
use crate::totals::{assert_equal, yesterday};

/// Exports all of `server`, to standard output.
pub(crate) fn exported(server: &AwServer) -> String {
    let agent = Agent::new()
        .reading(&server.url())
        .args(&["--user-id", "ada"])
        .env("TZ", "UTC");
    let run = agent.run(&["export", "--since", "all", "--output", "-"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    run.stdout
}

#[test]
fn promtool_makes_blocks_of_an_export_that_hold_the_exact_totals() {
    let server = AwServer::start();
    // Not up to the last midnight: more is said of the last three hours.
    let (from, to) = (midnight(21), midnight(1));
    let days = Generator::new(7, Density::Restless).days(from, 20);
    server.fill(&days);
    let receiver = Proxy::start("http://127.0.0.1:9", |_, _, _| Verdict::Close);
    let agent = Agent::new()
        .reading(&server.url())
        .writing(&receiver.url())
        .args(&["--user-id", "ada"])
        .env("TZ", "UTC");
    let run = agent.run(&["export", "--since", "all", "--output", "my history.om"]);
    assert_eq!((run.code, &*run.stdout), (Some(0), ""), "{}", run.stderr);

    let said = complaint(&run, &[(&from.date_naive().to_string(), "FIRST")]);
    let said: Vec<&str> = said
        .lines()
        .filter(|line| !line.starts_with("exported "))
        .collect();
    insta::assert_snapshot!(said.join("\n"), @"

    To bring it into Prometheus, make blocks of it:
      promtool tsdb create-blocks-from --max-block-duration=486h openmetrics 'my history.om' 'my history.om.blocks'
    Then move what is in 'my history.om.blocks' into the directory of Prometheus's data (`--storage.tsdb.path`), owned by its user.
    It finds the blocks within a minute or two, or when it starts. What is older than its `--storage.tsdb.retention.time`
    is deleted at once: the export begins on FIRST.
    ");
    let file = agent.home().join("my history.om");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(receiver.heads(), Vec::<String>::new());
    assert!(!agent.data_dir().exists(), "{:?}", agent.data_dir());

    let mut prometheus = Prometheus::start(PrometheusOptions::default());
    prometheus.import(&file);
    let found = |selector, label| prometheus.totals(selector, label, from, to);
    assert_equal(
        &found("aw_window_seconds", "app"),
        &days.app_totals(from, to),
    );
    assert_equal(
        &found("aw_afk_seconds", "status"),
        &days.afk_totals(from, to),
    );
}

#[test]
fn an_export_says_what_a_sync_sends() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus).args(&["--user-id", "ada"]);
    agent.sync();
    let run = agent.run(&["export", "--since", "all", "--output", "hour.om"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let sent = yesterday(&prometheus, "aw_window_seconds", "app");
    let mut imported = Prometheus::start(PrometheusOptions::default());
    imported.import(&agent.home().join("hour.om"));
    assert_eq!(yesterday(&imported, "aw_window_seconds", "app"), sent);
    // The checkpoint has no say, and nothing is written into it.
    assert_eq!(agent.sync().requests, 0);
}

#[test]
fn an_export_is_compressed_if_its_name_says_so() {
    let server = hour::server();
    let plain = exported(&server);
    assert!(plain.ends_with("\n# EOF\n"), "{plain}");
    let agent = Agent::new()
        .reading(&server.url())
        .args(&["--user-id", "ada"])
        .env("TZ", "UTC");
    let day = midnight(1).date_naive().to_string();
    let range = ["export", "--since", &day, "--until", &day];
    let to = |more: &[&str]| agent.run(&[&range, more].concat());
    let run = to(&["--output", "hour.om.gz"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    insta::assert_snapshot!(complaint(&run, &[(&day, "DAY")]), @"
    exported 3 series and 180 samples, from DAY 00:00 to DAY 01:00

    To bring it into Prometheus, make blocks of it:
      gunzip --keep hour.om.gz
      promtool tsdb create-blocks-from --max-block-duration=486h openmetrics hour.om hour.om.blocks
    Then move what is in hour.om.blocks into the directory of Prometheus's data (`--storage.tsdb.path`), owned by its user.
    It finds the blocks within a minute or two, or when it starts. What is older than its `--storage.tsdb.retention.time`
    is deleted at once: the export begins on DAY.
    ");
    let unpacked = Command::new("gzip")
        .args(["--decompress", "--stdout"])
        .arg(agent.home().join("hour.om.gz"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(unpacked.stdout).unwrap(), plain);

    let run = to(&["--output", "hour.om.gz"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[]), @"
    aw-sync-agent: hour.om.gz: is there already, and is left as it is
    hint: take another name, or `--force` if it is a file that may go
    ");
    let run = to(&["--output", "hour.om.gz", "--force"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let run = to(&["--output", "nowhere/hour.om"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[]), @"aw-sync-agent: nowhere/hour.om: cannot be written: No such file or directory (os error 2)");
}

#[test]
fn what_is_not_whole_does_not_appear() {
    let server = hour::server();
    let day = midnight(1).date_naive().to_string();
    // The first server is there, the second is not.
    let agent = Agent::new()
        .reading(&server.url())
        .reading("http://127.0.0.1:9")
        .env("TZ", "UTC");
    fs::write(agent.home().join("hour.om"), "older").unwrap();
    let range = ["export", "--since", &day, "--force", "--output"];
    let run = agent.run(&[&range[..], &["hour.om"]].concat());
    assert_eq!(run.code, Some(3));
    insta::assert_snapshot!(complaint(&run, &[]), @"
    aw-sync-agent: ActivityWatch at http://127.0.0.1:9 does not answer: Connection refused (os error 111)
    hint: start ActivityWatch, or set `--aw-url` to where it listens
    aw-sync-agent: nothing has been exported, since not everything could be read
    hint: try again, or leave out a bucket that never can be with `--excluded-watchers`
    ");
    let run = agent.run(&[&range[..], &["-"]].concat());
    assert_eq!((run.code, &*run.stdout), (Some(3), ""));
    assert_eq!(
        fs::read_to_string(agent.home().join("hour.om")).unwrap(),
        "older"
    );
    assert!(!agent.home().join("hour.om.partial").exists());
}
