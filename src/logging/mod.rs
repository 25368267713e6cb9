//! Log lines on stderr, in ActivityWatch's own format, and those of the daemon in a file too.

mod file;
mod journal;

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::Local;
use env_logger::{Builder, Logger, Target};
use indicatif::MultiProgress;
use log::{LevelFilter, Log, Metadata, Record};

use file::LogFile;

/// What writes the log file, once there is one.
static FILE: OnceLock<Logger> = OnceLock::new();

/// Starts logging to stderr, at level `info` until [`set_level`]. Lines and the progress bars of `bars` do not mix.
/// If stderr is systemd's journal, each record is written as that wants it.
///
/// `RUST_LOG` and ActivityWatch's `LOG_LEVEL` are stronger than the settings. A closed stderr is no reason to fail.
///
/// # Panics
/// When it is called twice.
pub fn start(bars: MultiProgress) {
    let is_journal = variable("JOURNAL_STREAM").is_some_and(|name| journal::is_stderr(&name));
    let stderr = filtered()
        .format(move |line, record| {
            if is_journal {
                return journal::write(line, record.level(), &record.args().to_string());
            }
            let time = Local::now().format("%Y-%m-%d %H:%M:%S");
            writeln!(line, "{time} [{:<5}]: {}", record.level(), record.args())
        })
        .target(Target::Pipe(Box::new(Stderr(bars))))
        .build();
    log::set_max_level(stderr.filter());
    log::set_boxed_logger(Box::new(Both { stderr })).expect("logging starts once");
    set_level(LevelFilter::Info);
}

/// Has every line from now on go into a file of `directory` too. Only the daemon does, and once.
///
/// Where no file can be written, a warning says so, and stderr has to do.
pub fn start_file(directory: &Path, testing: bool) {
    match LogFile::create(directory, testing) {
        Ok(file) => {
            let file = filtered()
                .format(|line, record| {
                    let time = Local::now().format("%Y-%m-%d %H:%M:%S%z");
                    write!(line, "{time} [{:<5}]: {}", record.level(), record.args())?;
                    writeln!(line, "  ({})", record.target())
                })
                .target(Target::Pipe(Box::new(file)))
                .build();
            drop(FILE.set(file));
        }
        Err(error) => log::warn!(
            "{}: no log file can be written: {error}\nhint: check the folder's owner and mode; what would be in the \
             file is on stderr only",
            directory.display()
        ),
    }
}

/// Returns the newest log file that the daemon has written into `directory`; `None` if there is none.
pub fn newest_file(directory: &Path, testing: bool) -> Option<PathBuf> {
    file::newest(directory, testing)
}

/// A logger of what the environment asks for: by default all of this program, and warnings of its libraries.
fn filtered() -> Builder {
    let mut builder = Builder::new();
    match variable("RUST_LOG") {
        Some(filters) => builder.parse_filters(&filters),
        None => builder
            .filter_level(LevelFilter::Warn)
            .filter_module(env!("CARGO_CRATE_NAME"), LevelFilter::Trace),
    };
    builder
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

/// Stderr, and the log file from when there is one.
struct Both {
    stderr: Logger,
}

impl Log for Both {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Both have the same filters.
        self.stderr.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        self.stderr.log(record);
        if let Some(file) = FILE.get() {
            file.log(record);
        }
    }

    fn flush(&self) {
        self.stderr.flush();
    }
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
