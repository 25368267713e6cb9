//! With the clock on the wall.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;

use super::{ALL, Days, aftermath, left, receivers};
use crate::harness::{
    Agent, Clock, EventSpec, Process, Prometheus, Proxy, SOON, Signal, Suite, Verdict, midnight,
    wait_until,
};
use crate::hour;
use crate::totals::{assert_equal, seconds, yesterday};

/// Longer than a receiver that counts every copy is asked what it has.
const LATER: Duration = Duration::from_secs(90);

#[track_caller]
fn assert_stops(mut daemon: Process) {
    daemon.signal(Signal::Terminate);
    assert_eq!(daemon.wait(SOON).code, Some(0));
}

#[test]
fn what_happens_while_a_clock_is_ahead_is_delivered_once_it_is_right() {
    for receiver in receivers() {
        let server = hour::server();
        let (agent, clock) = Clock::given_to(Agent::between(&[&server], &*receiver));
        clock.set_ahead(TimeDelta::days(1));
        let run = agent.run(&["sync"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(aftermath(&agent, &run, &[]), @"
            exit 0

            delivered until a time to come
            ");
        }
        hour::assert_arrived(&*receiver);
        clock.set_ahead(TimeDelta::zero());
        let status = agent.run(&["status"]).stdout;
        assert!(status.contains("still to come"), "{status}");
        let start = midnight(1) + TimeDelta::hours(2);
        let event = EventSpec::new(start, 60_000, json!({"app": "ed"}));
        server.insert(hour::BUCKET, &[event]);
        assert_eq!(agent.sync().samples, 3);
        let windows = yesterday(&*receiver, "aw_window_seconds", "app");
        assert_equal(&windows, &seconds(&[("vim", 3600), ("ed", 60)]));
        assert_eq!(left(&agent), ALL);
    }
}

#[test]
fn while_a_clock_is_behind_nothing_is_lost_or_sent_twice() {
    let days = Days::start();
    for receiver in receivers() {
        let agent = Agent::between(&[&days.server], &*receiver).args(&["--user-id", "behind"]);
        let (agent, clock) = Clock::given_to(agent);
        // From the beginning.
        clock.set_to(midnight(2) + TimeDelta::hours(12));
        let run = agent.run(&["sync"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(aftermath(&agent, &run, &[]), @"
            exit 0

            delivered until within day 2
            ");
        }
        clock.set_ahead(TimeDelta::zero());
        agent.sync();
        days.assert_arrived("behind", &*receiver);
        // From now on.
        clock.set_ahead(TimeDelta::days(-30));
        let run = agent.run(&["sync"]);
        let newest = run.stderr.split("samples until ").nth(1).unwrap();
        let newest = newest.split(',').next().unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(aftermath(&agent, &run, &[(newest, "THEN")]), @"
            exit 3
            aw-sync-agent: host `laptop` has samples until THEN, which is still to come: nothing of it is sent before
            hint: if the clock is right now, wait: what is recorded until then stays in ActivityWatch, and is looked for afterwards
            delivered until the horizon
            ");
        }
        clock.set_ahead(TimeDelta::zero());
        agent.sync();
        days.assert_arrived("behind", &*receiver);
        assert_eq!(left(&agent), ALL);
    }
}

#[test]
fn a_daemon_goes_on_whichever_way_the_clock_is_set() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus).args(&["--cron", "* * * * * *"]);
    let (agent, clock) = Clock::given_to(agent);
    let daemon = agent.spawn(&[]);
    let passes = || daemon.stderr().matches("]: sent ").count();
    let wait_for_two = |what| {
        let before = passes();
        wait_until(what, SOON, || passes() >= before + 2);
    };
    wait_for_two("the first passes");
    clock.set_ahead(TimeDelta::days(-30));
    wait_for_two("passes after the clock was set back");
    let behind = "has samples until ";
    wait_until("a complaint", SOON, || daemon.stderr().contains(behind));
    clock.set_ahead(TimeDelta::hours(30));
    wait_for_two("passes after the clock was set forward");
    clock.set_ahead(TimeDelta::zero());
    wait_for_two("passes after the clock was set right");
    wait_until("all", SOON, || left(&agent) == ALL);
    hour::assert_arrived(&prometheus);
    assert_stops(daemon);
}

#[test]
fn a_computer_that_sleeps_for_days_delivers_them_when_it_wakes() {
    for receiver in receivers() {
        let days = Days::start();
        let proxy = Proxy::start(&receiver.url(), |_, _, _| Verdict::Forward);
        let agent = Agent::new()
            .reading(&days.server.url())
            .writing(&proxy.url())
            .args(&["--user-id", "sleeper", "--cron", "*/2 * * * * *"]);
        let (agent, clock) = Clock::given_to(agent);
        // In the evening, when there is something to send of the first day, whatever day of the week it is.
        clock.set_to(midnight(3) + TimeDelta::hours(18));
        // It falls asleep while a request is under way, and nothing is left of the connection when it wakes.
        let (waking, mut was_asleep) = (clock.clone(), false);
        proxy.set_rule(move |_, path, _| {
            if was_asleep || !path.ends_with("/write") {
                return Verdict::Forward;
            }
            was_asleep = true;
            waking.set_ahead(TimeDelta::zero());
            Verdict::ResetAfter
        });
        let daemon = agent.spawn(&[]);
        wait_until("all", LATER, || left(&agent) == ALL);
        days.assert_arrived("sleeper", &*receiver);
        // If the next tick came before the second attempt.
        let lost = "takes nothing now: Connection reset by peer";
        let errors = daemon.stderr();
        let mut errors = errors.lines().filter(|line| line.contains("[ERROR]"));
        assert!(
            errors.all(|line| line.contains(lost)),
            "{}",
            daemon.stderr()
        );
        assert_stops(daemon);
    }
}

#[test]
fn a_computer_that_sleeps_between_two_passes_delivers_what_it_slept_through() {
    let (days, prometheus) = (Days::start(), Prometheus::taking_history(Suite::Machine));
    let agent = Agent::between(&[&days.server], &prometheus).args(&[
        "--user-id",
        "sleeper",
        "--cron",
        "* * * * * *",
    ]);
    let (agent, clock) = Clock::given_to(agent);
    clock.set_to(midnight(2) + TimeDelta::hours(12));
    let daemon = agent.spawn(&[]);
    wait_until("the time before", SOON, || {
        left(&agent) == "delivered until within day 2\n"
    });
    clock.set_ahead(TimeDelta::zero());
    wait_until("all", SOON, || left(&agent) == ALL);
    days.assert_arrived("sleeper", &prometheus);
    assert!(!daemon.stderr().contains("ERROR"), "{}", daemon.stderr());
    assert_stops(daemon);
}
