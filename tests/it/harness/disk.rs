//! A small disk in the place of a directory, which can be full or read-only whoever writes: permissions do not bind root.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::process::Process;
use super::{SOON, wait_until};

/// The mount is in a namespace of its own, which a process holds that does nothing else, and ends with the value.
pub(crate) struct Disk {
    holder: Process,
    directory: PathBuf,
    is_root: bool,
    _logs: TempDir,
}

impl Disk {
    /// Puts an empty disk of 256 KiB in the place of `directory`, which has to exist, for programs that run in
    /// [`Self::namespace`].
    ///
    /// # Panics
    /// Where this machine does not let us mount; the message says what is needed.
    pub(crate) fn instead_of(directory: &Path) -> Self {
        let logs = TempDir::new().expect("there is a directory for temporary files");
        let is_root = fs::metadata(directory).is_ok_and(|ours| ours.uid() == 0);
        let mut unshare = Command::new("unshare");
        if !is_root {
            unshare.args(["--user", "--map-root-user"]);
        }
        unshare
            .args(["--mount", "sh", "-c"])
            .arg("mount -t tmpfs -o size=256k none \"$0\" && echo mounted && exec sleep 1000000")
            .arg(directory);
        let mut holder = Process::spawn("disk", &mut unshare, logs.path());
        wait_until("a disk", SOON, || {
            holder.exit_status().is_some() || holder.stdout().contains("mounted")
        });
        assert!(
            holder.exit_status().is_none(),
            "cannot mount over {}: {}\nthis test needs unshare and mount (package util-linux) and \
             either root with CAP_SYS_ADMIN or unprivileged user namespaces",
            directory.display(),
            holder.stderr()
        );
        Self {
            holder,
            directory: directory.to_owned(),
            is_root,
            _logs: logs,
        }
    }

    /// Returns a program that runs another one where the disk is.
    pub(crate) fn namespace(&self) -> Command {
        let mut nsenter = Command::new("nsenter");
        if !self.is_root {
            nsenter.args(["--user", "--preserve-credentials"]);
        }
        nsenter
            .arg(format!("--target={}", self.holder.id()))
            .args(["--mount", "--"]);
        nsenter
    }

    /// Where `file` of the disk is for the test.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        let inside = self
            .directory
            .strip_prefix("/")
            .expect("directories of tests are absolute");
        Path::new(&format!("/proc/{}/root", self.holder.id()))
            .join(inside)
            .join(file)
    }

    /// Returns a program that lets nobody write to it any more, also where a file is open.
    pub(crate) fn forbid_writing(&self) -> Command {
        self.shell("mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\"")
    }

    /// Returns a program that undoes it.
    pub(crate) fn allow_writing(&self) -> Command {
        self.shell("umount \"$0\"")
    }

    /// Returns a program that runs a line of shell, for which `$0` is the directory.
    fn shell(&self, line: &str) -> Command {
        let mut shell = self.namespace();
        shell.args(["sh", "-c", line]).arg(&self.directory);
        shell
    }
}

/// Writes to a new file until its disk is full.
pub(crate) fn fill(path: &Path) {
    let mut file = File::create(path).expect("there is room for an empty file");
    let full = std::iter::repeat_with(|| file.write_all(&[b'x'; 512]))
        .find_map(Result::err)
        .expect("disks have an end");
    assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
}
