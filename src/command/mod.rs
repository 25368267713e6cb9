//! One file a command.

mod amount;
pub mod autostart;
pub mod backfill;
mod bar;
pub mod completions;
pub mod config;
pub mod doctor;
mod error;
pub mod export;
pub mod man;
pub mod preview;
mod reader;
pub mod service;
pub mod status;
pub mod sync;
mod together;
pub mod verify;

pub use error::CommandError;
pub use reader::reader;
pub use together::together;
