//! Log lines on stderr, in ActivityWatch's own format.

use std::env;
use std::io::{self, Write};

use chrono::Local;
use env_logger::{Builder, Target};
use indicatif::MultiProgress;
use log::LevelFilter;

/// Starts logging, at level `info` until [`set_level`]. Lines and the progress bars of `bars` do not mix.
///
/// `RUST_LOG` and ActivityWatch's `LOG_LEVEL` are stronger than the settings. A closed stderr is no reason to fail.
pub fn start(bars: MultiProgress) {
    let mut builder = Builder::new();
    match variable("RUST_LOG") {
        Some(filters) => builder.parse_filters(&filters),
        None => builder
            .filter_level(LevelFilter::Warn)
            .filter_module(env!("CARGO_CRATE_NAME"), LevelFilter::Trace),
    };
    // The journal has its own clock.
    let is_dated = variable("JOURNAL_STREAM").is_none();
    builder.format(move |line, record| {
        if is_dated {
            write!(line, "{} ", Local::now().format("%Y-%m-%d %H:%M:%S"))?;
        }
        writeln!(line, "[{:<5}]: {}", record.level(), record.args())
    });
    builder.target(Target::Pipe(Box::new(Stderr(bars)))).init();
    set_level(LevelFilter::Info);
}

/// Sets how much is logged, unless the environment says otherwise.
pub fn set_level(level: LevelFilter) {
    if variable("RUST_LOG").is_none() {
        let wished = variable("LOG_LEVEL").map(|level| {
            if level.eq_ignore_ascii_case("warning") {
                "warn".to_owned()
            } else {
                level
            }
        });
        log::set_max_level(wished.and_then(|level| level.parse().ok()).unwrap_or(level));
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Hides the progress bars while a line is written.
struct Stderr(MultiProgress);

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
