//! Carries the activity of machines from ActivityWatch into Prometheus.
//!
//! ```text
//! activitywatch ─► timeline ─► metrics ─► remote_write
//!  Bucket, Event    Interval     Series      Batch ─► POST
//!         └──────────── synchronizer drives a pass ────────────┘   checkpoint remembers, daemon wakes
//! ```
//!
//! What has arrived is asked by [`query_api`], and set against ActivityWatch's own reckoning in [`verification`].
//!
//! Data flows one way, and only [`synchronizer`] sees both ends. Nothing below it reads the clock, the environment or a
//! file, so a sample is a pure function of events, settings and step.
//!
//! # Vocabulary
//!
//! *Bucket, event, heartbeat* are ActivityWatch's words; *remote write, series, sample, label* are Prometheus's.
//!
//! - **device**: all buckets of one server that were written on the same machine.
//! - **step**: one cell of a fixed grid of 60 s, counted from the Unix epoch.
//! - **settle**: how old time must be before it is final, since watchers deliver late.
//! - **horizon**: now less settle, rounded down to the grid; what is younger waits.
//! - **watermark**: all steps before it have been delivered.
//! - **slice**: the stretch of time read and sent in one go, at most a UTC day.
//! - **pass**: one sync of every device, from its watermark to the horizon.

pub mod activitywatch;
pub mod checkpoint;
pub mod cli;
pub mod command;
pub mod complaints;
pub mod daemon;
pub mod day;
pub mod diagnosis;
pub mod dirs;
pub mod exit;
pub mod launcher;
pub mod local_time;
pub mod logging;
pub mod message;
pub mod metrics;
pub mod migration;
pub mod openmetrics;
pub mod query_api;
pub mod remote_write;
pub mod service;
pub mod settings;
pub mod shutdown;
pub mod stable_hash;
pub mod synchronizer;
pub mod timeline;
pub mod tls;
pub mod verification;
