//! The messages of remote write 1.0, `prometheus.WriteRequest` in Prometheus's `prompb/remote.proto` and `types.proto`.
//!
//! Written by hand, since three messages do not warrant a protobuf compiler at build time.

use prost::Message;

/// One request.
#[derive(Clone, PartialEq, Message)]
pub struct WriteRequest {
    /// Each series once.
    #[prost(message, repeated, tag = "1")]
    pub timeseries: Vec<TimeSeries>,
}

/// A series with its samples.
#[derive(Clone, PartialEq, Message)]
pub struct TimeSeries {
    /// Ascending by name, each name once.
    #[prost(message, repeated, tag = "1")]
    pub labels: Vec<Label>,
    /// Ascending by timestamp.
    #[prost(message, repeated, tag = "2")]
    pub samples: Vec<Sample>,
}

/// A name and a value, neither empty.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Label {
    /// `__name__` for the metric's own name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Any text.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// One value.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Sample {
    /// What was measured.
    #[prost(double, tag = "1")]
    pub value: f64,
    /// Milliseconds since the Unix epoch.
    #[prost(int64, tag = "2")]
    pub timestamp: i64,
}
