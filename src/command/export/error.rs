use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::activitywatch::InputError;
use crate::exit::Exit;
use crate::timeline::Time;

/// Why there is no export.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The days that are wanted are none, or still to come.
    #[error(
        "nothing is final between {since} and {until}\nhint: the day of `--until` is part of the export, and must not come before that of `--since`"
    )]
    Nothing {
        /// Where the export should begin.
        since: Time,
        /// Where it would end.
        until: Time,
    },
    /// There is nothing to make up for.
    #[error(
        "nothing is remembered as refused\nhint: `aw-sync-agent status` lists what a receiver has not taken"
    )]
    NothingRefused,
    /// Something has the name of the output.
    #[error(
        "{path}: is there already, and is left as it is\nhint: take another name, or `--force` if it is a file that may go",
        path = path.display()
    )]
    Exists {
        /// The output.
        path: PathBuf,
    },
    /// The output cannot be written. What was written of it is gone.
    #[error("{path}: cannot be written: {reason}", path = path.display())]
    Unwritable {
        /// The output.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// An input cannot be read.
    #[error("{path}: cannot be read: {reason}", path = path.display())]
    Unreadable {
        /// The input.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// An input is no export of ActivityWatch.
    #[error(transparent)]
    Input(#[from] InputError),
}

impl ExportError {
    /// Returns how the command ends: all of it comes from what was said on the command line.
    pub const fn exit(&self) -> Exit {
        Exit::Usage
    }
}
