//! `make pictures`: days at two computers, in a real Prometheus.
//!
//! The first argument is how many days, 28 otherwise; `365x1` are a year at one computer. The others are a command that is run with Prometheus's address as
//! its last argument; without one the address is printed and Prometheus stays up.

#![allow(clippy::print_stdout, reason = "a person may have started it")]

#[path = "../it/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests need more of it")]
mod harness;

use std::env;
use std::process::{Command, ExitCode};
use std::time::Duration;

use chrono::{TimeDelta, Utc};

use harness::{Agent, AwServer, Density, Generator, Prometheus, Receiver, Suite, midnight};

/// A year's events take a while.
const PATIENCE: Duration = Duration::from_mins(30);

const CATEGORIES: &str = r"
[[category]]
name = 'Work > Reading'
regex = 'firefox'
[[category]]
name = 'Work > Programming'
regex = '^(Code|Alacritty)$'
[[category]]
name = 'Comms > Chat'
regex = 'Slack'
[[category]]
name = 'Comms > Meetings'
regex = 'zoom'
[[category]]
name = 'Media > Music'
regex = 'Spotify'
";

fn main() -> ExitCode {
    let wanted = env::args().nth(1).unwrap_or_else(|| "28".to_owned());
    let (days, computers) = wanted.split_once('x').unwrap_or((&wanted, "2"));
    let days: u32 = days.parse().expect("a number of days");
    let computers: usize = computers.parse().expect("a number of computers");
    let now = Utc::now();
    let first = midnight((days - 1).into());
    // Office hours at the one, evenings at the other, which overlap a little.
    let laptop = Generator::new(2018, Density::Human).days(first, days);
    let evening = first + TimeDelta::hours(6);
    let desktop = Generator::new(1815, Density::Human)
        .host("desktop")
        .days(evening, days);

    let prometheus = Prometheus::taking_history(Suite::Sid);
    let all = [("laptop", laptop), ("desktop", desktop)];
    for (host, activity) in all.into_iter().take(computers) {
        let server = AwServer::start();
        server.fill(&activity.until(now));
        let agent = Agent::between(&[&server], &prometheus);
        // The metrics of the agent itself are of the computer that it runs on.
        let this = gethostname::gethostname();
        let this = this.to_string_lossy();
        agent.write_settings(&format!(
            "user-id = 'ada'\n[hosts]\n'{this}' = '{host}'\n{CATEGORIES}"
        ));
        let run = agent.spawn(&["sync"]).wait(PATIENCE);
        if run.code != Some(0) {
            println!("{}", run.stderr);
            return ExitCode::FAILURE;
        }
    }
    let mut command = env::args().skip(2);
    if let Some(program) = command.next() {
        let run = Command::new(program)
            .args(command)
            .arg(prometheus.url())
            .status()
            .expect("it is a program");
        return if run.success() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    println!("{}", prometheus.url());
    loop {
        std::thread::park();
    }
}
