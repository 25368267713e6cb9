//! `make instructions`: how many instructions a fixed day takes, stage by stage, beside the numbers that are kept. They
//! do not depend on what else the machine does, so that a change shows without a clock.
//!
//! With `--keep` the numbers of this run are kept. They hold for one compiler and one kind of processor.

#![allow(clippy::print_stdout, reason = "this is what a person came to read")]

#[allow(dead_code, reason = "shared with the benchmark")]
mod day;
#[path = "../it/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests need more of it")]
mod harness;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::hint::black_box;
use std::process::{Command, ExitCode};

use day::Day;

/// Each does what those before it do, and one thing more.
const STAGES: [&str; 5] = ["answers", "decode", "take over", "series", "encode"];

/// How much more is a regression, in percent: less can come of how the linker places things.
const TOLERANCE: u64 = 3;

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/instructions.json");

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some("--keep") => {
            let counts = counts();
            let text = serde_json::to_string_pretty(&counts).expect("numbers are JSON");
            fs::write(KEPT, text + "\n").expect("the sources are writable");
            println!("{counts:#?}");
            ExitCode::SUCCESS
        }
        Some(stage) => {
            black_box(run(stage));
            ExitCode::SUCCESS
        }
        None => compare(),
    }
}

fn compare() -> ExitCode {
    let kept = fs::read(KEPT).expect("it is among the sources");
    let kept: BTreeMap<String, u64> = serde_json::from_slice(&kept).expect("names and numbers");
    let mut is_fine = true;
    for (stage, count) in counts() {
        let before = kept[&stage];
        let is_more = count * 100 > before * (100 + TOLERANCE);
        is_fine &= !is_more;
        let mark = if is_more { "  MORE" } else { "" };
        println!("{stage:10} {count:>12}, kept {before:>12}{mark}");
    }
    if is_fine {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Returns the instructions of each stage alone.
fn counts() -> BTreeMap<String, u64> {
    let totals: Vec<u64> = STAGES.into_iter().map(under_valgrind).collect();
    let stages = STAGES[1..].iter().zip(totals.windows(2));
    stages
        .map(|(stage, pair)| ((*stage).to_owned(), pair[1].saturating_sub(pair[0])))
        .collect()
}

fn under_valgrind(stage: &str) -> u64 {
    let this = env::current_exe().expect("a running program has a path");
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this)
        .arg(stage)
        .output()
        .expect("valgrind is there");
    let said = String::from_utf8_lossy(&run.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    let (_, count) = collected.unwrap_or_else(|| panic!("{stage}: {said}"));
    count.trim().parse().expect("a number of instructions")
}

/// Returns how much came of it, so that nothing is left out.
fn run(stage: &str) -> usize {
    let day = Day::new();
    if stage == "answers" {
        return day.answers.len();
    }
    let decoded = day.decoded();
    if stage == "decode" {
        return decoded.len();
    }
    let read = Day::converted(decoded);
    if stage == "take over" {
        return read.len();
    }
    let series = day.series(&read);
    if stage == "series" {
        return series.len();
    }
    Day::requests(&series).len()
}
