//! The least that there is to deliver: one hour of one app, the first of yesterday.

use serde_json::json;

use crate::harness::{
    Agent, AwServer, BucketSpec, EventSpec, Prometheus, Receiver, Suite, midnight,
};
use crate::totals::{assert_equal, seconds, yesterday};

/// The bucket that it is in.
pub(crate) const BUCKET: &str = "aw-watcher-window_laptop";

/// Starts a server that has it and nothing else.
pub(crate) fn server() -> AwServer {
    let server = AwServer::start();
    let data = json!({"app": "vim", "title": "secret"});
    let hour = EventSpec::new(midnight(1), 3_600_000, data);
    server.add(&BucketSpec::window("laptop"), &[hour]);
    server
}

/// Starts a server that has it, and one that takes it.
pub(crate) fn servers() -> (AwServer, Prometheus) {
    (server(), Prometheus::taking_history(Suite::Machine))
}

/// Whether any of it can be seen.
pub(crate) fn has_arrived(receiver: &dyn Receiver) -> bool {
    !yesterday(receiver, "aw_window_seconds", "app").is_empty()
}

#[track_caller]
pub(crate) fn assert_arrived(receiver: &dyn Receiver) {
    assert_equal(
        &yesterday(receiver, "aw_window_seconds", "app"),
        &seconds(&[("vim", 3600)]),
    );
}

/// Asserts that one sync brings it, whatever went before.
#[track_caller]
pub(crate) fn assert_brought_by(agent: &Agent, receiver: &dyn Receiver) {
    agent.sync();
    assert_arrived(receiver);
}
