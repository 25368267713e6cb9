//! The file that makes the agent a service, told from others of its name by a mark.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::ServiceError;

/// What stands in a comment of each such file.
pub(super) const MARK: &str =
    "Written by `aw-sync-agent service install`; `aw-sync-agent service uninstall` removes it.";

/// A file that is ours if it bears the [`MARK`].
#[derive(Debug)]
pub(super) struct ServiceFile {
    path: PathBuf,
}

impl ServiceFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns its text; `None` if there is no file.
    ///
    /// # Errors
    /// [`ServiceError::Foreign`] when it is not ours, [`ServiceError::Io`].
    pub(super) fn read(&self) -> Result<Option<String>, ServiceError> {
        // A link is how others put files here, or forbid them: `systemctl mask` makes one to nowhere.
        let is_link = fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_symlink());
        match fs::read_to_string(&self.path) {
            _ if is_link => Err(self.foreign()),
            Ok(text) if text.contains(MARK) => Ok(Some(text)),
            Ok(_) => Err(self.foreign()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(self.foreign()),
            Err(error) => Err(self.failed("read", error)),
        }
    }

    /// Makes `text` the whole file, and returns whether that is a change. Only its owner can read it: a flag may hold
    /// a password. A crash leaves the old file or the new one.
    ///
    /// # Errors
    /// Those of [`Self::read`]; nothing is changed then.
    pub(super) fn write(&self, text: &str) -> Result<bool, ServiceError> {
        if self.read()?.is_some_and(|found| found == text) {
            return Ok(false);
        }
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory).map_err(|error| self.failed("written", error))?;
        }
        // Not a name that systemd or launchd would load.
        let scratch = self.path.with_extension("tmp");
        let write = || -> io::Result<()> {
            let mut file = create_private(&scratch)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&scratch, &self.path)
        };
        write().map_err(|error| self.failed("written", error))?;
        Ok(true)
    }

    /// Removes it.
    ///
    /// # Errors
    /// [`ServiceError::Io`].
    pub(super) fn remove(&self) -> Result<(), ServiceError> {
        fs::remove_file(&self.path).map_err(|error| self.failed("removed", error))
    }

    fn foreign(&self) -> ServiceError {
        let path = self.path.clone();
        ServiceError::Foreign { path }
    }

    fn failed(&self, action: &'static str, source: io::Error) -> ServiceError {
        ServiceError::Io {
            action,
            path: self.path.clone(),
            source,
        }
    }
}

/// What a crash may have left under this name is replaced, its mode too.
fn create_private(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options.mode(0o600).open(path)
}
