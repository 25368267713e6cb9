//! `make growth`: many devices on one server, and many agents against one receiver.

#![allow(clippy::print_stdout, reason = "this is what a person came to read")]

#[allow(dead_code, reason = "shared with `make bench`")]
mod cost;
#[path = "../it/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests need more of it")]
mod harness;
mod machine;

use std::time::Duration;

use chrono::Utc;

use cost::{Cost, median};
use harness::{
    Agent, AwServer, Density, Generator, Process, Prometheus, Receiver, Suite, midnight, wait_until,
};

const PATIENCE: Duration = Duration::from_mins(20);

const AGENTS: usize = 20;

/// How many passes of each agent the spread is taken from.
const PASSES: u32 = 3;

fn main() {
    println!("{}\n", machine::description());
    println!(
        "| devices on one server | first sync of a day | CPU | peak | CPU of a pass with nothing new |"
    );
    println!("|---:|---:|---:|---:|---:|");
    for devices in [1, 10, 100] {
        one_server(devices);
    }
    println!();
    many_agents();
}

/// Days in an office at `devices` machines whose buckets are on one server.
fn one_server(devices: usize) {
    let server = AwServer::start();
    for device in 0..devices {
        let day = Generator::new(device as u64, Density::Human)
            .host(&format!("machine-{device}"))
            .days(midnight(1), 1);
        server.fill(&day);
    }
    let receiver = Prometheus::taking_history(Suite::Sid);
    let agent = Agent::between(&[&server], &receiver);
    let (cost, run) = Cost::of(agent.home(), |tracer| {
        agent.spawn_under(tracer, &["sync"]).wait(PATIENCE)
    });
    assert_eq!(run.code, Some(0), "{}", run.stderr);

    let daemon = agent.spawn(&["--cron", "@every 10s"]);
    wait_for_passes(&daemon, 2);
    let before = daemon.cpu_time();
    wait_for_passes(&daemon, 2 + PASSES as usize);
    let of_all = daemon.cpu_time().saturating_sub(before);
    let of_a_pass = of_all.as_secs_f64() * 1e3 / f64::from(PASSES);
    println!(
        "| {devices} | {:.1} s | {:.2} s | {:.1} MB | {of_a_pass:.0} ms |",
        cost.wall_seconds, cost.cpu_seconds, cost.peak_megabytes
    );
}

/// Agents of as many people, each with a day of its own name, at the same schedule.
fn many_agents() {
    let server = AwServer::start();
    server.fill(&Generator::new(2018, Density::Human).days(midnight(1), 1));
    let receiver = Prometheus::taking_history(Suite::Sid);
    let empty = memory(&receiver);
    let agents: Vec<Agent> = (0..AGENTS)
        .map(|number| {
            let agent = Agent::between(&[&server], &receiver);
            agent.write_settings(&format!("user-id = 'person-{number}'"));
            agent
        })
        .collect();
    let daemons: Vec<Process> = agents
        .iter()
        .map(|agent| agent.spawn(&["--cron", "* * * * *"]))
        .collect();
    for daemon in &daemons {
        // The first pass is at once, the others follow the schedule.
        wait_for_passes(daemon, 1 + PASSES as usize);
    }
    let mut seconds: Vec<f64> = daemons.iter().flat_map(after_the_minute).collect();
    seconds.sort_by(f64::total_cmp);
    let anonymous = daemons.iter().map(|daemon| daemon.megabytes("Anonymous:"));
    let series = receiver.series_count(r#"{__name__=~"aw_.+"}"#, Utc::now());
    println!(
        "{AGENTS} agents: {series} series, the receiver grew from {empty:.0} to {:.0} MB; {:.1} MB anonymous an agent (median); \
         passes ended between {:.0} and {:.0} s after the minute, the middle one at {:.0} s",
        memory(&receiver),
        median(anonymous),
        seconds.first().copied().unwrap_or(f64::NAN),
        seconds.last().copied().unwrap_or(f64::NAN),
        median(seconds.iter().copied()),
    );
}

fn wait_for_passes(daemon: &Process, passes: usize) {
    wait_until("a pass to end", PATIENCE, || {
        daemon.stderr().matches("]: sent ").count() >= passes
    });
}

/// Returns the seconds of the minute at which passes after the first ended, as the log has them.
fn after_the_minute(daemon: &Process) -> Vec<f64> {
    let log = daemon.stderr();
    let ends = log.lines().filter(|line| line.contains("]: sent "));
    // 2026-01-05 09:30:07 [INFO ]
    let seconds = ends
        .skip(1)
        .filter_map(|line| line.get(17..19)?.parse().ok());
    seconds.collect()
}

/// What the receiver has in memory, in megabytes.
fn memory(receiver: &Prometheus) -> f64 {
    let metrics = ureq::get(receiver.url() + "/metrics")
        .call()
        .and_then(|mut answer| answer.body_mut().read_to_string())
        .expect("Prometheus tells");
    let bytes = metrics
        .lines()
        .find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
    bytes
        .and_then(|bytes| bytes.parse::<f64>().ok())
        .expect("every Go program tells")
        / 1e6
}
