use std::io;

use thiserror::Error;

use super::autostart::NoLauncher;
use super::backfill::BackfillError;
use super::config::{ImportError, InitError};
use super::export::ExportError;
use super::verify::DayError;
use crate::activitywatch::ReadError;
use crate::checkpoint::{LockError, StoreError};
use crate::dirs::UnknownHome;
use crate::exit::Exit;
use crate::query_api::QueryError;
use crate::service::ServiceError;
use crate::settings::SettingsError;

/// Why a command could not do its work at all. Each message is complete, with a `hint:` line where there is one.
#[derive(Debug, Error)]
pub enum CommandError {
    /// There is no place for settings and state.
    #[error(transparent)]
    Home(#[from] UnknownHome),
    /// The settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There is no settings file, and none can be written.
    #[error(transparent)]
    Init(#[from] InitError),
    /// There are no settings to import, or no place for them.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Nobody is there to start the agent.
    #[error(transparent)]
    Launcher(#[from] NoLauncher),
    /// The service is not what was asked for.
    #[error(transparent)]
    Service(ServiceError),
    /// A server's client cannot be made.
    #[error(transparent)]
    Source(#[from] ReadError),
    /// The state cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state is somebody else's.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The days to verify are none.
    #[error(transparent)]
    Days(#[from] DayError),
    /// The receiver cannot be asked.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// There is nothing to export, or no place for it.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// There is nothing to go through once more, or it is not the time for it.
    #[error(transparent)]
    Backfill(#[from] BackfillError),
    /// The output is closed or full.
    #[error(transparent)]
    Output(#[from] io::Error),
}

impl From<ServiceError> for CommandError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Output(error) => Self::Output(error),
            other => Self::Service(other),
        }
    }
}

impl CommandError {
    /// Returns how the command ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Settings(_)
            | Self::Init(_)
            | Self::Import(_)
            | Self::Launcher(_)
            | Self::Days(_) => Exit::Usage,
            Self::Service(error) if !matches!(error, ServiceError::Io { .. }) => Exit::Usage,
            Self::Source(_) | Self::Query(_) => Exit::Unreachable,
            Self::Export(error) => error.exit(),
            Self::Backfill(error) => error.exit(),
            Self::Home(_) | Self::Service(_) | Self::Store(_) | Self::Lock(_) | Self::Output(_) => {
                Exit::State
            }
        }
    }
}
