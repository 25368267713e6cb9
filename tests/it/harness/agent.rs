//! The agent under test, in a home of its own.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::aw_server::AwServer;
use super::process::{Output, Process};
use super::receiver::Receiver;

/// How long a command may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_mins(5);

pub(crate) struct Agent {
    home: TempDir,
    environment: BTreeMap<String, String>,
    arguments: Vec<String>,
    runs: Cell<u32>,
}

impl Agent {
    /// An agent that nobody configured yet. Of the environment of the tests it sees `PATH` alone:
    /// no proxy, no settings of whoever runs them.
    pub(crate) fn new() -> Self {
        Self {
            home: TempDir::new().expect("there is a directory for temporary files"),
            environment: BTreeMap::new(),
            arguments: Vec::new(),
            runs: Cell::new(0),
        }
    }

    /// An agent whose flags name `servers` to read from and `receiver` to write to.
    pub(crate) fn between(servers: &[&AwServer], receiver: &dyn Receiver) -> Self {
        servers
            .iter()
            .fold(Self::new(), |agent, server| agent.reading(&server.url()))
            .writing(&receiver.url())
    }

    /// Adds the ActivityWatch server at `url` to those of each run.
    pub(crate) fn reading(self, url: &str) -> Self {
        self.args(&["--aw-url", url])
    }

    /// Has each run send to `url`.
    pub(crate) fn writing(self, url: &str) -> Self {
        self.args(&["--prometheus-url", url])
    }

    /// Adds arguments to each run, in front of the run's own.
    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// Sets an environment variable for each run.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Writes the settings file, in place of what an earlier call or the agent itself wrote.
    pub(crate) fn write_settings(&self, toml: &str) {
        fs::create_dir_all(self.config_dir())
            .and_then(|()| fs::write(self.settings_file(), toml))
            .expect("the test's directory is writable");
    }

    pub(crate) fn settings_file(&self) -> PathBuf {
        self.config_dir().join("aw-sync-agent.toml")
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    fn config_dir(&self) -> PathBuf {
        self.home().join("config/activitywatch/aw-sync-agent")
    }

    /// Changes what the agent remembers of its one destination, as time or a person might.
    pub(crate) fn edit_endpoint(&self, edit: impl FnOnce(&mut Value)) {
        let path = self.data_dir().join("checkpoint.json");
        let text = fs::read_to_string(&path).expect("there was a pass");
        let mut state: Value = serde_json::from_str(&text).expect("a checkpoint is JSON");
        let endpoints = state["endpoints"]
            .as_object_mut()
            .expect("it has endpoints");
        edit(
            endpoints
                .values_mut()
                .next()
                .expect("there is a destination"),
        );
        fs::write(&path, state.to_string()).expect("the test's directory is writable");
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.home().join("data/activitywatch/aw-sync-agent")
    }

    pub(crate) fn log_dir(&self) -> PathBuf {
        self.home().join("cache/activitywatch/log/aw-sync-agent")
    }

    /// Runs `sync` and expects it to go well.
    #[track_caller]
    pub(crate) fn sync(&self) -> Pass {
        let run = self.run(&["sync"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        Pass::of(&run)
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// When it hangs.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.spawn(arguments).wait(PATIENCE)
    }

    /// Runs a command to its end under `tracer`, a program that takes another with its arguments.
    ///
    /// # Panics
    /// When it hangs.
    pub(crate) fn run_under(&self, tracer: Command, arguments: &[&str]) -> Output {
        self.spawn_under(tracer, arguments).wait(PATIENCE)
    }

    /// Starts a command under `tracer`, as [`Self::run_under`] does.
    pub(crate) fn spawn_under(&self, mut tracer: Command, arguments: &[&str]) -> Process {
        tracer.arg(binary());
        self.start(tracer, arguments)
    }

    /// Makes the agent a program of `directory`, which has to exist.
    pub(crate) fn install(directory: &Path) {
        std::os::unix::fs::symlink(binary(), directory.join("aw-sync-agent"))
            .expect("the test's directory is writable");
    }

    /// Makes the agent's program the file `path`.
    pub(crate) fn copy(path: &Path) {
        fs::copy(binary(), path).expect("the test's directory is writable");
    }

    /// Starts a command or, without arguments, the daemon. It is killed when the value is dropped.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Process {
        self.start(Command::new(binary()), arguments)
    }

    fn start(&self, mut command: Command, arguments: &[&str]) -> Process {
        self.runs.set(self.runs.get() + 1);
        command
            .args(&self.arguments)
            .args(arguments)
            .current_dir(self.home())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("XDG_CONFIG_HOME", self.home().join("config"))
            .env("XDG_DATA_HOME", self.home().join("data"))
            .env("XDG_CACHE_HOME", self.home().join("cache"))
            .envs(&self.environment);
        Process::spawn(
            &format!("run-{}", self.runs.get()),
            &mut command,
            self.home(),
        )
    }
}

/// What a pass says that it did.
pub(crate) struct Pass {
    pub(crate) samples: usize,
    pub(crate) requests: usize,
    pub(crate) log: String,
}

impl Pass {
    /// Reads the summary of a `sync` that made a pass, whether or not it went well.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub(crate) fn of(run: &Output) -> Self {
        let log = run.stderr.clone();
        let Some((_, summary)) = log.rsplit_once("]: sent ") else {
            panic!("no summary in {log}");
        };
        let mut numbers = summary.split(' ').filter_map(|word| word.parse().ok());
        let mut number = || numbers.next().expect("a summary counts both");
        Self {
            samples: number(),
            requests: number(),
            log,
        }
    }
}

/// What a run says to a person: its standard error without the log, and with what differs from run to run replaced.
pub(crate) fn complaint(run: &Output, replacements: &[(&str, &str)]) -> String {
    let is_log = |line: &&str| line.starts_with("20"); // the year
    let lines: Vec<_> = run.stderr.lines().filter(|line| !is_log(line)).collect();
    let replaced = |text: String, (from, to): &(&str, &str)| text.replace(from, to);
    replacements.iter().fold(lines.join("\n"), replaced)
}

/// Cargo names the binary to tests; to an example it does not, but has it one directory above.
fn binary() -> PathBuf {
    option_env!("CARGO_BIN_EXE_aw-sync-agent").map_or_else(
        || {
            let example = env::current_exe().expect("a running program has a path");
            example
                .parent()
                .expect("a file has a directory")
                .with_file_name("aw-sync-agent")
        },
        PathBuf::from,
    )
}
