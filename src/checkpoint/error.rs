use std::fs;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::timeline::Time;

/// Why the state cannot be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The system refuses.
    #[error(
        "cannot {action} {path}: {source}\nhint: the agent needs to write to that folder; check its owner, its mode and the free space"
    )]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not what the agent writes.
    #[error(
        "{path} is damaged: {reason}\nhint: the next pass moves it aside and begins without it; put a good copy back if you have one"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file was damaged and has been moved aside, so that the next start begins without it.
    #[error(
        "{path} is damaged ({reason}); it is kept as {kept}\nhint: the next pass goes on after the newest sample that the receiver has; if nobody can be asked for that, a VictoriaMetrics counts twice what it is sent again: put a good copy back first, or set `query-url`"
    )]
    SetAside {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// Where it is now.
        kept: PathBuf,
    },
    /// The file of the request under way is not what the agent writes.
    #[error(
        "{path}, the request under way, is damaged: {reason}\nhint: the next pass moves it aside, and looks for what may have arrived of it"
    )]
    DamagedRequest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// The stretch of time that it was about, if that can be read.
        stretch: Option<(Time, Time)>,
    },
    /// It was damaged and has been moved aside.
    #[error(
        "{path}, the request under way, is damaged ({reason}); it is kept as {kept}\nhint: nothing of it is lost: the next pass makes it anew from ActivityWatch, and sends to a receiver that counts twice what it gets twice only what it does not show"
    )]
    RequestSetAside {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// Where it is now.
        kept: PathBuf,
    },
    /// The file is from a later version of the agent. It stays where it is.
    #[error(
        "{path} is of version {version}, this program reads version {reads}\nhint: update aw-sync-agent"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
        /// The newest version that this program reads.
        reads: u32,
    },
}

impl StoreError {
    /// Moves a damaged file to a name that is free, where nothing overwrites what a person may want to look at.
    ///
    /// Returns what to report; any other error comes back as it is.
    #[must_use]
    pub fn set_aside(self) -> Self {
        let (Self::Damaged { path, reason } | Self::DamagedRequest { path, reason, .. }) = &self
        else {
            return self;
        };
        let (path, reason) = (path.clone(), reason.clone());
        let numbered = |number: u32| {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".damaged-{number}"));
            PathBuf::from(name)
        };
        let kept = (1..1000)
            .map(numbered)
            .find(|name| !name.exists())
            .unwrap_or_else(|| numbered(0));
        match fs::rename(&path, &kept) {
            Ok(()) if matches!(self, Self::DamagedRequest { .. }) => {
                Self::RequestSetAside { path, reason, kept }
            }
            Ok(()) => Self::SetAside { path, reason, kept },
            Err(source) => Self::Io {
                action: "move aside",
                path,
                source,
            },
        }
    }
}
