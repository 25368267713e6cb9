//! `make matrix`: the agent against each receiver of each age that Debian has, and a table of what came of it.
//!
//! An argument chooses the receivers whose name holds it. Ends with 1 if any answer is another than expected.

#![allow(clippy::print_stdout, reason = "this is what a person came to read")]
#![allow(clippy::print_stderr, reason = "and this tells how far it is")]

#[path = "../it/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests need more of it")]
mod harness;
#[path = "../it/hour.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod hour;
#[path = "../it/totals.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod totals;

mod checks;
mod subject;

use std::any::Any;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use checks::{CHECKS, DAYS, Sources};
use harness::{AwServer, Density, Generator, midnight};
use subject::Subject;

/// How many receivers are asked at a time: each waits most of its time, for what others have to show or forget.
const AT_A_TIME: usize = 2;

/// What is found out about one receiver.
struct Row {
    place: usize,
    name: String,
    /// In the order of [`CHECKS`].
    answers: Vec<String>,
    /// What is not as expected.
    differences: Vec<String>,
}

fn main() -> ExitCode {
    let wanted = env::args().nth(1).unwrap_or_default();
    let subjects: Vec<Subject> = Subject::all()
        .into_iter()
        .filter(|subject| subject.name().contains(&wanted))
        .collect();
    if subjects.is_empty() {
        eprintln!("no receiver's name holds `{wanted}`");
        return ExitCode::from(2);
    }
    let sources = sources();
    let waiting = Mutex::new(subjects.into_iter().enumerate());
    let rows = Mutex::new(Vec::new());
    let next = || waiting.lock().expect("no check holds it").next();
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some((place, subject)) = next() {
                    let row = ask(place, subject, &sources);
                    rows.lock().expect("no check holds it").push(row);
                }
            });
        }
    });
    let mut rows = rows.into_inner().expect("no check holds it");
    rows.sort_by_key(|row| row.place);
    print(&rows);
    if rows.iter().all(|row| row.differences.is_empty()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn sources() -> Sources {
    let activity = Generator::new(2, Density::Restless).days(midnight(DAYS.into()), DAYS);
    let days = AwServer::start();
    days.fill(&activity);
    Sources {
        days,
        activity,
        hour: hour::server(),
    }
}

fn ask(place: usize, subject: Subject, sources: &Sources) -> Row {
    let name = subject.name();
    let mut row = Row {
        place,
        name,
        answers: Vec::new(),
        differences: Vec::new(),
    };
    for check in &CHECKS {
        let found = catch_unwind(AssertUnwindSafe(|| (check.run)(subject, sources)));
        let expected = (check.expected)(subject.kind);
        let answer = found.unwrap_or_else(|panic| {
            row.differences
                .push(format!("{}, {}: {}", row.name, check.title, said(&*panic)));
            "FAILED".to_owned()
        });
        eprintln!("{}, {}: {answer}", row.name, check.title);
        if answer != "FAILED" && answer != expected {
            row.differences.push(format!(
                "{}, {}: {answer} instead of {expected}",
                row.name, check.title
            ));
        }
        row.answers.push(answer);
    }
    row
}

fn said(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}

/// Prints the table, as Markdown, and below it what is not as expected.
fn print(rows: &[Row]) {
    let titles: Vec<String> = ["receiver"]
        .into_iter()
        .chain(CHECKS.iter().map(|check| check.title))
        .map(str::to_owned)
        .collect();
    let mut lines = vec![titles];
    lines.extend(rows.iter().map(|row| {
        let answers = row.answers.iter().cloned();
        [row.name.clone()].into_iter().chain(answers).collect()
    }));
    let widths: Vec<usize> = (0..=CHECKS.len())
        .map(|column| lines.iter().map(|line| line[column].len()).max())
        .map(Option::unwrap_or_default)
        .collect();
    println!();
    for (number, line) in lines.iter().enumerate() {
        let cells: Vec<String> = line
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:<width$}"))
            .collect();
        println!("| {} |", cells.join(" | "));
        if number == 0 {
            let rules: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
            println!("| {} |", rules.join(" | "));
        }
    }
    for difference in rows.iter().flat_map(|row| &row.differences) {
        println!("\n{difference}");
    }
}
