use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::Store;

/// How long somebody who looks for the holder may have the lock.
const LOOK: Duration = Duration::from_millis(5);

/// Why the state is not ours.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another agent works with it.
    #[error(
        "another aw-sync-agent works with this state: {holder}\nhint: stop it first, or let it do the work"
    )]
    Held {
        /// Who, in words.
        holder: String,
    },
    /// The system refuses.
    #[error(
        "cannot lock {path}: {source}\nhint: the agent needs to write to that folder; check its owner and its mode"
    )]
    Io {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The right to read and change the state, until it is dropped or the process ends in any way.
///
/// The lock is the system's, on the file `lock`, which stays. Its holder's name stands in a file beside it, since a
/// locked file cannot be read on Windows.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of `store`, whose directory exists, if it is free. `purpose` is what others are told, for example
    /// `daemon`.
    ///
    /// # Errors
    /// Any [`LockError`].
    pub fn take(store: &Store, purpose: &str) -> Result<Self, LockError> {
        let file = open(store)?;
        // Whoever only looks holds it too, for a moment.
        for _ in 0..10 {
            match file.try_lock() {
                Ok(()) => return Ok(Self::taken(file, store, purpose)),
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOOK),
                Err(TryLockError::Error(source)) => return Err(failed(store, source)),
            }
        }
        Err(LockError::Held {
            holder: holder(store),
        })
    }

    /// Takes the lock as [`Self::take`] does, and blocks until it is free.
    ///
    /// # Errors
    /// [`LockError::Io`].
    pub fn wait(store: &Store, purpose: &str) -> Result<Self, LockError> {
        let file = open(store)?;
        file.lock().map_err(|source| failed(store, source))?;
        Ok(Self::taken(file, store, purpose))
    }

    fn taken(file: File, store: &Store, purpose: &str) -> Self {
        // Only a courtesy to whoever meets the lock.
        if let Err(error) = fs::write(
            holder_path(store),
            format!("process {} ({purpose})\n", std::process::id()),
        ) {
            log::debug!("cannot say who holds the lock: {error}");
        }
        Self { _file: file }
    }

    /// Returns who holds the lock of `store`, in words; `None` if it is free.
    pub fn holder(store: &Store) -> Option<String> {
        let file = File::open(store.path("lock", "")).ok()?;
        // A shared lock fails beside an exclusive one, and does not get into the way of another look.
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then(|| holder(store))
    }
}

fn open(store: &Store) -> Result<File, LockError> {
    let path = store.path("lock", "");
    OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(path)
        .map_err(|source| failed(store, source))
}

fn failed(store: &Store, source: io::Error) -> LockError {
    LockError::Io {
        path: store.path("lock", ""),
        source,
    }
}

fn holder_path(store: &Store) -> PathBuf {
    store.path("lock", ".holder")
}

fn holder(store: &Store) -> String {
    let text = fs::read_to_string(holder_path(store)).unwrap_or_default();
    if text.trim().is_empty() {
        "a process that has not said its name".to_owned()
    } else {
        text.trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_holds_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path(), false);
        assert_eq!(Lock::holder(&store), None);
        let lock = Lock::take(&store, "sync").unwrap();
        let holder = format!("process {} (sync)", std::process::id());
        assert_eq!(Lock::holder(&store), Some(holder.clone()));
        assert!(
            matches!(Lock::take(&store, "daemon"), Err(LockError::Held { holder: found }) if found == holder)
        );
        drop(lock);
        assert_eq!(Lock::holder(&store), None);
        Lock::take(&store, "daemon").unwrap();
    }
}
