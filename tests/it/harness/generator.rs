//! Believable days at a computer, the same for the same seed.
//!
//! So that the sums stay known whatever the reader does to events, they leave nothing to
//! interpretation: no two events of a bucket overlap, and those of windows and AFK lie edge to edge
//! or at least 6 s apart, which flood (5 s) does not bridge. Tabs and files, seen only while their
//! window is in front, have gaps of any length.

use chrono::{DateTime, Datelike, TimeDelta, Utc, Weekday};
use fastrand::Rng;
use serde_json::{Value, json};

use super::activity::Activity;
use super::aw_server::{BucketSpec, EventSpec};

/// App, titles, and how often it is the one turned to.
const APPS: [(&str, &[&str], u32); 7] = [
    (
        "firefox",
        &[
            "Dokumentation – Mozilla Firefox",
            "Rust 🦀 std::time",
            "検索結果",
            "Inbox (3)",
        ],
        35,
    ),
    (
        "Code",
        &[
            "main.rs - agent",
            "lib.rs - agent",
            "README.md - notes",
            "naïve.py - játék",
        ],
        30,
    ),
    (
        "Alacritty",
        &["~/src/agent: cargo test", "htop", "ssh build"],
        15,
    ),
    ("Slack", &["#général", "Ada Lovelace (DM)"], 10),
    ("org.gnome.Nautilus", &["Téléchargements", "Pictures"], 4),
    ("Spotify", &["Sigur Rós – Hoppípolla", "Björk – Jóga"], 3),
    ("zoom", &["Zoom Meeting"], 3),
];

const URLS: [&str; 5] = [
    "https://docs.rs/chrono/latest/chrono/",
    "https://www.example.org/search?q=%E6%A4%9C%E7%B4%A2",
    "https://mail.example.com/inbox",
    "http://localhost:3000/",
    "about:newtab",
];

const FILES: [(&str, &str, &str); 4] = [
    (
        "/home/ada/src/agent/src/main.rs",
        "/home/ada/src/agent",
        "rust",
    ),
    (
        "/home/ada/src/agent/src/lib.rs",
        "/home/ada/src/agent",
        "rust",
    ),
    ("/home/ada/notes/README.md", "/home/ada/notes", "markdown"),
    (
        "/home/ada/src/játék/naïve.py",
        "/home/ada/src/játék",
        "python",
    ),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Density {
    /// About 5,500 events a day: sixteen hours of restless switching, every day of the week.
    Restless,
    /// About 600 events on a working day: office hours, a lunch break, a little at the week-end.
    Human,
}

pub(crate) struct Generator {
    rng: Rng,
    density: Density,
    host: String,
}

impl Generator {
    pub(crate) fn new(seed: u64, density: Density) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            density,
            host: "laptop".to_owned(),
        }
    }

    /// Names the computer that the days are spent at; `laptop` otherwise.
    pub(crate) fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// Makes `count` days, the first of which is the 24 hours after `from`.
    pub(crate) fn days(mut self, from: DateTime<Utc>, count: u32) -> Activity {
        let mut events = Events::default();
        for day in 0..count {
            self.day(from + TimeDelta::days(day.into()), &mut events);
        }
        let editor = BucketSpec::new(
            &format!("aw-watcher-vscode_{}", self.host),
            "app.editor.activity",
            "aw-watcher-vscode",
            &self.host,
        );
        Activity {
            buckets: vec![
                (BucketSpec::window(&self.host), events.window),
                (BucketSpec::afk(&self.host), events.afk),
                (BucketSpec::web("firefox", &self.host), events.web),
                (editor, events.editor),
            ],
        }
    }

    /// A day is a row of stretches at the keyboard, with the last window left open during the
    /// breaks between them.
    fn day(&mut self, midnight: DateTime<Utc>, events: &mut Events) {
        let weekend = matches!(midnight.weekday(), Weekday::Sat | Weekday::Sun);
        let (begin, end) = match self.density {
            Density::Restless => (6 * 60, 22 * 60),
            Density::Human if weekend => (14 * 60, 16 * 60),
            Density::Human => (9 * 60, 17 * 60 + 30),
        };
        let end = midnight + TimeDelta::minutes(end) + self.millis(0, 20 * 60_000);
        let lunch = midnight + TimeDelta::minutes(12 * 60 + 15);
        let mut eaten = self.density == Density::Restless || weekend;
        let mut now = midnight + TimeDelta::minutes(begin) + self.millis(0, 20 * 60_000);
        while now < end {
            let leaves = (now + self.millis(20 * 60_000, 80 * 60_000)).min(end);
            self.stretch(now, leaves, events);
            events
                .afk
                .push(event(now, leaves, json!({ "status": "not-afk" })));
            if leaves >= end {
                break;
            }
            let away = if eaten || leaves < lunch {
                self.millis(4 * 60_000, 15 * 60_000)
            } else {
                eaten = true;
                self.millis(35 * 60_000, 60 * 60_000)
            };
            let returns = leaves + away;
            events
                .afk
                .push(event(leaves, returns, json!({ "status": "afk" })));
            if let Some(last) = events.window.last_mut().filter(|last| last.end() == leaves) {
                last.duration += away;
            }
            now = returns;
        }
    }

    /// Windows, one after the other, with what their watchers see inside of them.
    fn stretch(&mut self, from: DateTime<Utc>, to: DateTime<Utc>, events: &mut Events) {
        let (shortest, longest) = match self.density {
            Density::Restless => (600, 33_000),
            Density::Human => (2_000, 170_000),
        };
        let mut now = from;
        while now < to {
            let (app, titles) = self.app();
            let title = titles[self.rng.usize(..titles.len())];
            let until = (now + self.millis(shortest, longest)).min(to);
            events
                .window
                .push(event(now, until, json!({ "app": app, "title": title })));
            match app {
                "firefox" => self.tabs(title, now, until, &mut events.web),
                "Code" => self.files(now, until, &mut events.editor),
                _ => {}
            }
            // Now and then the window watcher sees nothing: a locked screen, a menu.
            let pause = if self.rng.u8(..20) == 0 {
                self.millis(6_000, 25_000)
            } else {
                TimeDelta::zero()
            };
            now = until + pause;
        }
    }

    fn tabs(
        &mut self,
        title: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        web: &mut Vec<EventSpec>,
    ) {
        for (start, end) in self.cuts(from, to) {
            let url = URLS[self.rng.usize(..URLS.len())];
            let incognito = self.rng.u8(..25) == 0;
            let data = json!({
                "url": url, "title": title, "audible": false, "incognito": incognito, "tabCount": 7,
            });
            web.push(event(start, end, data));
        }
    }

    fn files(&mut self, from: DateTime<Utc>, to: DateTime<Utc>, editor: &mut Vec<EventSpec>) {
        for (start, end) in self.cuts(from, to) {
            let (file, project, language) = FILES[self.rng.usize(..FILES.len())];
            let data =
                json!({ "file": file, "project": project, "language": language, "branch": "main" });
            editor.push(event(start, end, data));
        }
    }

    /// Cuts a span into one or two.
    fn cuts(
        &mut self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let length = (to - from).num_milliseconds();
        if length < 1000 || self.rng.bool() {
            return vec![(from, to)];
        }
        let middle = from + self.millis(1, length);
        vec![(from, middle), (middle, to)]
    }

    fn app(&mut self) -> (&'static str, &'static [&'static str]) {
        let total: u32 = APPS.iter().map(|(_, _, weight)| weight).sum();
        let mut pick = self.rng.u32(..total);
        for (app, titles, weight) in APPS {
            if pick < weight {
                return (app, titles);
            }
            pick -= weight;
        }
        unreachable!("the pick is below the sum of the weights")
    }

    fn millis(&mut self, from: i64, below: i64) -> TimeDelta {
        TimeDelta::milliseconds(self.rng.i64(from..below))
    }
}

#[derive(Default)]
struct Events {
    window: Vec<EventSpec>,
    afk: Vec<EventSpec>,
    web: Vec<EventSpec>,
    editor: Vec<EventSpec>,
}

fn event(start: DateTime<Utc>, end: DateTime<Utc>, data: Value) -> EventSpec {
    EventSpec {
        start,
        duration: end - start,
        data,
    }
}
