//! The files of the state, which a crash or a power cut leaves whole: as they were, or as they should be.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::StoreError;

/// Returns what is in the file at `path`; `None` if there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        }),
    }
}

/// Removes the file at `path`, if there is one.
pub(super) fn remove(path: PathBuf) -> Result<(), StoreError> {
    match fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(StoreError::Io {
            action: "remove",
            path,
            source,
        }),
        _ => Ok(()),
    }
}

/// Replaces the file at `path`, on disk before it returns.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let failed = |source| StoreError::Io {
        action: "write",
        path: path.to_owned(),
        source,
    };
    let mut scratch = path.as_os_str().to_owned();
    scratch.push(".tmp");
    let scratch = PathBuf::from(scratch);
    let mut file = create_private(&scratch).map_err(failed)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    rename(&scratch, path).map_err(failed)?;
    sync_directory(path).map_err(failed)
}

#[cfg(not(windows))]
use std::fs::rename;

/// Windows refuses while somebody has the file open who does not share it, as a scanner for viruses has for a moment.
#[cfg(windows)]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    for _ in 0..50 {
        match fs::rename(from, to) {
            // `ERROR_SHARING_VIOLATION` has no kind of its own.
            Err(error)
                if error.kind() == io::ErrorKind::PermissionDenied
                    || error.raw_os_error() == Some(32) =>
            {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            result => return result,
        }
    }
    fs::rename(from, to)
}

/// Has the name of the file at `path` on disk, which a power cut could undo otherwise.
#[cfg(unix)]
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// Does nothing: NTFS keeps a journal of names, and no program can have a directory written.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(super) fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes an empty file at `path`, for nobody else to read, and opens it for writing.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
