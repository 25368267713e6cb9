//! The daemon's log file, as ActivityWatch finds it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::harness::{
    Agent, Process, SOON, Signal, python_of_activitywatch, read_only, wait_until,
};
use crate::hour;

fn wait_for(daemon: &Process, text: &str) {
    wait_until(&format!("`{text}` in the log"), SOON, || {
        daemon.stderr().contains(text)
    });
}

/// The newest log of the agent, for aw-qt's crash dialog.
fn found_by_activitywatch(agent: &Agent, testing: bool) -> PathBuf {
    let program = format!(
        "from aw_core.log import get_latest_log_file as find; print(find('aw-sync-agent', {}))",
        if testing { "True" } else { "False" }
    );
    let run = Command::new(python_of_activitywatch())
        .args(["-c", &program])
        .env("HOME", agent.home())
        .env("XDG_CACHE_HOME", agent.home().join("cache"))
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    PathBuf::from(String::from_utf8(run.stdout).unwrap().trim())
}

#[test]
fn activitywatch_finds_the_newest_and_each_line_tells_when_and_where() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus).args(&["--cron", "@yearly"]);
    let started = Utc::now() - Duration::from_secs(1);
    let daemon = agent.spawn(&[]);
    wait_for(&daemon, "sent 180 samples");
    let path = found_by_activitywatch(&agent, false);
    assert_eq!(path.parent().unwrap(), agent.log_dir());
    let text = fs::read_to_string(&path).unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("sent 180 samples"))
        .unwrap_or_else(|| panic!("{text}"));
    let (time, rest) = line.split_once(" [INFO ]: ").unwrap();
    let time = DateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S%z").unwrap();
    assert!((started..=Utc::now()).contains(&time.to_utc()), "{line}");
    assert!(rest.ends_with("  (aw_sync_agent::daemon)"), "{line}");

    let testing = agent.spawn(&["--testing"]);
    // The receiver has the hour already.
    wait_for(&testing, "sent 0 samples");
    let testing = found_by_activitywatch(&agent, true);
    assert!(testing.to_str().unwrap().contains("_testing_"));
    assert_eq!(found_by_activitywatch(&agent, false), path);
}

#[test]
fn commands_leave_none() {
    let agent = Agent::new();
    for command in ["sync", "status"] {
        agent.run(&[command]);
    }
    assert!(!agent.log_dir().exists());
}

#[test]
fn why_it_ended_at_once_is_in_it() {
    let agent = Agent::new();
    assert_eq!(agent.run(&["--cron", "sometimes"]).code, Some(2));
    let text = fs::read_to_string(found_by_activitywatch(&agent, false)).unwrap();
    assert!(text.contains("[ERROR]: command line: cron"), "{text}");
}

#[test]
fn the_environment_says_how_much_is_in_it() {
    let (server, prometheus) = hour::servers();
    for (variable, value, is_silent) in [
        ("LOG_LEVEL", "WARNING", true),
        ("RUST_LOG", "aw_sync_agent=info", false),
        ("RUST_LOG", "error", true),
    ] {
        let agent = Agent::between(&[&server], &prometheus)
            .args(&["--cron", "@yearly"])
            .env(variable, value);
        let mut daemon = agent.spawn(&[]);
        wait_until("a checkpoint", SOON, || {
            agent.data_dir().join("checkpoint.json").exists()
        });
        daemon.signal(Signal::Terminate);
        daemon.wait(SOON);
        let text = fs::read_to_string(found_by_activitywatch(&agent, false)).unwrap();
        assert_eq!(text.is_empty(), is_silent, "{variable}={value}: {text}");
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_warned_of_once() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus).args(&["--cron", "@yearly"]);
    let cache = agent.home().join("cache");
    fs::create_dir(&cache).unwrap();
    let daemon = agent.spawn_under(read_only(&cache), &[]);
    wait_for(&daemon, "sent 180 samples");
    let warning = format!(
        "[WARN ]: {}: no log file can be written: Read-only file system (os error 30)\nhint: ",
        agent.log_dir().display()
    );
    let log = daemon.stderr();
    assert_eq!(log.matches(&warning).count(), 1, "{log}");
}
