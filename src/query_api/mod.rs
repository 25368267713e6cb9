//! What a receiver has stored and what it is, asked by the query API of Prometheus and of all that imitate it.
//!
//! It knows questions and answers, and tells apart why there is none; what follows from it is for the caller. The API
//! is that of <https://prometheus.io/docs/prometheus/latest/querying/api/>.

mod answer;
mod client;
mod duration;
mod error;
mod status;

pub use answer::{Series, Value};
pub use client::Client;
pub use duration::{duration, retention_period};
pub use error::QueryError;
pub use status::BuildInfo;
