//! `service`, where the system's services are not known.

use std::io::Write;

use super::CommandError;
use crate::cli::{Flags, ServiceCommand};
use crate::dirs::Dirs;
use crate::exit::Exit;
use crate::service::ServiceError;

/// Does nothing.
///
/// # Errors
/// [`ServiceError::Unsupported`].
pub fn run(
    _command: ServiceCommand,
    _flags: &Flags,
    _dirs: &Dirs,
    _out: &mut impl Write,
) -> Result<Exit, CommandError> {
    Err(ServiceError::Unsupported.into())
}

/// Does nothing.
///
/// # Errors
/// [`ServiceError::Unsupported`].
pub fn install_and_start(
    _flags: &Flags,
    _dirs: &Dirs,
    _out: &mut impl Write,
) -> Result<(), CommandError> {
    Err(ServiceError::Unsupported.into())
}
