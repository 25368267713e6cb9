//! One file a command, and how the one that is wanted is run.

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
mod run;
pub mod service;
mod settings;
pub mod status;
pub mod sync;
mod together;
pub mod verify;

pub use error::CommandError;
pub use reader::reader;
pub use run::{complain, run};
pub use settings::load_settings;
pub use together::together;
