//! Whether a launcher starts the agent: its settings file, and the one line of it that says so.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::list::{ListError, Place};
use super::{Launcher, MODULE};
use crate::dirs::Dirs;

/// What aw-qt starts when its file does not say, in both modes.
const DEFAULT_OF_AW_QT: &[&str] = &["aw-server", "aw-watcher-afk", "aw-watcher-window"];

/// Why a launcher's settings are left as they are.
#[derive(Debug, Error)]
pub enum AutostartError {
    /// There is no file, and it is more than one list.
    #[error("{}: aw-tauri has no settings yet\nhint: start aw-tauri once, it writes them", path.display())]
    NoFile {
        /// Where they would be.
        path: PathBuf,
    },
    /// aw-tauri has one list for both of its modes, and never tells modules which it is.
    #[error(
        "aw-tauri has no modules of its own for testing\n\
         hint: add {{ name = \"{MODULE}\", args = \"--testing\" }} to `modules` in its config.toml by hand"
    )]
    NoTesting,
    /// The system refuses.
    #[error("{}: cannot be {action}: {source}\nhint: check the file's owner and mode", path.display())]
    Io {
        /// What was tried, for example `read`.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not TOML, so the launcher cannot read it either.
    #[error("{}: line {line}: {message}\nhint: mend the file first; nothing in it was changed", path.display())]
    Syntax {
        /// The launcher's file.
        path: PathBuf,
        /// Where in it, counted from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// There is nothing to add to.
    #[error(
        "{}: no list `{key}` under [{table}]\nhint: write one first; nothing in the file was changed",
        path.display()
    )]
    NoList {
        /// The launcher's file.
        path: PathBuf,
        /// The table that it would be in.
        table: &'static str,
        /// Its key.
        key: &'static str,
    },
    /// It cannot be edited with certainty.
    #[error(
        "{}: `{key}` under [{table}] is written in a way that is not understood\n\
         hint: add or remove \"{MODULE}\" there by hand; nothing in the file was changed",
        path.display()
    )]
    Layout {
        /// The launcher's file.
        path: PathBuf,
        /// The table that the list is in.
        table: &'static str,
        /// Its key.
        key: &'static str,
    },
}

/// A launcher's settings file.
#[derive(Debug)]
pub struct Autostart {
    launcher: Launcher,
    path: PathBuf,
    testing: bool,
}

impl Autostart {
    /// Returns the settings of `launcher`, those for its testing mode if so; they may not exist yet.
    ///
    /// # Errors
    /// [`AutostartError::NoTesting`].
    pub fn new(launcher: Launcher, dirs: &Dirs, testing: bool) -> Result<Self, AutostartError> {
        if testing && launcher == Launcher::AwTauri {
            return Err(AutostartError::NoTesting);
        }
        Ok(Self {
            launcher,
            path: launcher.settings(dirs),
            testing,
        })
    }

    /// The launcher whose settings they are.
    pub fn launcher(&self) -> Launcher {
        self.launcher
    }

    /// The file that they are in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether the launcher starts the agent.
    ///
    /// # Errors
    /// Any [`AutostartError`] but [`AutostartError::NoTesting`] and [`AutostartError::Layout`].
    pub fn is_enabled(&self) -> Result<bool, AutostartError> {
        let Some(text) = self.read()? else {
            return Ok(false);
        };
        let place = self.launcher.place(self.testing);
        place.has_module(&text).map_err(|error| self.explain(error))
    }

    /// Has the launcher start the agent, or not any more; returns whether that is a change.
    ///
    /// Before the first change the file is copied to its name with `.before-aw-sync-agent` behind it. A crash leaves
    /// the old file or the new one, never a mix.
    ///
    /// # Errors
    /// Any [`AutostartError`] but [`AutostartError::NoTesting`]; the file is then as it was.
    pub fn set(&self, wanted: bool) -> Result<bool, AutostartError> {
        let existing = self.read()?;
        if existing.is_none() && !wanted {
            return Ok(false);
        }
        let text = match &existing {
            Some(text) => text.clone(),
            None => self
                .launcher
                .first_file()
                .ok_or_else(|| AutostartError::NoFile {
                    path: self.path.clone(),
                })?,
        };
        let place = self.launcher.place(self.testing);
        let edited = place
            .set(&text, wanted)
            .map_err(|error| self.explain(error))?;
        let Some(edited) = edited else {
            return Ok(false);
        };
        self.write(existing.as_deref(), &edited)
            .map_err(|source| self.failed("written", source))?;
        Ok(true)
    }

    fn read(&self) -> Result<Option<String>, AutostartError> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read", error)),
        }
    }

    fn write(&self, existing: Option<&str>, edited: &str) -> io::Result<()> {
        let Some(existing) = existing else {
            if let Some(directory) = self.path.parent() {
                fs::create_dir_all(directory)?;
            }
            return replace(&self.path, edited, None);
        };
        // Who keeps settings elsewhere has a link here.
        let target = fs::canonicalize(&self.path)?;
        let permissions = fs::metadata(&target)?.permissions();
        let copy = with_suffix(&self.path, ".before-aw-sync-agent");
        if !copy.try_exists()? {
            replace(&copy, existing, Some(permissions.clone()))?;
        }
        replace(&target, edited, Some(permissions))
    }

    fn failed(&self, action: &'static str, source: io::Error) -> AutostartError {
        AutostartError::Io {
            action,
            path: self.path.clone(),
            source,
        }
    }

    fn explain(&self, error: ListError) -> AutostartError {
        let path = self.path.clone();
        let Place { table, key, .. } = self.launcher.place(self.testing);
        match error {
            ListError::Syntax { line, message } => AutostartError::Syntax {
                path,
                line,
                message,
            },
            ListError::NoList => AutostartError::NoList { path, table, key },
            ListError::Layout => AutostartError::Layout { path, table, key },
        }
    }
}

impl Launcher {
    /// Where its settings are or would be.
    pub(super) fn settings(self, dirs: &Dirs) -> PathBuf {
        match self {
            Self::AwQt => dirs.base_config.join("aw-qt/aw-qt.toml"),
            Self::AwTauri => {
                let within = |base: &PathBuf| base.join("aw-tauri/config.toml");
                let paths = || dirs.rust_configs.iter().map(within);
                let found = paths()
                    .find(|path| path.exists())
                    .or_else(|| paths().next());
                found.unwrap_or_else(|| within(&dirs.base_config))
            }
        }
    }

    pub(super) fn place(self, testing: bool) -> Place {
        match self {
            Self::AwQt => Place {
                table: if testing { "aw-qt-testing" } else { "aw-qt" },
                key: "autostart_modules",
                default: Some(DEFAULT_OF_AW_QT),
            },
            Self::AwTauri => Place {
                table: "autostart",
                key: "modules",
                default: None,
            },
        }
    }

    /// What its settings say when it has just written them. Those of aw-tauri depend on the machine, and it takes no
    /// others in part.
    pub(super) fn first_file(self) -> Option<String> {
        let modules = DEFAULT_OF_AW_QT.join("\", \"");
        let section = |testing| {
            let Place { table, key, .. } = self.place(testing);
            format!("[{table}]\n#{key} = [\"{modules}\"]\n")
        };
        (self == Self::AwQt).then(|| [section(false), section(true)].join("\n"))
    }
}

/// Replaces the file at `path`, on disk before it returns.
fn replace(path: &Path, text: &str, permissions: Option<Permissions>) -> io::Result<()> {
    let scratch = with_suffix(path, ".tmp");
    let mut file = File::create(&scratch)?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&scratch, path)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
