use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::sending::{self, Unreadable};
use super::{Checkpoint, Endpoint, Journal, Sending};
use crate::stable_hash::stable_hash;
use crate::timeline::Time;

/// The version of the file that this program writes; it reads no other.
const VERSION: u32 = 1;

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

/// The files of the state.
pub struct Store {
    directory: PathBuf,
    suffix: &'static str,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointFile {
    version: u32,
    endpoints: BTreeMap<String, Endpoint>,
}

/// The part of the file that every version has.
#[derive(Deserialize)]
struct AnyVersion {
    version: u32,
}

impl Store {
    /// Returns the store in `directory`, which is made when it is first written to. A testing server's state is kept
    /// apart.
    pub fn new(directory: &Path, testing: bool) -> Self {
        Self {
            directory: directory.to_owned(),
            suffix: if testing { "-testing" } else { "" },
        }
    }

    /// Where a file of this store is, such as `checkpoint.json` or `lock`.
    pub(super) fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.directory
            .join(format!("{name}{}{extension}", self.suffix))
    }

    fn checkpoint_path(&self) -> PathBuf {
        self.path("checkpoint", ".json")
    }

    /// Where the request under way to `url` is: a file of its own, whatever place the settings name the destination at.
    fn sending_path(&self, url: &str) -> PathBuf {
        self.path(&format!("sending-{:016x}", stable_hash(url)), "")
    }

    /// Where it was as long as there was one destination.
    fn lone_sending_path(&self) -> PathBuf {
        self.path("sending", "")
    }

    /// Returns the journal of what was sent to `endpoint`.
    pub(super) fn journal(&self, endpoint: &str) -> Journal {
        Journal::new(
            self.path("sent", "")
                .join(format!("{:016x}", stable_hash(endpoint))),
        )
    }

    /// Makes the directory.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn create(&self) -> Result<(), StoreError> {
        fs::create_dir_all(&self.directory).map_err(|source| StoreError::Io {
            action: "create",
            path: self.directory.clone(),
            source,
        })
    }

    /// Reads the checkpoint; an empty one if there is none yet. Changes nothing.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::SetAside`].
    pub fn load(&self) -> Result<Checkpoint, StoreError> {
        let path = self.checkpoint_path();
        let Some(bytes) = read(&path)? else {
            return Ok(Checkpoint::default());
        };
        if let Ok(AnyVersion { version }) = serde_json::from_slice(&bytes)
            && version > VERSION
        {
            return Err(StoreError::Newer {
                path,
                version,
                reads: VERSION,
            });
        }
        match serde_json::from_slice::<CheckpointFile>(&bytes) {
            Ok(file) => Ok(Checkpoint {
                endpoints: file.endpoints,
            }),
            Err(error) => Err(StoreError::Damaged {
                path,
                reason: error.to_string(),
            }),
        }
    }

    /// Replaces the checkpoint; a crash leaves the old one or the new one, never a mix.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub(super) fn save(&self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let file = CheckpointFile {
            version: VERSION,
            endpoints: checkpoint.endpoints.clone(),
        };
        let path = self.checkpoint_path();
        let mut bytes = serde_json::to_vec_pretty(&file).map_err(|error| StoreError::Io {
            action: "write",
            path: path.clone(),
            source: error.into(),
        })?;
        bytes.push(b'\n');
        replace(&path, &bytes)
    }

    /// Reads the request under way to `url`, if there is one. Changes nothing.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::SetAside`].
    pub fn sending(&self, url: &str) -> Result<Option<Sending>, StoreError> {
        for path in [self.sending_path(url), self.lone_sending_path()] {
            if let Some(sending) = read_sending(path, url)? {
                return Ok(Some(sending));
            }
        }
        Ok(None)
    }

    /// Returns what to report of a request under way that was read and makes no sense.
    pub(super) fn damaged(&self, sending: &Sending, reason: String) -> StoreError {
        let of_its_own = self.sending_path(&sending.endpoint);
        StoreError::DamagedRequest {
            path: if of_its_own.exists() {
                of_its_own
            } else {
                self.lone_sending_path()
            },
            reason,
            stretch: Some((sending.from, sending.until)),
        }
    }

    /// Keeps `sending` until [`Self::forget`].
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub(super) fn keep(&self, sending: &Sending) -> Result<(), StoreError> {
        let path = self.sending_path(&sending.endpoint);
        replace(&path, &sending.to_bytes())
    }

    /// Forgets the request under way to `url`: it has been answered.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub(super) fn forget(&self, url: &str) -> Result<(), StoreError> {
        // First, since it is the older of the two.
        let lone = self.lone_sending_path();
        if read_sending(lone.clone(), url).is_ok_and(|sending| sending.is_some()) {
            remove(lone)?;
        }
        remove(self.sending_path(url))
    }
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

fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
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

/// Reads the request under way to `url`; `None` if there is none, or it is to another destination.
fn read_sending(path: PathBuf, url: &str) -> Result<Option<Sending>, StoreError> {
    let Some(bytes) = read(&path)? else {
        return Ok(None);
    };
    match Sending::from_bytes(&bytes) {
        Ok(sending) => Ok(Some(sending).filter(|sending| sending.endpoint == url)),
        Err(Unreadable::Newer(version)) => Err(StoreError::Newer {
            path,
            version,
            reads: sending::VERSION,
        }),
        Err(Unreadable::Damaged {
            header: Some((endpoint, ..)),
            ..
        }) if endpoint != url => Ok(None),
        Err(Unreadable::Damaged { reason, header }) => Err(StoreError::DamagedRequest {
            path,
            reason,
            stretch: header.map(|(_, from, until)| (from, until)),
        }),
    }
}

fn remove(path: PathBuf) -> Result<(), StoreError> {
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

pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests;
