//! One file a command.

pub mod config;
mod error;
pub mod status;
pub mod sync;

pub use error::CommandError;
