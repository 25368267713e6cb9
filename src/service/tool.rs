//! A program of the system that manages services.

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
#[cfg(unix)]
use std::process::ExitStatus;
use std::process::{Command, Output};

use super::ServiceError;

/// A program with what is said wherever it cannot be found.
#[derive(Debug)]
pub(super) struct Tool {
    /// Its name, which is searched along `PATH`, or its path.
    pub(super) program: PathBuf,
    /// What comes before the arguments of each run.
    pub(super) first: &'static [&'static str],
    /// What to do where it is missing.
    pub(super) hint: &'static str,
}

impl Tool {
    /// Runs it and keeps what it says.
    ///
    /// # Errors
    /// [`ServiceError::NoTool`], and [`ServiceError::Failed`] when it cannot be run or ends with anything but 0.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<(), ServiceError> {
        let output = self.output(arguments)?;
        if output.status.success() {
            return Ok(());
        }
        // Those of Windows complain on stdout.
        let said = [&output.stderr, &output.stdout].map(|text| String::from_utf8_lossy(text));
        let said = said
            .iter()
            .map(|text| text.trim())
            .find(|text| !text.is_empty());
        Err(ServiceError::Failed {
            command: self.shown(arguments),
            said: said.map_or_else(|| output.status.to_string(), str::to_owned),
            hint: None,
        })
    }

    /// Runs it and returns whether it ended with 0, whatever it says.
    ///
    /// # Errors
    /// [`ServiceError::NoTool`], and [`ServiceError::Failed`] when it cannot be run.
    #[cfg(unix)]
    pub(super) fn succeeds(&self, arguments: &[&str]) -> Result<bool, ServiceError> {
        Ok(self.output(arguments)?.status.success())
    }

    /// Runs it for the person at the terminal.
    ///
    /// # Errors
    /// [`ServiceError::NoTool`], and [`ServiceError::Failed`] when it cannot be run.
    #[cfg(unix)]
    pub(super) fn show(&self, arguments: &[&str]) -> Result<ExitStatus, ServiceError> {
        self.command(arguments)
            .status()
            .map_err(|error| self.failed(arguments, &error))
    }

    /// Becomes it, so that its pager and its signals are the terminal's; comes back only when that is not possible.
    #[cfg(unix)]
    pub(super) fn take_over(&self, arguments: &[&str]) -> ServiceError {
        use std::os::unix::process::CommandExt as _;

        let error = self.command(arguments).exec();
        self.failed(arguments, &error)
    }

    fn output(&self, arguments: &[&str]) -> Result<Output, ServiceError> {
        self.command(arguments)
            .output()
            .map_err(|error| self.failed(arguments, &error))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(self.first).args(arguments);
        command
    }

    fn failed(&self, arguments: &[&str], error: &io::Error) -> ServiceError {
        if error.kind() == io::ErrorKind::NotFound {
            return ServiceError::NoTool {
                tool: self.program.clone(),
                hint: self.hint,
            };
        }
        ServiceError::Failed {
            command: self.shown(arguments),
            said: error.to_string(),
            hint: None,
        }
    }

    fn shown(&self, arguments: &[&str]) -> String {
        let words = [self.first, arguments].concat().join(" ");
        format!("{} {words}", self.program.display())
    }
}

/// Returns `text` as a service's file can hold it.
///
/// # Errors
/// [`ServiceError::Unwritable`] when it is not UTF-8 or has control characters.
pub(super) fn writable(text: &OsStr) -> Result<&str, ServiceError> {
    text.to_str()
        .filter(|text| !text.contains(char::is_control))
        .ok_or_else(|| ServiceError::Unwritable {
            what: format!("{:?}", text.to_string_lossy()),
        })
}

/// Writes a program that stands in for one of the system.
///
/// A shell does it. A file that this process has open for writing another thread's child may have for a moment too, and
/// as long as anybody has it the system refuses to run it.
#[cfg(all(test, unix))]
pub(super) fn write_program(path: &std::path::Path, text: &str) {
    let written = Command::new("sh")
        .args(["-c", r#"printf %s "$1" > "$0" && chmod 755 "$0""#])
        .arg(path)
        .arg(text)
        .status();
    assert!(written.is_ok_and(|status| status.success()));
}
