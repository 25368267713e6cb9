use std::io;

use thiserror::Error;

use super::config::InitError;
use crate::activitywatch::ReadError;
use crate::checkpoint::{LockError, StoreError};
use crate::dirs::UnknownHome;
use crate::exit::Exit;
use crate::remote_write::ClientError;
use crate::settings::SettingsError;

/// Why a command could not do its work at all. Each message is complete, with a `hint:` line where there is one.
#[derive(Debug, Error)]
#[error(transparent)]
pub enum CommandError {
    /// There is no place for settings and state.
    Home(#[from] UnknownHome),
    /// The settings are wrong.
    Settings(#[from] SettingsError),
    /// There is no settings file, and none can be written.
    Init(#[from] InitError),
    /// A server's client cannot be made.
    Source(#[from] ReadError),
    /// The destination's client cannot be made.
    Destination(#[from] ClientError),
    /// The state cannot be read or written.
    Store(#[from] StoreError),
    /// The state is somebody else's.
    Lock(#[from] LockError),
    /// The output is closed or full.
    Output(#[from] io::Error),
}

impl CommandError {
    /// Returns how the command ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Settings(_) | Self::Init(_) | Self::Destination(_) => Exit::Usage,
            Self::Source(_) => Exit::Unreachable,
            Self::Home(_) | Self::Store(_) | Self::Lock(_) | Self::Output(_) => Exit::State,
        }
    }
}
