//! A kill between any two steps of a sync loses nothing and counts nothing twice.

use std::process::Command;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{
    Agent, AwServer, Density, EventSpec, Generator, Prometheus, Receiver, Suite, midnight,
};
use crate::hour;
use crate::late::let_a_day_pass;
use crate::totals::assert_equal;

/// The system calls that change what a file name stands for: each one of a sync is tried. strace kills the agent as it
/// makes the call, before the system does anything.
const TURNING_POINTS: &[&str] = &["fsync", "rename", "unlink"];

/// The calls in between, of which some are tried, all over the sync: there are hundreds, most of them at start-up.
const BETWEEN: &[&str] = &["openat", "write", "writev", "sendto", "recvfrom"];

#[test]
fn a_kill_between_any_two_steps_changes_no_total() {
    let server = AwServer::start();
    let (from, to) = (midnight(3), midnight(0));
    let days = Generator::new(6, Density::Human).days(from, 3);
    server.fill(&days);
    let prometheus = Prometheus::taking_history(Suite::Machine);
    Agent::between(&[&server], &prometheus)
        .args(&["--user-id", "unharmed"])
        .sync();
    let (apps, afk) = (days.app_totals(from, to), days.afk_totals(from, to));
    let mut kills = 0;
    let steps = TURNING_POINTS
        .iter()
        .map(|step| (step, 0))
        .chain(BETWEEN.iter().map(|step| (step, 1)));
    for (step, growth) in steps {
        let mut call = 1;
        // A user of its own for each kill, so that the receiver keeps the tries apart.
        while let Some(user) = killed_at(&server, &prometheus, step, call) {
            kills += 1;
            let selector = format!("aw_window_seconds{{user=\"{user}\"}}");
            assert_equal(&prometheus.totals(&selector, "app", from, to), &apps);
            let selector = format!("aw_afk_seconds{{user=\"{user}\"}}");
            assert_equal(&prometheus.totals(&selector, "status", from, to), &afk);
            for metric in ["aw_focus_streak_seconds", "aw_switches", "aw_today_seconds"] {
                let of = |user: &str| {
                    let selector = format!("{metric}{{user=\"{user}\"}}");
                    prometheus.totals(&selector, "category", from, to)
                };
                assert_eq!(of(&user), of("unharmed"), "{metric} of {user}");
            }
            call += 1 + growth * call / 2;
        }
    }
    // Three requests, each with two files written, synced and renamed, and one removed.
    assert!(
        kills >= 40,
        "only {kills} kills: strace did not do its work"
    );
}

#[test]
fn what_came_late_is_booked_once_by_a_kill_before_it_is_forgotten() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus);
    agent.sync();
    let late = EventSpec::new(
        midnight(1) + TimeDelta::hours(3),
        600_000,
        json!({"app": "late", "title": "t"}),
    );
    server.insert(hour::BUCKET, &[late]);
    let_a_day_pass(&agent);
    let under_way = || {
        let files = std::fs::read_dir(agent.data_dir()).unwrap().flatten();
        let mut names = files.map(|file| file.file_name().to_string_lossy().into_owned());
        names.any(|name| name.starts_with("sending-"))
    };
    let ever_sent = || {
        let status = agent.run(&["status", "--json"]).stdout;
        let status: Value = serde_json::from_str(&status).unwrap();
        status["endpoints"][0]["samples_sent"].as_u64().unwrap()
    };
    assert!(kill(&agent, "unlink", 1), "nothing was removed");
    assert_eq!((under_way(), ever_sent()), (true, 210));
    agent.sync();
    assert_eq!((under_way(), ever_sent()), (false, 210));
}

/// Syncs with a kill at the given call and then without; `None` if the sync came to its end before.
fn killed_at(
    server: &AwServer,
    receiver: &dyn Receiver,
    step: &str,
    call: usize,
) -> Option<String> {
    let user = format!("{step}-{call}");
    let agent = Agent::between(&[server], receiver).args(&["--user-id", &user]);
    let was_killed = kill(&agent, step, call);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(0), "after a kill at {user}: {}", run.stderr);
    was_killed.then_some(user)
}

fn kill(agent: &Agent, step: &str, call: usize) -> bool {
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "-o", "/dev/null", "-e"])
        .arg(format!("trace={step}"));
    strace
        .arg("-e")
        .arg(format!("inject={step}:signal=KILL:when={call}"));
    let run = agent.run_under(strace, &["sync"]);
    assert!(matches!(run.code, None | Some(0)), "{}", run.stderr);
    run.code.is_none()
}
