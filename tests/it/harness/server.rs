//! What the three servers share: a port, a directory, starting, stopping and starting again.

use std::collections::HashSet;
use std::env;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use super::http;
use super::process::{Process, Signal};
use super::wait_until;

const STARTUP: Duration = Duration::from_mins(2);
const SHUTDOWN: Duration = Duration::from_mins(1);

/// The Debian release that a server comes from, and with it the server's age.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Suite {
    /// This machine's own.
    #[default]
    Machine,
    #[allow(dead_code, reason = "only `make matrix` needs one of each age")]
    Trixie,
    Sid,
}

impl Suite {
    /// Returns the binary that `package` is named after.
    ///
    /// # Panics
    /// When it was not brought; the message says how to.
    pub(crate) fn binary(self, package: &str) -> PathBuf {
        self.program(package, package)
    }

    /// Returns `program`, which is in `package`.
    ///
    /// # Panics
    /// As [`Self::binary`].
    pub(crate) fn program(self, package: &str, program: &str) -> PathBuf {
        self.file(package, &format!("usr/bin/{program}"))
    }

    /// Returns a file of `package`; its version is in `version`.
    ///
    /// # Panics
    /// As [`Self::binary`].
    pub(crate) fn file(self, package: &str, file: &str) -> PathBuf {
        let server = match self {
            Self::Machine => package.to_owned(),
            Self::Trixie => format!("{package}@trixie"),
            Self::Sid => format!("{package}@sid"),
        };
        brought(&server, &format!("{server}/{file}"))
    }

    /// Returns `promtool`, which comes with old versions of Prometheus and beside new ones.
    ///
    /// # Panics
    /// As [`Self::binary`].
    pub(crate) fn promtool(self) -> PathBuf {
        match self {
            Self::Machine => self.program("prometheus", "promtool"),
            Self::Trixie | Self::Sid => self.binary("promtool"),
        }
    }
}

/// Returns `file` of what `tests/servers.sh <server>` brings.
///
/// # Panics
/// When it is not there.
pub(super) fn brought(server: &str, file: &str) -> PathBuf {
    // Tests run from `<target>/debug/deps`, examples from `<target>/release/examples`, and both are
    // one deeper when built for a named platform.
    let this = env::current_exe().expect("a running program has a path");
    this.ancestors()
        .map(|directory| directory.join("servers").join(file))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{server} is missing: run tests/servers.sh {server}"))
}

/// Makes the command that starts a server in a directory and on a port, both its own.
type MakeCommand = Box<dyn Fn(&Path, u16) -> Command + Send + Sync>;

pub(super) struct Server {
    name: &'static str,
    scheme: &'static str,
    ready: &'static str,
    authorization: Option<String>,
    make_command: MakeCommand,
    port: u16,
    process: Option<Process>,
    /// After the process, since fields are dropped in this order: its logs are in here.
    directory: TempDir,
}

impl Server {
    /// Starts a server and returns once it answers 200 at the path `ready`.
    pub(super) fn start(
        name: &'static str,
        scheme: &'static str,
        ready: &'static str,
        authorization: Option<String>,
        make_command: MakeCommand,
    ) -> Self {
        let directory = TempDir::new().expect("there is a directory for temporary files");
        let mut server = Self {
            name,
            scheme,
            ready,
            authorization,
            make_command,
            directory,
            port: 0,
            process: None,
        };
        // Another process can take a port between the look at it and the server's own bind.
        for _ in 0..2 {
            server.port = free_port();
            if server.launch().is_ok() {
                return server;
            }
        }
        server.port = free_port();
        server.restart();
        server
    }

    pub(super) fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// The directory that its command was made in.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Ends the server if it runs and starts it on the same port with the same data.
    pub(super) fn restart(&mut self) {
        self.stop();
        if let Err(process) = self.launch() {
            panic!("{} does not start:\n{}", self.name, process.stderr());
        }
    }

    /// Kills the server and starts it on the same port with what it has on disk.
    pub(super) fn crash(&mut self) {
        self.end(Signal::Kill);
        self.restart();
    }

    /// Lets the server end in its own way.
    pub(super) fn stop(&mut self) {
        self.end(Signal::Terminate);
    }

    fn end(&mut self, signal: Signal) {
        if let Some(mut process) = self.process.take() {
            process.signal(signal);
            process.wait(SHUTDOWN);
        }
    }

    /// Gives the process back when it ends instead of answering.
    fn launch(&mut self) -> Result<(), Process> {
        let mut command = (self.make_command)(self.directory.path(), self.port);
        command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path());
        let mut process = Process::spawn(self.name, &mut command, self.directory.path());
        let url = self.url() + self.ready;
        wait_until(&format!("{} to start", self.name), STARTUP, || {
            let answer = http::request("GET", &url, self.authorization.as_deref(), None);
            process.exit_status().is_some() || answer.is_ok_and(|reply| reply.status == 200)
        });
        if process.exit_status().is_some() {
            return Err(process);
        }
        self.process = Some(process);
        Ok(())
    }
}

/// Returns a port that nothing listens on and that no other call in this process returned.
///
/// It lies below the ports that Linux gives to outgoing connections, one of which could otherwise
/// occupy it while a test has its server stopped.
fn free_port() -> u16 {
    static TAKEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    // Each test process begins elsewhere.
    let first = process::id().wrapping_mul(97) % 10_000;
    (0..10_000)
        .map(|offset| u16::try_from(20_000 + (first + offset) % 10_000).expect("below 30,000"))
        .find(|&port| {
            !taken.contains(&port)
                && TcpListener::bind(("127.0.0.1", port)).is_ok()
                && taken.insert(port)
        })
        .expect("some port of ten thousand is free")
}
