//! What a receiver has stored, asked by the query API of Prometheus and of all that imitate it.
//!
//! It knows questions and answers, and tells apart why there is none; what follows from it is for the caller. The API
//! is that of <https://prometheus.io/docs/prometheus/latest/querying/api/>.

mod answer;
mod client;
mod error;

pub use answer::{Series, Value};
pub use client::Client;
pub use error::QueryError;
