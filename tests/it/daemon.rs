//! The daemon as those who start it see it.

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde_json::json;

use crate::harness::{
    Agent, AwServer, BucketSpec, Density, EventSpec, Generator, Process, Prometheus, Proxy,
    Receiver, SOON, Signal, Suite, Verdict, VictoriaMetrics, VictoriaMetricsOptions, midnight,
    wait_until,
};
use crate::hour;
use crate::totals::assert_equal;

/// Whoever waits for the agent is promised two seconds. A busy machine may need more, but what the agent could wait for
/// in these tests takes longer than this.
const AT_ONCE: Duration = Duration::from_secs(10);

fn wait_for(daemon: &Process, text: &str) {
    wait_until(&format!("`{text}` in the log"), SOON, || {
        daemon.stderr().contains(text)
    });
}

#[track_caller]
fn assert_stops(daemon: &mut Process) {
    assert_stops_on(daemon, Signal::Terminate);
}

/// Expects an end at once.
#[track_caller]
fn assert_stops_on(daemon: &mut Process, signal: Signal) {
    let started = Instant::now();
    daemon.signal(signal);
    let end = daemon.wait(SOON);
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
    assert_eq!(
        (end.code, end.stdout.as_str()),
        (Some(0), ""),
        "{}",
        end.stderr
    );
}

#[test]
fn each_minute_of_a_live_bucket_is_delivered_once() {
    let server = AwServer::start();
    // It keeps every copy that it gets.
    let victoria = VictoriaMetrics::start(VictoriaMetricsOptions::default());
    let window = BucketSpec::window("laptop");
    server.create_bucket(&window);
    let agent = Agent::between(&[&server], &victoria);
    // What a heartbeat may need to arrive.
    agent.write_settings("settle = '8s'\ncron = '* * * * * *'");
    let mut daemon = agent.spawn(&[]);
    // The watcher's side: a heartbeat each half second, another app every 20 s, for the rest of this minute, the whole
    // next one, and until that is sent.
    let minute = TimeDelta::minutes(1);
    let first = Utc::now();
    let second = first.duration_trunc(minute).unwrap() + minute;
    let stored = || victoria.raw_samples("aw_window_seconds", 600, Utc::now());
    let stamp = |from: DateTime<Utc>| from.timestamp() / 60 * 60_000 + 30_000;
    let is_sent = || {
        let mut samples = stored().into_values().flatten();
        samples.any(|(found, _)| found == stamp(second))
    };
    // Longer than a machine should take that is busy with other things.
    let end = second + TimeDelta::minutes(2);
    let (mut seen, mut unseen) = (first, TimeDelta::zero());
    while Utc::now() < second + minute || Utc::now() < end && !is_sent() {
        // A gap that is as long is not closed.
        let gap = Utc::now() - seen;
        if gap > TimeDelta::seconds(4) {
            unseen += gap;
        }
        seen = Utc::now();
        let app = if Utc::now().timestamp() / 20 % 2 == 0 {
            "vim"
        } else {
            "firefox"
        };
        server.heartbeat(
            &window.id,
            &EventSpec::new(Utc::now(), 0, json!({"app": app, "title": "t"})),
            TimeDelta::seconds(4),
        );
        sleep(Duration::from_millis(500));
    }
    // For passes that have nothing more to send of it.
    sleep(Duration::from_secs(2));
    assert_stops(&mut daemon);
    let samples = stored();
    for (labels, samples) in &samples {
        let mut stamps: Vec<_> = samples.iter().map(|(stamp, _)| stamp).collect();
        stamps.dedup();
        assert_eq!(stamps.len(), samples.len(), "{labels:?} {samples:?}");
    }
    for (from, to) in [(first, second), (second, second + minute)] {
        let total: f64 = samples
            .values()
            .flatten()
            .filter(|(found, _)| *found == stamp(from))
            .map(|(_, value)| value)
            .sum();
        // The gaps at each change of the app are closed, and the server cuts starts to milliseconds.
        let time = (to - from).as_seconds_f64();
        let floor = time - 0.5 - unseen.as_seconds_f64();
        assert!(
            (floor..=time + 0.002).contains(&total),
            "{from}: {total} s of {time} s: {samples:?}"
        );
    }
    assert!(
        !daemon.stderr().contains("WARN") && !daemon.stderr().contains("ERROR"),
        "{}",
        daemon.stderr()
    );
}

#[test]
fn between_passes_it_does_nothing() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus);
    let mut daemon = agent.spawn(&["--cron", "@yearly"]);
    wait_for(&daemon, "sent 180 samples");
    // On a busy machine, threads of the pass may still be ending for a while.
    let is_still = || {
        let before = (daemon.cpu_time(), daemon.wake_ups());
        sleep(Duration::from_secs(4));
        (daemon.cpu_time(), daemon.wake_ups()) == before
    };
    assert!((0..5).any(|_| is_still()), "it goes on and on");
    assert_stops(&mut daemon);
}

#[test]
fn it_stops_at_once_in_the_middle_of_a_sync() {
    let server = AwServer::start();
    let (from, to) = (midnight(10), midnight(0));
    let days = Generator::new(7, Density::Restless).days(from, 10);
    server.fill(&days);
    let prometheus = Prometheus::taking_history(Suite::Machine);
    // One that takes so long for each of ten days is not done before it is looked at.
    let proxy = Proxy::start(&prometheus.url(), |_, path, _| {
        if path.ends_with("/write") {
            sleep(Duration::from_secs(2));
        }
        Verdict::Forward
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    let mut daemon = agent.spawn(&[]);
    let selector = r#"{__name__=~"aw_.+"}"#;
    wait_until("the first samples", SOON, || {
        prometheus.series_count(selector, to) > 0
    });
    assert_stops(&mut daemon);
    assert!(
        !daemon.stderr().contains("sent "),
        "it was over before: {}",
        daemon.stderr()
    );

    proxy.set_rule(|_, _, _| Verdict::Forward);
    agent.sync();
    assert_equal(
        &prometheus.totals("aw_window_seconds", "app", from, to),
        &days.app_totals(from, to),
    );
}

#[test]
fn it_stops_at_once_in_the_middle_of_a_backoff() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| {
        Verdict::Answer(503, "Retry-After: 30\r\n", "not now")
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    let mut daemon = agent.spawn(&["--cron", "@yearly"]);
    wait_for(&daemon, "HTTP 503: not now; attempt 2 in 30.0s");
    assert_stops_on(&mut daemon, Signal::Interrupt);
    proxy.set_rule(|_, _, _| Verdict::Forward);
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn it_outlives_servers_that_come_and_go() {
    let (mut server, mut prometheus) = hour::servers();
    server.stop();
    prometheus.stop();
    let agent = Agent::between(&[&server], &prometheus);
    agent.write_settings("settle = '3s'\ncron = '* * * * * *'");
    let mut daemon = agent.spawn(&[]);
    wait_for(&daemon, "does not answer: Connection refused");
    server.restart();
    // What the watchers kept while it was away comes first.
    wait_for(
        &daemon,
        "waiting until its watchers have brought what they kept",
    );
    wait_for(&daemon, "takes nothing now: Connection refused");
    prometheus.restart();
    wait_until("the hour", SOON, || hour::has_arrived(&prometheus));
    hour::assert_arrived(&prometheus);
    // Pass after pass it was so.
    wait_for(&daemon, "over, after it was so since");
    let said = daemon.stderr();
    let complaints = said.lines().filter(|line| {
        line.contains("ERROR") && line.contains("takes nothing now: Connection refused")
    });
    assert_eq!(complaints.count(), 1, "{said}");
    assert_stops(&mut daemon);
}

#[test]
fn a_second_one_stands_by_and_takes_over() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus).args(&["--cron", "@yearly"]);
    let first = agent.spawn(&[]);
    wait_for(&first, "sent 180 samples");
    let mut second = agent.spawn(&[]);
    wait_for(&second, "standing by: process ");
    // Waiting for the lock must not get into the way of a stop.
    let mut spare = agent.spawn(&[]);
    wait_for(&spare, "standing by: process ");
    assert_stops(&mut spare);
    let third = agent.run(&["sync"]);
    assert_eq!(third.code, Some(4));
    let holder = agent
        .run(&["status"])
        .stdout
        .lines()
        .next()
        .unwrap()
        .replace("aw-sync-agent is running, ", "");
    assert!(holder.ends_with("(daemon)"), "{holder}");
    let said = "aw-sync-agent: another aw-sync-agent works with this state: ";
    assert_eq!(
        third.stderr,
        format!("{said}{holder}\nhint: stop it first, or let it do the work\n")
    );

    first.signal(Signal::Kill);
    wait_for(&second, "sent 0 samples");
    assert_stops(&mut second);
}

#[test]
fn settings_in_a_bad_file_are_waited_for_and_bad_flags_are_not() {
    let agent = Agent::new();
    agent.write_settings("corn = '@hourly'");
    let mut daemon = agent.spawn(&[]);
    wait_for(&daemon, "nothing is sent until the settings are mended");
    wait_for(&daemon, "hint: did you mean `cron`?");
    assert_stops(&mut daemon);
    agent.write_settings("");
    let end = agent.run(&["--cron", "sometimes"]);
    assert_eq!(end.code, Some(2), "{}", end.stderr);
    assert!(end.stderr.contains("hint: "), "{}", end.stderr);
}

#[test]
fn a_closed_stderr_is_no_reason_to_die() {
    let (server, prometheus) = hour::servers();
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$@\" 2>&- >&- <&-", "sh"]);
    let agent = Agent::between(&[&server], &prometheus).args(&["--cron", "@yearly"]);
    let mut daemon = agent.spawn_under(shell, &[]);
    wait_until("the hour", SOON, || hour::has_arrived(&prometheus));
    assert_stops(&mut daemon);
}
