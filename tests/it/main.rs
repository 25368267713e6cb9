//! The program as a whole, against real servers. `tests/servers.sh` brings them.

#![allow(
    clippy::unwrap_used,
    reason = "what a test does not find, it fails for"
)]

mod activity;
mod answers;
mod api_key;
mod autostart;
mod backfilling;
mod buckets;
mod categories;
mod center;
mod chaos;
mod commands;
mod crash;
mod credentials;
mod daemon;
mod dashboards;
mod doctor;
mod documents;
mod exactness;
mod export;
mod export_files;
mod failures;
mod families;
mod faults;
mod flooding;
mod focus;
mod harness;
mod history;
mod hour;
mod late;
mod launcher;
mod layering;
mod log_file;
mod manual;
mod preview;
mod privacy;
mod proxies;
mod queries;
mod questions;
mod refusals;
mod relabeling;
mod rules;
mod service;
mod settings;
mod several;
mod state;
mod supervision;
mod tls;
mod totals;
mod unclear;
mod verifying;
