//! What the daemon costs when nothing happens.

use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Agent, Process, wait_until};
use crate::history::History;
use crate::{PATIENCE, receiver};

/// Over how many passes the mean is taken.
const PASSES: u32 = 10;

/// How long a daemon that has nothing to do is watched.
const QUIET: Duration = Duration::from_mins(1);

pub(crate) struct Idle {
    resident_megabytes: f64,
    anonymous_megabytes: f64,
    /// Of a daemon whose first pass brought all of a history.
    after_history_megabytes: f64,
    /// Of a pass that finds nothing new.
    pass_cpu_millis: f64,
    /// Of all threads, between passes.
    quiet_wake_ups_a_minute: u64,
    quiet_cpu_millis_a_minute: f64,
}

impl Idle {
    /// Watches a daemon that has brought `short`, and one that has just brought `long`.
    pub(crate) fn measure(short: &History, long: &History) -> Self {
        let after_history_megabytes = after_first_sync(long);
        let server = short.serve();
        let receiver = receiver();
        let agent = Agent::between(&[&server], &receiver);
        let run = agent.spawn(&["sync"]).wait(PATIENCE);
        assert_eq!(run.code, Some(0), "{}", run.stderr);

        let busy = agent.spawn(&["--cron", "@every 6s"]);
        wait_for_passes(&busy, 3);
        let before = cpu_millis(&busy);
        wait_for_passes(&busy, 3 + PASSES as usize);
        let pass_cpu_millis = (cpu_millis(&busy) - before) / f64::from(PASSES);
        drop(busy);

        let quiet = agent.spawn(&["--cron", "@yearly"]);
        wait_for_passes(&quiet, 1);
        let (before, woken) = (cpu_millis(&quiet), wake_ups(&quiet));
        thread::sleep(QUIET);
        Self {
            resident_megabytes: quiet.megabytes("Rss:"),
            anonymous_megabytes: quiet.megabytes("Anonymous:"),
            after_history_megabytes,
            pass_cpu_millis,
            quiet_wake_ups_a_minute: wake_ups(&quiet) - woken,
            quiet_cpu_millis_a_minute: cpu_millis(&quiet) - before,
        }
    }

    pub(crate) fn shown(&self) -> String {
        format!(
            "daemon: {:.1} MB resident, of which {:.1} MB anonymous, and {:.1} MB resident after a first sync; {:.1} ms of CPU for a pass with nothing new; \
             {} wake-ups and {:.2} ms a minute between passes",
            self.resident_megabytes,
            self.anonymous_megabytes,
            self.after_history_megabytes,
            self.pass_cpu_millis,
            self.quiet_wake_ups_a_minute,
            self.quiet_cpu_millis_a_minute
        )
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "resident_megabytes": self.resident_megabytes,
            "anonymous_megabytes": self.anonymous_megabytes,
            "after_history_megabytes": self.after_history_megabytes,
            "pass_cpu_millis": self.pass_cpu_millis,
            "quiet_wake_ups_a_minute": self.quiet_wake_ups_a_minute,
            "quiet_cpu_millis_a_minute": self.quiet_cpu_millis_a_minute,
        })
    }
}

/// Returns what a daemon has in memory once its first pass has ended.
fn after_first_sync(history: &History) -> f64 {
    let server = history.serve();
    let receiver = receiver();
    let agent = Agent::between(&[&server], &receiver);
    let daemon = agent.spawn(&["--cron", "@yearly"]);
    wait_for_passes(&daemon, 1);
    daemon.megabytes("Rss:")
}

/// Waits until so many passes have ended, each of which is said to have sent something or nothing.
fn wait_for_passes(daemon: &Process, passes: usize) {
    wait_until("a pass to end", PATIENCE, || {
        daemon.stderr().matches("]: sent ").count() >= passes
    });
}

/// Returns what the kernel tells of each thread in `file`.
fn of_threads(process: &Process, file: &str) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", process.id())).expect("it runs");
    // A thread may end in between.
    let texts = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join(file)).ok());
    texts.collect()
}

/// CPU time of the whole process, threads that have ended among them, in steps of 10 ms.
fn cpu_millis(process: &Process) -> f64 {
    process.cpu_time().as_secs_f64() * 1e3
}

fn wake_ups(process: &Process) -> u64 {
    let texts = of_threads(process, "status");
    let lines = texts.iter().flat_map(|text| text.lines());
    let counts = lines.filter_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    counts
        .map(|count| count.trim().parse::<u64>().expect("proc(5)"))
        .sum()
}
