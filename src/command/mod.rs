//! One file a command.

mod amount;
pub mod autostart;
mod bar;
pub mod completions;
pub mod config;
pub mod doctor;
mod error;
pub mod export;
pub mod man;
pub mod preview;
mod reader;
pub mod status;
pub mod sync;
pub mod verify;

pub use error::CommandError;
