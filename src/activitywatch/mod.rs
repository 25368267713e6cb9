//! The buckets and events of ActivityWatch servers, read through the official client, or of what a server exported.
//!
//! The client blocks and is old, so it stays behind this module and on a thread of its own ([`Reader`]). What comes
//! out is [`Bucket`]s, grouped into [`Device`]s, and [`Slice`]s of [`Event`]s, in order of time.

mod api_key;
mod backend;
mod bucket;
mod client;
mod counters;
mod data;
mod decode;
mod device;
mod error;
mod exported;
mod get;
#[cfg(test)]
pub(crate) mod model;
mod official;
mod pace;
mod plan;
mod progress;
mod reader;
mod search;
mod settings;
mod slice;

pub use api_key::ApiKey;
pub use bucket::{Bucket, Event, are_rivals};
pub use client::Client;
pub use data::Data;
pub use device::{Device, devices};
pub use error::ReadError;
pub use exported::{Exported, InputError};
pub use get::is_loopback;
pub use official::events;
pub use plan::{BucketPlan, DevicePlan, DeviceSlice, ReadPlan, Slice, Start};
pub use reader::{Reader, Server};
pub use settings::ServerSettings;
