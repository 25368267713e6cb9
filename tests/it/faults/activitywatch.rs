//! At ActivityWatch's end. All is well until the events of the last day are read.

use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{ALL, Days, aftermath, left};
use crate::harness::{Agent, Prometheus, Proxy, Receiver, Suite, Verdict, midnight};
use crate::hour;

/// What befalls the events of the last day, and what is said and left of it.
struct Fault {
    /// Also the user whose activity it is.
    name: &'static str,
    verdict: Verdict,
    aftermath: String,
}

fn fault(name: &'static str, verdict: Verdict, aftermath: String) -> Fault {
    Fault {
        name,
        verdict,
        aftermath,
    }
}

/// What is said of a server that may be back by itself.
fn away(reason: &str) -> String {
    format!(
        "exit 3
aw-sync-agent: ActivityWatch at ACTIVITYWATCH does not answer: {reason}
hint: start ActivityWatch, or set `--aw-url` to where it listens
delivered until the end of day 2
"
    )
}

/// What is said of buckets that cannot be read.
fn unreadable(reason: &str) -> String {
    let said = ["afk", "vscode", "web-firefox", "window"].map(|watcher| {
        format!(
            "aw-sync-agent: bucket `aw-watcher-{watcher}_laptop` cannot be read: {reason}
hint: the others go on, and this one is caught up once it can be read; the log of ActivityWatch may say more
"
        )
    });
    let left = "delivered until the horizon, of some buckets until the end of day 2\n";
    format!("exit 3\n{}{left}", said.concat())
}

fn faults() -> Vec<Fault> {
    let json = "Content-Type: application/json\r\n";
    let page = "<!DOCTYPE html><title>Welcome to our hotel</title>";
    let slow = |bytes, pause| Verdict::Drip(bytes, Duration::from_millis(pause));
    let no_list = |what| unreadable(&format!("the answer is no list of events: {what}"));
    vec![
        fault(
            "reset",
            Verdict::ResetBefore,
            away("Connection reset by peer (os error 104)"),
        ),
        fault(
            "closed",
            Verdict::Close,
            away("connection closed before message completed"),
        ),
        fault(
            "cut",
            Verdict::Halve,
            // Half of what there is to say of the first hour.
            away("connection closed before message completed"),
        ),
        fault(
            "cut-list",
            Verdict::Answer(200, json, "[{\"id\": 1, \"timest"),
            no_list("EOF while parsing a string at line 1 column 18"),
        ),
        fault(
            "page",
            Verdict::Answer(200, "Content-Type: text/html\r\n", page),
            no_list("expected value at line 1 column 1"),
        ),
        fault(
            "gateway",
            Verdict::Answer(502, "", "Bad Gateway"),
            away("HTTP 502 Bad Gateway"),
        ),
        fault(
            "broken",
            Verdict::Answer(500, "", "oh no"),
            unreadable("500: oh no"),
        ),
        fault("slow", slow(10, 100), format!("exit 0\n\n{ALL}")),
        fault("drip", slow(1000, 1000), away("operation timed out")),
        fault("silent", Verdict::Silence, away("operation timed out")),
    ]
}

#[test]
fn after_each_fault_of_activitywatch_the_totals_are_right() {
    let (days, prometheus) = (Days::start(), Prometheus::taking_history(Suite::Machine));
    // At the same time: most of it is waiting.
    thread::scope(|scope| {
        for fault in faults() {
            let (days, prometheus) = (&days, &prometheus);
            let thread = thread::Builder::new().name(fault.name.to_owned());
            let befall = move || befall(fault, days, prometheus);
            thread.spawn_scoped(scope, befall).unwrap();
        }
    });
}

#[track_caller]
fn befall(fault: Fault, days: &Days, prometheus: &Prometheus) {
    let Fault {
        name,
        verdict,
        aftermath: expected,
    } = fault;
    let proxy = Proxy::start(&days.server.url(), move |_, path, _| {
        if reads_the_last_day(path) {
            verdict.clone()
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new()
        .reading(&proxy.url())
        .writing(&prometheus.url())
        .args(&["--user-id", name]);
    let run = agent.run(&["sync"]);
    let names = [(&*proxy.url(), "ACTIVITYWATCH")];
    assert_eq!(aftermath(&agent, &run, &names), expected, "{}", run.stderr);
    proxy.set_rule(|_, _, _| Verdict::Forward);
    agent.sync();
    days.assert_arrived(name, prometheus);
    assert_eq!(left(&agent), ALL);
}

/// Whether a request is for events of a stretch of time that begins with the last day or later.
fn reads_the_last_day(path: &str) -> bool {
    bound(path, "start").is_some_and(|start| start > midnight(1) - TimeDelta::hours(1))
}

#[test]
fn a_server_too_slow_for_a_day_is_read_by_the_hour() {
    let (days, prometheus) = (Days::start(), Prometheus::taking_history(Suite::Machine));
    let proxy = Proxy::start(&days.server.url(), |_, path, _| {
        let is_search = path.contains("&limit=1&");
        if path.contains("window") && !is_search && hours_asked_for(path) > Some(12) {
            Verdict::Silence
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new()
        .reading(&proxy.url())
        .writing(&prometheus.url())
        .args(&["--user-id", "slow"]);
    let pass = agent.sync();
    let said = "_laptop`: no answer for a stretch of 1day, so it is read by the hour";
    assert_eq!(pass.log.matches(said).count(), 1, "{}", pass.log);
    days.assert_arrived("slow", &prometheus);
    assert_eq!(left(&agent), ALL);
}

/// How long a stretch of time a request for events is about, in whole hours; `None` if it has no bounds.
fn hours_asked_for(path: &str) -> Option<i64> {
    Some((bound(path, "end")? - bound(path, "start")?).num_hours())
}

fn bound(path: &str, name: &str) -> Option<DateTime<Utc>> {
    let mut parameters = path.split(['?', '&']).filter_map(|one| one.split_once('='));
    let (_, time) = parameters.find(|(key, _)| *key == name)?;
    time.parse().ok()
}

#[test]
fn activitywatch_has_moved() {
    let (server, prometheus) = hour::servers();
    let elsewhere = Proxy::start(&server.url(), |_, _, _| Verdict::Forward);
    let location = format!("Location: {}/api/0/info?token=hunter2\r\n", elsewhere.url()).leak();
    let proxy = Proxy::start(&server.url(), |_, _, _| Verdict::Answer(308, location, ""));
    let agent = Agent::new()
        .reading(&proxy.url())
        .writing(&prometheus.url());
    let run = agent.run(&["sync"]);
    let names = [
        (&*proxy.url(), "ACTIVITYWATCH"),
        (&*elsewhere.url(), "ELSEWHERE"),
    ];
    insta::assert_snapshot!(aftermath(&agent, &run, &names), @"
    exit 2
    aw-sync-agent: ActivityWatch at ACTIVITYWATCH answered 308 to `api/0/settings`: it leads to ELSEWHERE/api/0/info
    hint: redirects are not followed: set `--aw-url` to where this one leads
    nothing delivered
    ");
    let moved = Agent::new()
        .reading(&elsewhere.url())
        .writing(&prometheus.url());
    hour::assert_brought_by(&moved, &prometheus);
    assert_eq!(left(&moved), ALL);
}
