//! Remote write 1.0: series become requests, requests are sent, and what a receiver answers is told apart.
//!
//! It keeps nothing and decides nothing about progress; that is for the caller. The format is that of
//! <https://prometheus.io/docs/specs/prw/remote_write_spec/>.

mod answer;
mod backoff;
mod batch;
mod client;
mod encode;
mod error;
mod kind;
mod no_answer;
mod outcome;
mod parcel;
mod pem;
mod proto;
mod transport;

pub use answer::Answer;
pub use backoff::{Delivery, Patience, ask, deliver};
pub use batch::{Batch, batches};
pub use client::{Attempt, Client, Probe};
pub use error::ClientError;
pub use kind::Kind;
pub use no_answer::outcome as without_answer;
pub use outcome::{Outcome, classify};
pub use parcel::{BodyError, Parcel};
pub use proto::{Label, Sample, TimeSeries, WriteRequest};
