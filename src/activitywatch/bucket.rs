use serde_json::Value;

use super::Data;
use crate::timeline::Interval;

/// A bucket of an ActivityWatch server: the events of one watcher on one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Unique on its server, for example `aw-watcher-window_laptop`.
    pub id: String,
    /// ActivityWatch's `type`, which tells what the data of the events mean: `currentwindow`, `afkstatus`, …
    pub kind: String,
    /// The watcher that writes it, for example `aw-watcher-window`.
    pub client: String,
    /// The machine that it was written on; may be empty or `unknown`.
    pub hostname: String,
    /// Whether aw-sync copied it here from another machine.
    pub synced: bool,
}

impl Bucket {
    /// Whether it holds windows or the AFK state, which are never too few to be read.
    pub fn is_essential(&self) -> bool {
        exclusive(&self.kind).is_some()
    }

    /// Whether its events hold how often something happened during them, so that they mean nothing once cut.
    pub fn is_counter(&self) -> bool {
        self.kind == "os.hid.input"
    }
}

/// Whether two types of bucket see the same time of one machine, so that only one of them may count.
pub fn are_rivals(kind: &str, other: &str) -> bool {
    exclusive(kind).is_some_and(|family| exclusive(other) == Some(family))
}

/// Returns the family of which a machine has one bucket that counts.
fn exclusive(kind: &str) -> Option<&'static str> {
    match kind {
        "currentwindow" => Some("window"),
        "afkstatus" | "systemafkstatus" => Some("afk"),
        _ => None,
    }
}

/// An event of a bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Unique on its server, kept when a heartbeat extends the event, reused after deletions. `None` is rare.
    pub id: Option<i64>,
    /// When it was; empty for events of no or negative duration.
    pub interval: Interval,
    /// Any JSON object. The usual watchers write flat ones with text values, others anything.
    pub data: Data,
}

impl Event {
    /// Returns the text under `key`; `None` where there is none, where it is empty, or not a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.data.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    /// Whether `key` is there and `true`.
    pub fn flag(&self, key: &str) -> bool {
        self.data.get(key).and_then(Value::as_bool).unwrap_or(false)
    }
}
