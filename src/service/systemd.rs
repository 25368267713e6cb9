//! systemd: a unit of the user, and `systemctl --user`.

use std::path::Path;

use super::file::{MARK, ServiceFile};
use super::tool::{Tool, writable};
use super::{ServiceError, name};

/// The unit of packages, in which the program has no flags.
const PACKAGED: &str = include_str!("../../packaging/systemd/aw-sync-agent.service");
const PACKAGED_START: &str = "ExecStart=/usr/bin/aw-sync-agent\n";

const HINT: &str = "without systemd, let ActivityWatch start it: `aw-sync-agent autostart enable`";

/// The agent's unit.
#[derive(Debug)]
pub struct Systemd {
    systemctl: Tool,
    journalctl: Tool,
    unit: String,
    file: ServiceFile,
}

impl Systemd {
    /// Returns the unit of the user whose configuration is in the directory `config`; it may not exist yet.
    pub fn new(config: &Path, testing: bool) -> Self {
        let tool = |program: &str| Tool {
            program: program.into(),
            first: &["--user"],
            hint: HINT,
        };
        let unit = format!("{}.service", name(testing));
        Self {
            systemctl: tool("systemctl"),
            journalctl: tool("journalctl"),
            file: ServiceFile::new(config.join("systemd/user").join(&unit)),
            unit,
        }
    }

    /// When it starts by itself.
    pub const STARTS: &str = "at login";

    /// Where it is: the unit's file.
    pub fn place(&self) -> String {
        self.file.path().display().to_string()
    }

    /// Has systemd start `program` with `arguments` when the user logs in; returns whether that is a change.
    ///
    /// # Errors
    /// Any [`ServiceError`]; nothing is written when there is no manager, or the file is not ours.
    pub fn install(&self, program: &Path, arguments: &[String]) -> Result<bool, ServiceError> {
        let text = unit(program, arguments)?;
        self.reach_manager()?;
        let is_change = self.file.write(&text)?;
        self.systemctl.run(&["daemon-reload"])?;
        self.systemctl.run(&["enable", &self.unit])?;
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
        self.reach_manager()?;
        self.systemctl.run(&["disable", "--now", &self.unit])?;
        self.file.remove()?;
        self.systemctl.run(&["daemon-reload"])?;
        Ok(true)
    }

    /// Starts it, if it does not run, and returns once it is at work or waits for something.
    ///
    /// # Errors
    /// Any [`ServiceError`].
    pub fn start(&self) -> Result<(), ServiceError> {
        self.manage("start")
    }

    /// Stops it until the next login.
    ///
    /// # Errors
    /// Any [`ServiceError`].
    pub fn stop(&self) -> Result<(), ServiceError> {
        self.manage("stop")
    }

    /// Stops it, if it runs, and starts it.
    ///
    /// # Errors
    /// Any [`ServiceError`].
    pub fn restart(&self) -> Result<(), ServiceError> {
        self.manage("restart")
    }

    /// Prints how it is, and returns whether it runs.
    ///
    /// # Errors
    /// Any [`ServiceError`].
    pub fn status(&self) -> Result<bool, ServiceError> {
        self.reach_manager()?;
        let status = self
            .systemctl
            .show(&["status", "--no-pager", "--lines=5", &self.unit])?;
        Ok(status.success())
    }

    /// Becomes the program that shows its log, and goes on to do so with `follow`; comes back only if that fails.
    pub fn logs(&self, follow: bool) -> ServiceError {
        let arguments = ["-u", &self.unit, "--follow"];
        let count = if follow { 3 } else { 2 };
        self.journalctl.take_over(&arguments[..count])
    }

    fn manage(&self, verb: &str) -> Result<(), ServiceError> {
        self.reach_manager()?;
        let done = self.systemctl.run(&[verb, &self.unit]);
        done.map_err(|error| match error {
            ServiceError::Failed { command, said, .. } => ServiceError::Failed {
                command,
                said,
                // A package may have brought another unit, which is managed as well.
                hint: Some(match self.file.read() {
                    Ok(None) => "`aw-sync-agent service install` makes it a service",
                    _ => "`aw-sync-agent service logs` shows why",
                }),
            },
            other => other,
        })
    }

    /// Asks the manager something that it can always answer.
    fn reach_manager(&self) -> Result<(), ServiceError> {
        let asked = self.systemctl.run(&["show", "--property=Version"]);
        asked.map_err(|error| match error {
            ServiceError::Failed { said, .. } => ServiceError::NoManager { said },
            other => other,
        })
    }
}

/// Returns the text of a unit that runs `program` with `arguments`.
///
/// # Errors
/// [`ServiceError::Unwritable`].
fn unit(program: &Path, arguments: &[String]) -> Result<String, ServiceError> {
    // In the program's own path there are no variables.
    let mut start = quoted(writable(program.as_os_str())?);
    for argument in arguments {
        start.push(' ');
        start.push_str(&quoted(writable(argument.as_ref())?).replace('$', "$$"));
    }
    let unit = PACKAGED.replace(PACKAGED_START, &format!("ExecStart={start}\n"));
    Ok(format!("# {MARK}\n{unit}"))
}

/// Returns `text` as one word of a command line in a unit, but for `$`.
fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('%', "%%");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start_of(unit: &str) -> &str {
        let mut lines = unit.lines().filter(|line| line.starts_with("ExecStart="));
        let start = lines.next().unwrap();
        assert_eq!(lines.next(), None);
        start
    }

    #[test]
    fn a_unit_has_the_program_and_its_flags_as_systemd_reads_them() {
        let arguments = [
            "--aw-url=http://a/%20",
            "--cron=0 9-17 * * mon-fri",
            r#"--user-id=$HOME ${x} "a" 'b' \n"#,
            ";",
        ]
        .map(str::to_owned);
        let unit = unit(Path::new("/opt/$x 100%/aw-sync-agent"), &arguments).unwrap();
        insta::assert_snapshot!(start_of(&unit), @r#"ExecStart="/opt/$x 100%%/aw-sync-agent" "--aw-url=http://a/%%20" "--cron=0 9-17 * * mon-fri" "--user-id=$$HOME $${x} \"a\" 'b' \\n" ";""#);
        assert!(unit.starts_with("# Written by "), "{unit}");
        let rest = |text: &str| text.replace(start_of(text), "");
        assert_eq!(rest(&unit).split_once('\n').unwrap().1, rest(PACKAGED));
    }

    #[test]
    fn what_a_unit_cannot_hold_is_refused() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;

        let odd = OsStr::from_bytes(b"/opt/\xff");
        for result in [
            unit(Path::new(odd), &[]),
            unit(Path::new("/a"), &["--user-id=a\nb".to_owned()]),
        ] {
            assert!(matches!(result, Err(ServiceError::Unwritable { .. })));
        }
    }
}
