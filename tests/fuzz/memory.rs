//! A directory in memory: each input becomes a file of its own, as the agent finds it.

use tempfile::TempDir;

/// Makes a directory that is gone with the value; where there is none in memory, on disk.
pub fn directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("there is a directory for temporary files")
}
