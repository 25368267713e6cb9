//! What a program took, as GNU time tells.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::Output;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall_seconds: f64,
    /// In user space and in the kernel.
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_megabytes: f64,
}

impl Cost {
    /// Returns what the program that `run` starts took; it is started under the command that `run` is given.
    pub(crate) fn of(directory: &Path, run: impl FnOnce(Command) -> Output) -> (Self, Output) {
        let file = directory.join("cost");
        let mut time = Command::new("time");
        time.arg("--format=%e %U %S %M").arg("--output").arg(&file);
        let output = run(time);
        let text = fs::read_to_string(&file).expect("GNU time writes it");
        // A line before it says so if the program failed.
        let last = text.lines().last().unwrap_or_default();
        let numbers: Vec<f64> = last
            .split(' ')
            .map(|number| number.parse().expect("the format has only numbers"))
            .collect();
        let [wall, user, system, kibibytes] = numbers[..] else {
            panic!("not of the format: {last}");
        };
        let cost = Self {
            wall_seconds: wall,
            cpu_seconds: user + system,
            peak_megabytes: kibibytes * 1024.0 / 1e6,
        };
        (cost, output)
    }
}

/// The middle one, or the mean of the middle two.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        even if even % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}
