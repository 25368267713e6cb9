//! A directory that cannot be written to, whoever tries: permissions do not bind root.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// Returns a program that runs another one, for which `directory` is empty and read-only. It has to exist.
///
/// The mount is in a namespace of its own and ends with the program.
///
/// # Panics
/// Where this machine does not let us mount; the message says what is needed.
pub(crate) fn read_only(directory: &Path) -> Command {
    let trial = mounting_over(directory).arg("true").output();
    let complaint = match trial {
        Ok(trial) if trial.status.success() => return mounting_over(directory),
        Ok(trial) => String::from_utf8_lossy(&trial.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    panic!(
        "cannot mount over {}: {complaint}\nthis test needs unshare and mount (package util-linux) and \
         either root with CAP_SYS_ADMIN or unprivileged user namespaces",
        directory.display()
    );
}

fn mounting_over(directory: &Path) -> Command {
    let mut unshare = Command::new("unshare");
    let ours = fs::metadata(directory).expect("the directory exists");
    if ours.uid() != 0 {
        unshare.args(["--user", "--map-root-user"]);
    }
    unshare
        .args(["--mount", "sh", "-c"])
        .arg("mount -t tmpfs -o ro none \"$0\" && exec \"$@\"")
        .arg(directory);
    unshare
}
