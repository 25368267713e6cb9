use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::file::{read, remove, replace};
use super::sending::{self, Unreadable};
use super::{Checkpoint, Endpoint, Journal, Sending, StoreError};
use crate::stable_hash::stable_hash;

/// The version of the file that this program writes; it reads no other.
const VERSION: u32 = 1;

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

#[cfg(test)]
mod tests;
