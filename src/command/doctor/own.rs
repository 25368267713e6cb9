//! What there is to know of the agent itself.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use crate::checkpoint::{Checkpoint, Endpoint, Lock, Refused, Store, StoreError};
use crate::diagnosis::{AgentFacts, RefusedRange};
use crate::dirs::Dirs;
use crate::settings::{Loaded, SettingsError};

/// `url` is the address of the destination that `endpoint` is of.
pub(super) fn facts(
    settings: &Result<Loaded, SettingsError>,
    settings_file: PathBuf,
    (store, url): (&Store, Option<&str>),
    checkpoint: &Result<Checkpoint, StoreError>,
    endpoint: &Endpoint,
    dirs: &Dirs,
) -> AgentFacts {
    let message = |error: &StoreError| error.to_string();
    let sending = url.map_or(Ok(None), |url| store.sending(url));
    let unanswered = sending.map(|sending| Some(sending?.samples()));
    AgentFacts {
        settings_file,
        settings: match settings {
            Ok(loaded) => Ok(loaded.warnings.iter().map(ToString::to_string).collect()),
            Err(error) => Err(error.to_string()),
        },
        state_directory: dirs.data.clone(),
        writable: write(&dirs.data).map_err(|error| error.to_string()),
        checkpoint: checkpoint.as_ref().map(drop).map_err(message),
        last_success: endpoint.last_success,
        last_failure: endpoint.last_failure.clone(),
        unanswered: unanswered.map_err(|error| message(&error)),
        holder: Lock::holder(store),
        refused: endpoint.refused.iter().map(range).collect(),
    }
}

fn range(refused: &Refused) -> RefusedRange {
    RefusedRange {
        host: refused.host.clone(),
        from: refused.from,
        until: refused.until,
        samples: refused.samples,
        reason: refused.reason.clone(),
    }
}

/// Writes a file into `directory`, or where that would be made, and removes it.
fn write(directory: &Path) -> io::Result<()> {
    let existing = directory.ancestors().find(|path| path.exists());
    let path = existing
        .unwrap_or(directory)
        .join(format!(".aw-sync-agent-doctor-{}", process::id()));
    File::create_new(&path)?;
    fs::remove_file(path)
}
