//! A directory in memory: each input becomes a file of its own, as the agent finds it.

use std::fs;
use std::path::Path;

use aw_sync_agent::dirs::Dirs;
use tempfile::TempDir;

/// Makes a directory that is gone with the value; where there is none in memory, on disk.
pub fn directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("there is a directory for temporary files")
}

/// Returns the agent's directories below `root`; that of the settings is made.
#[allow(dead_code, reason = "not every target has settings")]
pub fn dirs(root: &Path) -> Dirs {
    let dirs = Dirs::below(root);
    fs::create_dir_all(&dirs.config).expect("the directory is writable");
    dirs
}
