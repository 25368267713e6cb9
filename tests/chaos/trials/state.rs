//! What a killed agent leaves behind.

use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::Value;

use crate::harness::Agent;

/// Which file it is: a new one has another number, or at least another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    inode: u64,
    seconds: i64,
    nanoseconds: i64,
}

/// What the state's directory says of the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// The request under way, kept from before it is sent until its end has been written down.
    pub(super) sending: Option<Version>,
    /// A file that is about to take the place of another.
    pub(super) scratch: Option<Version>,
}

impl State {
    pub(super) fn of(agent: &Agent) -> Self {
        let mut state = Self::default();
        // There is no directory before the first run has come so far.
        for entry in fs::read_dir(agent.data_dir())
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // It may have gone by now.
            let version = entry.metadata().ok().map(|metadata| Version {
                inode: metadata.ino(),
                seconds: metadata.mtime(),
                nanoseconds: metadata.mtime_nsec(),
            });
            if name.ends_with(".tmp") {
                state.scratch = version;
            } else if name.starts_with("sending") {
                state.sending = version;
            }
        }
        state
    }
}

/// Returns how many samples have been delivered, by the checkpoint.
pub(super) fn delivered(agent: &Agent) -> u64 {
    let checkpoint = fs::read(agent.data_dir().join("checkpoint.json")).unwrap_or_default();
    let checkpoint: Value = serde_json::from_slice(&checkpoint).unwrap_or_default();
    checkpoint["endpoints"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(_, endpoint)| endpoint["samples_sent"].as_u64())
        .sum()
}
