//! `make bench`: what a first sync costs, beside what its two servers alone take for the same work.
//!
//! Arguments are numbers of days, `1 20 365` otherwise, and `--rounds=N`, 3 otherwise.

#![allow(clippy::print_stdout, reason = "this is what a person came to read")]

mod cost;
mod floors;
#[path = "../it/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests need more of it")]
mod harness;
mod history;
mod idle;
mod machine;
mod table;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use cost::Cost;
use floors::Recording;
use harness::{Agent, AwServer, Prometheus, Suite};
use history::History;
use idle::Idle;
use table::Row;

/// A year into one disk takes a while.
const PATIENCE: Duration = Duration::from_hours(1);

fn main() {
    let (flags, days): (Vec<String>, Vec<String>) = env::args()
        .skip(1)
        .partition(|argument| argument.starts_with('-'));
    let rounds = flags
        .iter()
        .find_map(|flag| flag.strip_prefix("--rounds="))
        .map_or(3, |rounds| rounds.parse().expect("a number of rounds"));
    let days: Vec<u32> = if days.is_empty() {
        vec![1, 20, 365]
    } else {
        let number = |days: &String| days.parse().expect("a number of days");
        days.iter().map(number).collect()
    };

    println!("{}\n", machine::description());
    let mut rows = Vec::new();
    for &days in &days {
        let history = History::of(days, &directory());
        println!("{days} days, {} events", history.events);
        let row = measure(&history, rounds);
        println!("{}", row.shown());
        rows.push(row);
    }
    println!("\n{}", table::of(&rows));
    let longest = days.iter().copied().max().unwrap_or(1);
    let idle = Idle::measure(
        &History::of(1, &directory()),
        &History::of(longest, &directory()),
    );
    println!("{}", idle.shown());

    let results = json!({
        "machine": machine::description(),
        "first_sync": rows.iter().map(Row::json).collect::<Vec<_>>(),
        "idle": idle.json(),
    });
    let path = directory().join("results.json");
    fs::write(&path, format!("{results:#}\n"))
        .expect("the directory of temporary files is writable");
    println!("\nall of it: {}", path.display());
}

/// Where histories are kept from one run to the next.
fn directory() -> PathBuf {
    env::temp_dir()
}

/// Takes each of the three in turn, round after round, so that what else the machine does meets all of them.
fn measure(history: &History, rounds: usize) -> Row {
    let server = history.serve();
    let recording = Recording::of(&server);
    let mut row = Row::new(history, &recording);
    for _ in 0..rounds {
        row.download.push(recording.download(&server));
        row.replay.push(recording.replay(&receiver()));
        row.agent.push(sync(&server));
    }
    row
}

fn sync(server: &AwServer) -> Cost {
    let receiver = receiver();
    let agent = Agent::between(&[server], &receiver);
    let (cost, run) = Cost::of(agent.home(), |tracer| {
        agent.spawn_under(tracer, &["sync"]).wait(PATIENCE)
    });
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    cost
}

/// A Prometheus that has nothing yet.
fn receiver() -> Prometheus {
    Prometheus::taking_history(Suite::Sid)
}
