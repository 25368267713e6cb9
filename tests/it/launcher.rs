//! As a module of aw-qt and aw-tauri: how it is found, started and stopped, and that it ends with them.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::{
    Agent, Process, Receiver, SOON, Signal, python_of_activitywatch, wait_until, write_program,
};
use crate::hour;

/// What aw-qt's manager does with a module: looks for it along `PATH`, starts it without pipes and, when it is told to
/// quit, terminates it and waits, however long that takes.
const MANAGER: &str = r#"
import os, signal, subprocess, sys, threading

directories = [path for path in os.get_exec_path() if os.path.isdir(path)]
modules = [os.path.join(path, name) for path in directories for name in os.listdir(path) if name.startswith("aw-")]
[module] = [
    path for path in modules
    if os.path.basename(path) == "aw-sync-agent" and os.path.isfile(path) and os.access(path, os.X_OK)
]
# Left to itself, Python would end.
quit = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: quit.set())
process = subprocess.Popen([module] + sys.argv[2:], universal_newlines=True)
quit.wait()
process.terminate()
print("ended with", process.wait(), file=sys.stderr)
"#;

/// Kills the agent that lost its parent, if it is still there.
struct Orphan(String);

impl Drop for Orphan {
    fn drop(&mut self) {
        let kill = format!("kill -s KILL {} 2>&-", self.0);
        Command::new("sh").args(["-c", &kill]).status().ok();
    }
}

/// An agent on the `PATH` of a launcher, which knows its servers from files alone.
struct Desktop {
    agent: Agent,
    bin: PathBuf,
}

impl Desktop {
    fn new(settings: &str) -> Self {
        let agent = Agent::new();
        let bin = agent.home().join("bin");
        fs::create_dir(&bin).unwrap();
        Agent::install(&bin);
        let path = env::var("PATH").unwrap();
        let agent = agent.env("PATH", &format!("{}:{path}", bin.display()));
        agent.write_settings(settings);
        Self { agent, bin }
    }

    /// Starts a program of this name that does as [`MANAGER`] does, and waits until the agent is at work.
    fn start(&self, name: &str, arguments: &[&str]) -> (Process, Orphan) {
        let program = self.bin.join(name);
        let python = python_of_activitywatch();
        write_program(&program, &format!("#!{}{MANAGER}", python.display()));
        let launcher = self.agent.spawn_under(Command::new(program), arguments);
        let mut pid = None;
        wait_until("the agent at work", SOON, || {
            pid = self.pid(arguments);
            pid.is_some()
        });
        (launcher, Orphan(pid.unwrap()))
    }

    /// The process that holds the lock of the agent's state.
    fn pid(&self, arguments: &[&str]) -> Option<String> {
        let status = self.agent.run(&[arguments, &["status"]].concat()).stdout;
        let rest = status.strip_prefix("aw-sync-agent is running, process ")?;
        rest.split(' ').next().map(str::to_owned)
    }
}

fn settings(server: &str, receiver: &dyn Receiver) -> String {
    let receiver = receiver.url();
    format!("aw-url = '{server}'\nprometheus-url = '{receiver}'\ncron = '* * * * * *'\n")
}

/// How many passes the agent has made.
fn passes(launcher: &Process) -> usize {
    launcher.stderr().matches("]: sent ").count()
}

#[track_caller]
fn assert_stops_as_aw_qt_wants(mut launcher: Process) {
    let started = Instant::now();
    launcher.signal(Signal::Terminate);
    let end = launcher.wait(SOON);
    // On a busy machine; two seconds are promised.
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(end.stderr.contains("ended with 0"), "{}", end.stderr);
    assert_eq!(end.stdout, "");
}

#[test]
fn aw_qt_starts_and_stops_it() {
    let (server, prometheus) = hour::servers();
    let desktop = Desktop::new(&settings(&server.url(), &prometheus));
    let (launcher, _agent) = desktop.start("aw-qt", &[]);
    wait_until("the hour", SOON, || hour::has_arrived(&prometheus));
    assert_stops_as_aw_qt_wants(launcher);
    hour::assert_arrived(&prometheus);
}

#[test]
fn aw_qt_starts_and_stops_it_in_its_testing_mode() {
    let (server, prometheus) = hour::servers();
    let desktop = Desktop::new("corn = 'of the normal mode'");
    let file = desktop.agent.settings_file();
    let testing = file.with_file_name("aw-sync-agent-testing.toml");
    fs::write(testing, settings(&server.url(), &prometheus)).unwrap();
    let (launcher, _agent) = desktop.start("aw-qt", &["--testing"]);
    wait_until("the hour", SOON, || hour::has_arrived(&prometheus));
    assert_stops_as_aw_qt_wants(launcher);
}

#[test]
fn aw_tauri_tells_it_the_port() {
    let (server, prometheus) = hour::servers();
    let desktop = Desktop::new(&settings("http://127.0.0.1:1", &prometheus));
    let url = server.url();
    let (_, port) = url.rsplit_once(':').unwrap();
    let (launcher, _agent) = desktop.start("aw-tauri", &["--port", port]);
    wait_until("the hour", SOON, || hour::has_arrived(&prometheus));
    assert_stops_as_aw_qt_wants(launcher);
}

#[test]
fn it_ends_with_its_launcher() {
    let (server, prometheus) = hour::servers();
    for name in ["aw-qt", "aw-tauri"] {
        let settings = settings(&server.url(), &prometheus) + "log-level = 'debug'\n";
        let desktop = Desktop::new(&settings);
        let (mut launcher, _agent) = desktop.start(name, &[]);
        wait_until("a pass", SOON, || passes(&launcher) > 0);
        launcher.signal(Signal::Kill);
        launcher.wait(SOON);
        wait_until("its end", SOON, || desktop.pid(&[]).is_none());
        let said = format!("[INFO ]: {name} has ended\n");
        let log = launcher.stderr();
        assert!(log.contains(&said) && log.ends_with("stopping\n"), "{log}");
        // Linux tells of the end.
        assert!(!log.contains(" is looked for every "), "{log}");
        // Nothing of it is in the way of the next start.
        let (launcher, _agent) = desktop.start(name, &[]);
        assert_stops_as_aw_qt_wants(launcher);
    }
}

#[test]
fn it_stays_when_any_other_parent_ends() {
    let (server, prometheus) = hour::servers();
    let desktop = Desktop::new(&settings(&server.url(), &prometheus));
    let (mut launcher, agent) = desktop.start("aw-shell", &[]);
    wait_until("a pass", SOON, || passes(&launcher) > 0);
    launcher.signal(Signal::Kill);
    launcher.wait(SOON);
    let before = passes(&launcher);
    wait_until("passes of the orphan", SOON, || {
        passes(&launcher) > before + 2
    });
    assert_eq!(desktop.pid(&[]).as_ref(), Some(&agent.0));
}
