//! A child process that writes into files and does not outlive its test.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::Pid;

use super::wait_until;

/// How many lines of a log a failing test shows.
const TAIL: usize = 30;

pub(crate) struct Process {
    name: String,
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// What a process left behind. `code` is `None` after a signal.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    Terminate,
    Interrupt,
    Kill,
}

impl Process {
    /// Starts `command` with its output in `<name>.stdout` and `<name>.stderr` of `directory`,
    /// after what an earlier process of that name wrote.
    pub(crate) fn spawn(name: &str, command: &mut Command, directory: &Path) -> Self {
        let stdout = directory.join(format!("{name}.stdout"));
        let stderr = directory.join(format!("{name}.stderr"));
        let append = |path: &Path| File::options().create(true).append(true).open(path);
        let child = command
            .stdin(Stdio::null())
            .stdout(append(&stdout).expect("the test's directory is writable"))
            .stderr(append(&stderr).expect("the test's directory is writable"))
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        Self {
            name: name.to_owned(),
            child,
            stdout,
            stderr,
        }
    }

    /// What the system knows it by.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// All of its standard output so far.
    pub(crate) fn stdout(&self) -> String {
        read(&self.stdout)
    }

    /// All of its standard error so far: for a server and for the agent, the log.
    pub(crate) fn stderr(&self) -> String {
        read(&self.stderr)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let number = match signal {
            Signal::Terminate => rustix::process::Signal::TERM,
            Signal::Interrupt => rustix::process::Signal::INT,
            Signal::Kill => rustix::process::Signal::KILL,
        };
        let sent = rustix::process::kill_process(Pid::from_child(&self.child), number);
        assert!(
            sent.is_ok(),
            "cannot send {signal:?} to {}: {sent:?}",
            self.name
        );
    }

    /// Returns how it ended, or `None` while it runs.
    pub(crate) fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// When it still runs after `deadline`.
    pub(crate) fn wait(&mut self, deadline: Duration) -> Output {
        let what = format!("{} to end", self.name);
        wait_until(&what, deadline, || self.exit_status().is_some());
        let code = self.exit_status().and_then(|status| status.code());
        Output {
            code,
            stdout: self.stdout(),
            stderr: self.stderr(),
        }
    }

    /// User and system time of all its threads, in steps of 10 ms. Only while it runs.
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = self.proc("stat");
        // proc(5): the second field is the name in parentheses, and may itself hold blanks; utime
        // and stime are the 14th and 15th, in ticks that Linux fixes at 1/100 s for user space.
        let (_, after_name) = stat.rsplit_once(')').expect("proc(5)");
        let ticks = after_name
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|ticks| ticks.parse::<u64>().expect("proc(5)"));
        Duration::from_millis(10 * ticks.sum::<u64>())
    }

    /// How often its main thread has gone to sleep, and so how often something has woken it. Only while it runs.
    pub(crate) fn wake_ups(&self) -> u64 {
        self.proc("status")
            .lines()
            .find_map(|line| {
                line.strip_prefix("voluntary_ctxt_switches:")?
                    .trim()
                    .parse()
                    .ok()
            })
            .expect("proc(5)")
    }

    /// What it has in memory, in megabytes, by a field of `smaps_rollup`, such as `Rss:`. Only while it runs.
    #[allow(dead_code, reason = "only `make bench` and `make growth` ask")]
    pub(crate) fn megabytes(&self, field: &str) -> f64 {
        let rollup = self.proc("smaps_rollup");
        let mut lines = rollup.lines();
        let kibibytes = lines.find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB"));
        let kibibytes: f64 = kibibytes
            .and_then(|number| number.parse().ok())
            .expect("proc(5)");
        kibibytes * 1024.0 / 1e6
    }

    fn proc(&self, file: &str) -> String {
        read(Path::new(&format!("/proc/{}/{file}", self.child.id())))
    }
}

impl Drop for Process {
    #[expect(
        clippy::print_stderr,
        reason = "a failing test is explained by the logs of what it ran"
    )]
    fn drop(&mut self) {
        // Both fail only for a process that has ended.
        self.child.kill().ok();
        self.child.wait().ok();
        if thread::panicking() {
            for path in [&self.stdout, &self.stderr] {
                // Not `read`: a second panic would abort all tests.
                let log = fs::read(path).unwrap_or_default();
                let log = String::from_utf8_lossy(&log);
                let lines: Vec<&str> = log.lines().collect();
                let tail = &lines[lines.len().saturating_sub(TAIL)..];
                if !tail.is_empty() {
                    let file = path.file_name().unwrap_or_default().display();
                    eprintln!("---- end of {file}\n{}\n----", tail.join("\n"));
                }
            }
        }
    }
}

/// Writes a program that the test runs, or has run.
///
/// A shell does it. A file that this process has open for writing another test's child may have for a moment too, and as
/// long as anybody has it the system refuses to run it.
pub(crate) fn write_program(path: &Path, text: &str) {
    let written = Command::new("sh")
        .args(["-c", r#"printf %s "$1" > "$0" && chmod 755 "$0""#])
        .arg(path)
        .arg(text)
        .status();
    assert!(written.is_ok_and(|status| status.success()));
}

/// Not every byte that a server logs is UTF-8, and a test wants the rest all the same.
fn read(path: &Path) -> String {
    let bytes =
        fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}
