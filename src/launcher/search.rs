//! Where launchers look for modules, and where they themselves are found.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use toml::Table;

use super::{Launcher, MODULE};
use crate::dirs::Dirs;

/// How deep aw-tauri's directories are searched: a link may lead back up.
const MAX_DEPTH: u32 = 5;

/// The directories that a launcher searches for programs.
pub struct Search {
    launcher: Launcher,
    directories: Vec<PathBuf>,
    home: Option<PathBuf>,
}

impl Launcher {
    /// Whether this user has it: it has settings, or is found along `path`, the value of `PATH`.
    pub fn is_present(self, dirs: &Dirs, path: &OsStr) -> bool {
        self.settings(dirs).exists() || self.program(path).is_some()
    }

    fn program(self, path: &OsStr) -> Option<PathBuf> {
        let name = format!("{self}{EXE_SUFFIX}");
        std::env::split_paths(path)
            .map(|directory| directory.join(&name))
            .find(|program| is_executable(program))
    }
}

impl Search {
    /// Returns where `launcher` searches if its `PATH` is `path`. `home` is the user's.
    pub fn of(launcher: Launcher, dirs: &Dirs, path: &OsStr, home: Option<PathBuf>) -> Self {
        let on_path = std::env::split_paths(path).filter(|directory| directory.is_absolute());
        let directories = match launcher {
            Launcher::AwQt => {
                // A bundle of ActivityWatch has its modules beside aw-qt.
                let program = launcher.program(path);
                let program = program.and_then(|program| fs::canonicalize(program).ok());
                let bundle = program.and_then(|program| program.parent().map(Path::to_owned));
                let mut directories: Vec<_> = on_path.collect();
                if cfg!(target_os = "macos") {
                    directories.extend(["/opt/homebrew/bin", "/usr/local/bin"].map(PathBuf::from));
                    directories.extend(home.iter().map(|home| home.join(".local/bin")));
                }
                directories.extend(bundle);
                directories
            }
            Launcher::AwTauri => {
                let named = discovery_paths(&launcher.settings(dirs));
                named.into_iter().chain(on_path).collect()
            }
        };
        Self {
            launcher,
            directories,
            home,
        }
    }

    /// Whether the agent is found.
    pub fn finds_module(&self) -> bool {
        self.directories
            .iter()
            .any(|directory| match self.launcher {
                Launcher::AwQt => has_module(directory),
                Launcher::AwTauri => has_module_below(directory, MAX_DEPTH),
            })
    }

    /// Returns where the agent would be found: in the first directory that is the user's own, else in the first.
    pub fn suggestion(&self) -> Option<PathBuf> {
        let own = |directory: &&PathBuf| {
            let home = self.home.as_ref();
            home.is_some_and(|home| directory.starts_with(home))
        };
        let directory = self.directories.iter().find(own);
        let directory = directory.or(self.directories.first())?;
        Some(directory.join(format!("{MODULE}{EXE_SUFFIX}")))
    }
}

/// The directories that aw-tauri's settings name; none if there are no settings.
fn discovery_paths(settings: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(settings).unwrap_or_default();
    let settings: Table = text.parse().unwrap_or_default();
    let paths = settings
        .get("discovery_paths")
        .and_then(toml::Value::as_array);
    let paths = paths.into_iter().flatten().filter_map(toml::Value::as_str);
    paths.map(PathBuf::from).collect()
}

fn has_module(directory: &Path) -> bool {
    is_executable(&directory.join(format!("{MODULE}{EXE_SUFFIX}")))
}

/// As [`has_module`], also in its directories named `aw-*` and theirs.
fn has_module_below(directory: &Path, depth: u32) -> bool {
    if has_module(directory) {
        return true;
    }
    if depth == 0 {
        return false;
    }
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("aw-"))
        .map(|entry| entry.path())
        .any(|path| path.is_dir() && has_module_below(&path, depth - 1))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
