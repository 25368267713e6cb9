//! Windows: a service of the service control manager, which `services.msc` and `sc query` show.
//!
//! A task at logon would run as the user without more ado. But the scheduler opens a console window for it, and ends it
//! by killing it; a service has neither fault, starts before anybody logs on, is told of the shutdown, and is started
//! again after a crash. ActivityWatch's files are the user's, though, and a service runs as somebody else:
//!
//! - As `LocalSystem`, it would run a program, and read paths from settings, that a plain user can change.
//! - As the user, it would need the password, and be broken by the next one; many accounts have none at all.
//! - As a service for each user, which Windows knows since 2016, it could not be started before the next logon.
//!
//! So it has an account of its own, `NT SERVICE\aw-sync-agent`, which Windows makes for it without a password. That
//! account may use the agent's own directories and read the files in which ActivityWatch says where its server is, those
//! that are there at install, and nothing else of the user's, such as a `password-file` elsewhere. Where the directories
//! are is kept at install, in the arguments of the service.
//!
//! Only an administrator can install it. Whoever is none has ActivityWatch start the agent, as nearly all do.

mod access;
mod manager;
#[cfg(windows)]
mod process;
#[cfg(windows)]
mod scm;

use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

pub use access::Files;
pub use manager::{Installed, Launch, Manager, State};
#[cfg(windows)]
pub use process::Process;
#[cfg(windows)]
pub(super) use process::Reporter;
#[cfg(windows)]
pub use scm::Scm;

use super::{ServiceError, name};
use access::Access;

/// How long a service that is told to end may take: it promises two seconds. To start it takes less.
const LOOKS: u32 = 100;
const LOOK: Duration = Duration::from_millis(100);

/// `ERROR_ACCESS_DENIED`.
const DENIED: i32 = 5;
/// `ERROR_SERVICE_DATABASE_LOCKED`.
const LOCKED: i32 = 1055;
/// `ERROR_SERVICE_ALREADY_RUNNING`.
#[cfg(windows)]
const ALREADY_RUNNING: i32 = 1056;
/// `ERROR_SERVICE_DOES_NOT_EXIST`.
const NOT_INSTALLED: i32 = 1060;
/// `ERROR_SERVICE_NOT_ACTIVE`.
#[cfg(windows)]
const NOT_RUNNING: i32 = 1062;
/// `ERROR_SERVICE_CANNOT_ACCEPT_CTRL`: it starts or stops right now.
const BUSY: i32 = 1061;
/// `ERROR_SERVICE_NEVER_STARTED`: what one that has not run since the start of Windows says it has ended with.
const NEVER_STARTED: u32 = 1077;
/// `ERROR_SERVICE_MARKED_FOR_DELETE`.
const BEING_DELETED: i32 = 1072;

/// Where the directories of a user are, from which all others follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// `%LOCALAPPDATA%`.
    pub local: PathBuf,
    /// `%APPDATA%`.
    pub roaming: PathBuf,
}

/// The agent as a service of Windows.
#[derive(Debug)]
pub struct Windows<M> {
    manager: M,
    access: Access,
    name: &'static str,
    profile: Profile,
    files: Files,
}

impl<M: Manager> Windows<M> {
    /// Returns the service that `manager` has, or may get, for the user of `profile` with these `files`.
    pub fn new(manager: M, profile: Profile, files: Files, testing: bool) -> Self {
        Self {
            manager,
            access: Access::of(of_system("icacls"), of_system("sc")),
            name: name(testing),
            profile,
            files,
        }
    }

    /// When it starts by itself.
    pub const STARTS: &str = "with Windows";

    /// How it is called in a list of services.
    pub fn place(&self) -> String {
        format!("the service {}", self.name)
    }

    /// Has Windows start `program` with `arguments`; returns whether that is a change.
    ///
    /// # Errors
    /// Any [`ServiceError`]; nothing is changed when the service is another user's.
    pub fn install(&self, program: &Path, arguments: &[String]) -> Result<bool, ServiceError> {
        let before = self.own()?;
        let mut arguments = arguments.to_vec();
        arguments.extend(["service", "run"].map(str::to_owned));
        for (flag, path) in [
            ("local", &self.profile.local),
            ("roaming", &self.profile.roaming),
        ] {
            let path = super::tool::writable(path.as_os_str())?;
            arguments.push(format!("--{flag}={path}"));
        }
        let account = self.account();
        let launch = Launch {
            program: program.to_owned(),
            arguments,
            account: account.clone(),
            title: self.name.to_owned(),
            description: env!("CARGO_PKG_DESCRIPTION").to_owned(),
        };
        self.manager
            .put(self.name, &launch)
            .map_err(|error| self.failed("install", &error))?;
        let granted = self.access.grant(&account, self.name, program, &self.files);
        if granted.is_err() && before.is_none() {
            // It could do nothing.
            drop(self.manager.delete(self.name));
        }
        granted?;
        let command_line = |found: Option<Installed>| found.map(|found| found.command_line);
        Ok(command_line(before) != command_line(self.own()?))
    }

    /// Stops and removes it; returns whether there was one.
    ///
    /// # Errors
    /// Any [`ServiceError`]; one of another user stays, and so does what it runs.
    pub fn uninstall(&self) -> Result<bool, ServiceError> {
        if self.own()?.is_none() {
            return Ok(false);
        }
        self.stop()?;
        // Before its account is gone with it.
        self.access.revoke(&self.account(), &self.files);
        self.manager
            .delete(self.name)
            .map_err(|error| self.failed("remove", &error))?;
        Ok(true)
    }

    /// Starts it, if it does not run, and returns once it is at work or waits for something.
    ///
    /// # Errors
    /// Any [`ServiceError`].
    pub fn start(&self) -> Result<(), ServiceError> {
        // While Windows itself starts, it starts one after the other, and nothing else.
        let started = while_it_says(LOCKED, || self.manager.start(self.name));
        started.map_err(|error| self.failed("start", &error))?;
        match self.after(|state| state == State::Pending)? {
            Some(State::Running { .. }) => Ok(()),
            Some(State::Stopped { code }) => Err(ServiceError::Failed {
                command: format!("start {}", self.name),
                said: format!("it has ended with {code}"),
                hint: Some("`aw-sync-agent service logs` shows why"),
            }),
            _ => Err(self.slow("start")),
        }
    }

    /// Stops it until Windows starts again, and returns once it has ended.
    ///
    /// # Errors
    /// Any [`ServiceError`].
    pub fn stop(&self) -> Result<(), ServiceError> {
        let stopped = while_it_says(BUSY, || self.manager.stop(self.name));
        stopped.map_err(|error| self.failed("stop", &error))?;
        // It is told at once, and says so a little later.
        match self.after(|state| !matches!(state, State::Stopped { .. }))? {
            None | Some(State::Stopped { .. }) => Ok(()),
            _ => Err(self.slow("stop")),
        }
    }

    /// Stops it, if it runs, and starts it with the flags that it has now.
    ///
    /// # Errors
    /// Any [`ServiceError`].
    pub fn restart(&self) -> Result<(), ServiceError> {
        self.stop()?;
        self.start()
    }

    /// Says how it is, in lines, and returns whether it runs.
    ///
    /// # Errors
    /// Any [`ServiceError`].
    pub fn status(&self) -> Result<(String, bool), ServiceError> {
        let Some(Installed {
            command_line,
            state,
        }) = self.find()?
        else {
            return Ok((format!("{}: is not installed\n", self.name), false));
        };
        let (says, runs) = match state {
            State::Stopped {
                code: 0 | NEVER_STARTED,
            } => ("stopped".to_owned(), false),
            State::Stopped { code } => (format!("stopped, it ended with {code}"), false),
            State::Running { process: Some(pid) } => (format!("running, process {pid}"), true),
            State::Running { process: None } => ("running".to_owned(), true),
            State::Pending => ("starting or stopping".to_owned(), false),
        };
        Ok((
            format!(
                "{}: {says}\naccount: {}\ncommand: {}\n",
                self.name,
                self.account(),
                masked(&command_line)
            ),
            runs,
        ))
    }

    /// The account that Windows makes for the service.
    fn account(&self) -> String {
        format!(r"NT SERVICE\{}", self.name)
    }

    fn find(&self) -> Result<Option<Installed>, ServiceError> {
        let found = self.manager.find(self.name);
        found.map_err(|error| self.failed("query", &error))
    }

    /// The service if there is one and it is this user's.
    fn own(&self) -> Result<Option<Installed>, ServiceError> {
        let found = self.find()?;
        let local = self.profile.local.to_string_lossy();
        match found {
            Some(found) if !found.command_line.contains(&*local) => Err(ServiceError::Foreign {
                path: self.place().into(),
            }),
            found => Ok(found),
        }
    }

    /// Returns how it is once that is none of what `passes`, but does not wait for ever.
    fn after(&self, passes: impl Fn(State) -> bool) -> Result<Option<State>, ServiceError> {
        let mut state = self.find()?.map(|found| found.state);
        for _ in 0..LOOKS {
            if !state.is_some_and(&passes) {
                break;
            }
            sleep(LOOK);
            state = self.find()?.map(|found| found.state);
        }
        Ok(state)
    }

    fn slow(&self, verb: &str) -> ServiceError {
        ServiceError::Failed {
            command: format!("{verb} {}", self.name),
            said: "it takes longer than it may".to_owned(),
            hint: Some("`aw-sync-agent service logs` shows why"),
        }
    }

    fn failed(&self, verb: &str, error: &io::Error) -> ServiceError {
        ServiceError::Failed {
            command: format!("{verb} {}", self.name),
            said: error.to_string(),
            hint: match error.raw_os_error() {
                Some(DENIED) => Some(
                    "only an administrator can: open the terminal with \"Run as administrator\"; without such rights, let \
                     ActivityWatch start it: `aw-sync-agent autostart enable`",
                ),
                Some(NOT_INSTALLED) => Some("`aw-sync-agent service install` makes it a service"),
                Some(BEING_DELETED) => Some(
                    "it goes once nothing looks at it: close the window of services, and repeat",
                ),
                _ => None,
            },
        }
    }
}

/// Calls again for some seconds while it fails with `code`.
fn while_it_says(code: i32, call: impl Fn() -> io::Result<()>) -> io::Result<()> {
    for _ in 0..LOOKS {
        match call() {
            Err(error) if error.raw_os_error() == Some(code) => sleep(LOOK),
            result => return result,
        }
    }
    call()
}

/// Returns where a program of the system is. Not only its name: who installs a service is an administrator, and what lies
/// beside the agent may be anybody's.
fn of_system(program: &str) -> PathBuf {
    #[cfg(windows)]
    let directory =
        winsafe::GetSystemDirectory().unwrap_or_else(|_| r"C:\Windows\System32".to_owned());
    #[cfg(not(windows))]
    let directory = "";
    Path::new(&directory).join(format!("{program}.exe"))
}

/// Returns a command line without the names and passwords that stand in addresses.
fn masked(command_line: &str) -> String {
    let mut parts = command_line.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['/', ' ', '"']).unwrap_or(part.len());
        let userinfo = part[..end].rfind('@').map_or(0, |at| at + 1);
        shown.push_str("://");
        if userinfo > 0 {
            shown.push_str("***@");
        }
        shown.push_str(&part[userinfo..]);
    }
    shown
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
