use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::activitywatch::{Bucket, Event};
use crate::metrics::{Active, Labelling, Labels, window_labels};
use crate::timeline::Interval;

/// A gap that the Python server closes and aw-server-rust does not, which wants less than this.
const LONGEST_GAP: Duration = Duration::from_secs(5);

/// Time of one name, as ActivityWatch shows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Nanoseconds.
    pub nanos: i64,
    /// The events that they are the sum of, each of which the server may have cut to milliseconds.
    pub pieces: i64,
    /// Nanoseconds by which the server's own rules may make a difference.
    pub slack: i64,
}

/// Time by a name.
pub type Names = BTreeMap<String, Sum>;

/// What ActivityWatch shows of a stretch of time, under the names that it has when it has left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// By the label `app`.
    pub apps: Names,
    /// By the label `category`.
    pub categories: Names,
    /// All of it.
    pub total: Sum,
    /// What the person's rules keep back, or send under another user or host, nanoseconds.
    pub kept_back: i64,
    /// Whether the person's rules make time away from the keyboard look like the rest.
    pub mixes_active: bool,
}

/// The windows of a device, and how they are labelled on their way out.
#[derive(Clone, Copy)]
pub struct Windows<'a> {
    /// The bucket that they are in.
    pub bucket: &'a Bucket,
    /// Whether the device has an AFK bucket.
    pub has_afk: bool,
    /// What becomes of labels.
    pub labelling: Labelling<'a>,
    /// The labels `user` and `host` that they are looked for under.
    pub owner: (&'a str, &'a str),
}

impl Windows<'_> {
    /// Returns what `events` come to within `range`: the answer to a [`canonical_query`](super::canonical_query).
    pub fn shown(&self, events: &[Event], range: Interval) -> Shown {
        let active = if self.has_afk {
            Active::Yes
        } else {
            Active::Unknown
        };
        let mut shown = Shown::default();
        for event in events {
            let Some(piece) = event.interval.intersect(range) else {
                continue;
            };
            let (event, category) = without_category(event);
            let found = |active| self.found(&event, &category, active);
            shown.mixes_active |= found(Active::No).is_some();
            let Some(labels) = found(active) else {
                shown.kept_back += piece.nanos();
                continue;
            };
            let sum = Sum {
                nanos: piece.nanos(),
                pieces: 1,
                slack: 0,
            };
            shown.add(&labels, sum);
        }
        shown
    }

    /// Adds to `shown` what aw-server-rust may make of `windows`, all those within `range` and ascending by start: it
    /// counts both of two that overlap, where the agent ends the earlier, and leaves a gap of exactly 5 s open.
    pub fn add_slack_of_rust(&self, shown: &mut Shown, windows: &[Event], range: Interval) {
        for (place, event) in windows.iter().enumerate() {
            let later = windows[place + 1..]
                .iter()
                .take_while(|later| later.interval.start() <= event.interval.end() + LONGEST_GAP)
                .find(|later| later.data != event.data);
            let Some(later) = later else {
                continue;
            };
            let (end, start) = (event.interval.end(), later.interval.start());
            if start == end + LONGEST_GAP {
                self.allow(shown, event, Interval::new(end, start), range);
                self.allow(shown, later, Interval::new(end, start), range);
            } else {
                self.allow(shown, event, Interval::new(start, end), range);
            }
        }
    }

    fn allow(&self, shown: &mut Shown, event: &Event, span: Interval, range: Interval) {
        let Some(span) = span.intersect(range) else {
            return;
        };
        let (event, category) = without_category(event);
        if let Some(labels) = self.found(&event, &category, Active::Yes) {
            let slack = Sum {
                slack: span.nanos(),
                ..Sum::default()
            };
            shown.add(&labels, slack);
        }
    }

    /// Returns the labels of an event's series if it is one of those that are looked for.
    fn found(&self, event: &Event, category: &str, active: Active) -> Option<Labels> {
        let labels = window_labels(self.bucket, event, category, active, self.labelling)?;
        let (user, host) = self.owner;
        let is_looked_for = labels.get("__name__") == Some("aw_window_seconds")
            && labels.get("user") == Some(user)
            && labels.get("host") == Some(host)
            && labels.get("active") != Some(Active::No.label());
        is_looked_for.then_some(labels)
    }
}

impl Shown {
    fn add(&mut self, labels: &Labels, sum: Sum) {
        for (names, label) in [(&mut self.apps, "app"), (&mut self.categories, "category")] {
            let name = labels.get(label).unwrap_or_default();
            names.entry(name.to_owned()).or_default().add(sum);
        }
        self.total.add(sum);
    }
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.nanos += other.nanos;
        self.pieces += other.pieces;
        self.slack += other.slack;
    }
}

/// Returns an event as its watcher wrote it, and the category that the query has put into its data.
fn without_category(event: &Event) -> (Event, String) {
    let mut data = event.data.clone().into_map();
    let path = match data.remove("$category") {
        Some(Value::Array(path)) => path,
        _ => Vec::new(),
    };
    let names: Vec<&str> = path.iter().filter_map(Value::as_str).collect();
    let event = Event {
        data: data.into(),
        ..*event
    };
    (event, names.join(" > "))
}
