//! What Windows's service control manager is asked; tests have a stand-in for it.

use std::io;
use std::path::PathBuf;

/// How a service is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// What it is given.
    pub arguments: Vec<String>,
    /// The user it runs as.
    pub account: String,
    /// What lists of services show: its name, and a sentence.
    pub title: String,
    /// See `title`.
    pub description: String,
}

/// A service that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its program and arguments, as one line with quotes.
    pub command_line: String,
    /// What it does now.
    pub state: State,
}

/// What a service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Stopped {
        /// How it ended, 0 if it was well.
        code: u32,
    },
    /// It works, as the process of this number, if that is known.
    Running {
        /// The number.
        process: Option<u32>,
    },
    /// It is about to start or to stop.
    Pending,
}

/// The service control manager. All its errors are the system's own.
pub trait Manager {
    /// Returns the service `name`; `None` if there is none.
    ///
    /// # Errors
    /// The manager's.
    fn find(&self, name: &str) -> io::Result<Option<Installed>>;

    /// Makes a service of this name, or the one that there is into this, and has the system start it with itself.
    ///
    /// # Errors
    /// The manager's.
    fn put(&self, name: &str, launch: &Launch) -> io::Result<()>;

    /// Removes the service, which does not run.
    ///
    /// # Errors
    /// The manager's.
    fn delete(&self, name: &str) -> io::Result<()>;

    /// Has the service start, and does not wait for it.
    ///
    /// # Errors
    /// The manager's.
    fn start(&self, name: &str) -> io::Result<()>;

    /// Tells the service to stop, and does not wait for it.
    ///
    /// # Errors
    /// The manager's.
    fn stop(&self, name: &str) -> io::Result<()>;
}
