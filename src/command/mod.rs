//! One file a command.

mod amount;
pub mod autostart;
pub mod config;
mod error;
pub mod preview;
pub mod status;
pub mod sync;

pub use error::CommandError;
