//! Lines as systemd's journal takes them from a service's stderr: `sd-daemon(3)`.

use std::io::{self, Write};

use log::Level;

/// Whether stderr is the journal's stream that `JOURNAL_STREAM` names by device and inode. A terminal that a service
/// started passes that variable on, but is another file.
#[cfg(unix)]
pub(super) fn is_stderr(name: &str) -> bool {
    use std::fs::File;
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::MetadataExt as _;

    let stderr = io::stderr();
    let found = stderr.as_fd().try_clone_to_owned().map(File::from);
    found
        .and_then(|file| file.metadata())
        .is_ok_and(|found| format!("{}:{}", found.dev(), found.ino()) == name)
}

#[cfg(not(unix))]
pub(super) fn is_stderr(_name: &str) -> bool {
    false
}

/// Writes `message` with its priority in front of each line: a line is a record there, which has a time already.
pub(super) fn write(out: &mut impl Write, level: Level, message: &str) -> io::Result<()> {
    let priority = match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    };
    message
        .lines()
        .try_for_each(|line| writeln!(out, "<{priority}>{line}"))
}
