//! launchd: an agent of the user, and `launchctl`.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::file::{MARK, ServiceFile};
use super::tool::{Tool, writable};
use super::{ServiceError, name};

/// How long a service that is told to end may take: it promises two seconds.
const LOOKS: u32 = 100;
const LOOK: Duration = Duration::from_millis(100);

const NOT_INSTALLED: &str = "`aw-sync-agent service install` makes it a service";

/// The agent as launchd's.
#[derive(Debug)]
pub struct Launchd {
    launchctl: Tool,
    tail: Tool,
    label: &'static str,
    /// The user's session, in launchd's words.
    domain: String,
    file: ServiceFile,
    log_file: Option<PathBuf>,
}

impl Launchd {
    /// Returns the service of the user `uid` with the directory `home`; it may not be installed yet. `log_file` is
    /// the newest that the daemon wrote.
    pub fn new(home: &Path, uid: u32, log_file: Option<PathBuf>, testing: bool) -> Self {
        let label = name(testing);
        let tool = |program: &str| Tool {
            program: program.into(),
            first: &[],
            hint: "it is part of macOS; check the PATH",
        };
        let file = home.join(format!("Library/LaunchAgents/{label}.plist"));
        Self {
            launchctl: tool("launchctl"),
            tail: tool("tail"),
            label,
            domain: format!("gui/{uid}"),
            file: ServiceFile::new(file),
            log_file,
        }
    }

    /// When it starts by itself.
    pub const STARTS: &str = "at login";

    /// Where it is: the service's property list.
    pub fn place(&self) -> String {
        self.file.path().display().to_string()
    }

    /// The service's property list.
    fn file(&self) -> &Path {
        self.file.path()
    }

    /// Has launchd start `program` with `arguments` when the user logs in; returns whether that is a change.
    ///
    /// # Errors
    /// Any [`ServiceError`]; nothing is written when the file is not ours.
    pub fn install(&self, program: &Path, arguments: &[String]) -> Result<bool, ServiceError> {
        let is_change = self
            .file
            .write(&property_list(self.label, program, arguments)?)?;
        // It may have been disabled, which launchd remembers beside the file.
        self.launchctl.run(&["enable", &self.target()])?;
        Ok(is_change)
    }

    /// Stops it and removes its file; returns whether there was one.
    ///
    /// # Errors
    /// Any [`ServiceError`]; a file that is not ours stays, and so does what it runs.
    pub fn uninstall(&self) -> Result<bool, ServiceError> {
        if self.file.read()?.is_none() {
            return Ok(false);
        }
        self.stop()?;
        self.file.remove()?;
        Ok(true)
    }

    /// Starts it, if it does not run.
    ///
    /// # Errors
    /// Any [`ServiceError`].
    pub fn start(&self) -> Result<(), ServiceError> {
        if self.is_loaded()? {
            return self.launchctl.run(&["kickstart", &self.target()]);
        }
        let path = writable(self.file().as_os_str())?;
        let arguments = ["bootstrap", &self.domain, path];
        if self.file.read()?.is_none() {
            return Err(ServiceError::Failed {
                command: format!("launchctl {}", arguments.join(" ")),
                said: "there is no such file".to_owned(),
                hint: Some(NOT_INSTALLED),
            });
        }
        self.launchctl.run(&arguments)
    }

    /// Stops it until the next login, and returns once it has ended.
    ///
    /// # Errors
    /// Any [`ServiceError`].
    pub fn stop(&self) -> Result<(), ServiceError> {
        if !self.is_loaded()? {
            return Ok(());
        }
        let ended = self.launchctl.run(&["bootout", &self.target()]);
        for _ in 0..LOOKS {
            if !self.is_loaded()? {
                return Ok(());
            }
            sleep(LOOK);
        }
        ended
    }

    /// Stops it, if it runs, and starts it with what its file says now.
    ///
    /// # Errors
    /// Any [`ServiceError`].
    pub fn restart(&self) -> Result<(), ServiceError> {
        self.stop()?;
        self.start()
    }

    /// Prints how it is, and returns whether launchd has it.
    ///
    /// # Errors
    /// Any [`ServiceError`].
    pub fn status(&self) -> Result<bool, ServiceError> {
        let status = self.launchctl.show(&["print", &self.target()])?;
        Ok(status.success())
    }

    /// Becomes the program that shows its newest log file, and goes on to do so with `follow`; comes back only if that
    /// fails.
    pub fn logs(&self, follow: bool) -> ServiceError {
        let Some(path) = &self.log_file else {
            return ServiceError::NoLog;
        };
        match writable(path.as_os_str()) {
            Ok(path) if follow => self.tail.take_over(&["-n", "100", "-F", path]),
            Ok(path) => self.tail.take_over(&["-n", "100", path]),
            Err(error) => error,
        }
    }

    fn target(&self) -> String {
        format!("{}/{}", self.domain, self.label)
    }

    fn is_loaded(&self) -> Result<bool, ServiceError> {
        self.launchctl.succeeds(&["print", &self.target()])
    }
}

/// Returns the text of a property list that runs `program` with `arguments`.
///
/// # Errors
/// [`ServiceError::Unwritable`].
fn property_list(
    label: &str,
    program: &Path,
    arguments: &[String],
) -> Result<String, ServiceError> {
    let mut words = String::new();
    let arguments = arguments.iter().map(AsRef::as_ref);
    for word in std::iter::once(program.as_os_str()).chain(arguments) {
        for part in ["\t\t<string>", &escaped(writable(word)?), "</string>\n"] {
            words.push_str(part);
        }
    }
    // launchd knows no exit code after which a restart is of no use. 63 is the mask 0077.
    Ok(format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- {MARK} -->
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>{label}</string>
	<key>ProgramArguments</key>
	<array>
{words}	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>ThrottleInterval</key>
	<integer>30</integer>
	<key>ProcessType</key>
	<string>Background</string>
	<key>Umask</key>
	<integer>63</integer>
</dict>
</plist>
"#
    ))
}

/// Returns `text` as the text of an XML element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
