//! `make chaos`: kill -9, over and over, and whether every sample has arrived once.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is what a person came to read"
)]

#[path = "../it/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests need more of it")]
mod harness;
mod trials;

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;

use harness::{Agent, Density};
use trials::{CASES, Case, History, Outcome, Trials, Victim};

/// Kills the agent at random moments of a sync, and VictoriaMetrics after its answers, and compares what has arrived
/// with what was recorded, sample by sample.
#[derive(Parser)]
struct Flags {
    /// How often the agent is killed on its way to each Prometheus
    #[arg(long, value_name = "KILLS", default_value_t = 200)]
    prometheus: u32,
    /// How often the agent is killed on its way to each VictoriaMetrics
    #[arg(long, value_name = "KILLS", default_value_t = 40)]
    victoria_metrics: u32,
    /// How often each VictoriaMetrics is killed itself
    #[arg(long, value_name = "KILLS", default_value_t = 10)]
    receiver: u32,
    /// How long the history is
    #[arg(long, value_name = "DAYS", default_value_t = 20)]
    days: u32,
    /// What the moments are drawn with [default: another one each time]
    #[arg(long)]
    seed: Option<u64>,
    /// Tries only the receivers whose name has this in it, such as "2.42" or "VictoriaMetrics"; may be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

impl Flags {
    fn kills(&self, case: &Case) -> u32 {
        match case.victim {
            Victim::Receiver => self.receiver,
            Victim::Agent if case.name.starts_with("Prometheus") => self.prometheus,
            Victim::Agent => self.victoria_metrics,
        }
    }

    fn wants(&self, case: &Case) -> bool {
        let is_named = self.only.iter().any(|name| case.name.contains(name));
        (self.only.is_empty() || is_named) && self.kills(case) > 0
    }
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let seed = flags.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("seed {seed}: the same moments are drawn with --seed {seed}");
    let begun = Instant::now();
    let wanted = || CASES.iter().filter(|case| flags.wants(case));
    // Side by side: an agent that has to find out about a request mostly waits.
    let outcomes: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = wanted()
            .map(|case| scope.spawn(|| tried(case, &flags, seed)))
            .collect();
        running
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect()
    });
    println!("\n{}", Outcome::heading());
    let mut is_exact = true;
    for (case, outcome) in wanted().zip(outcomes) {
        if let Ok(outcome) = outcome {
            println!("{outcome}");
            is_exact &= outcome.is_exact();
        } else {
            println!("{:<28}came apart, see above", case.name);
            is_exact = false;
        }
    }
    println!(
        "\n{}, in {:.1} minutes",
        if is_exact {
            "Zero lost, zero doubled"
        } else {
            "NOT every sample has arrived once"
        },
        begun.elapsed().as_secs_f64() / 60.0
    );
    if is_exact {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn tried(case: &Case, flags: &Flags, seed: u64) -> Outcome {
    let kills = flags.kills(case);
    let trials = Trials {
        case,
        history: &History::of(flags.days, Density::Restless),
        kills,
        seed,
        let_a_minute_pass: |_: &Agent| thread::sleep(Duration::from_secs(61)),
        watch: &|outcome| {
            let Outcome {
                case,
                kills: killed,
                lost,
                doubled,
                ..
            } = outcome;
            eprintln!("{case}: {killed} of {kills} kills, {lost} lost, {doubled} doubled");
        },
    };
    trials.run()
}
