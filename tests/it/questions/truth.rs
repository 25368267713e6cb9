//! What a made-up month comes to, reckoned from its events alone.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::focus;
use crate::harness::EventSpec;
use crate::harness::activity::Activity;

/// The category of each app, as the test's settings have them.
pub(super) const CATEGORIES: [(&str, &str); 6] = [
    ("Code", "Work > Programming"),
    ("Alacritty", "Work > Programming"),
    ("Slack", "Work > Meetings"),
    ("zoom", "Work > Meetings"),
    ("firefox", "Web"),
    ("Spotify", "Media > Music"),
];

/// A day begins at four, where the agent's clock is.
pub(super) const START_OF_DAY: i64 = 4 * 60;

/// Microseconds.
const MINUTE: i64 = 60_000_000;

/// Gaps between files that are no longer are closed.
const FLOOD: i64 = 5_000_000;

/// What was going on in a minute.
pub(super) struct Sample {
    metric: &'static str,
    /// Minutes since the epoch.
    minute: i64,
    labels: BTreeMap<&'static str, String>,
    pub(super) value: f64,
}

impl Sample {
    pub(super) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", |value| value)
    }
}

/// Value by the values of the labels that a question groups by, with commas between them.
pub(super) type Answer = BTreeMap<String, f64>;

/// Minutes of each metric, of all hosts.
#[derive(Default)]
pub(super) struct Truth {
    samples: Vec<Sample>,
}

/// A stretch of time with labels; microseconds, so that half of a gap is one too.
type Stretch = (i64, i64, BTreeMap<&'static str, String>);

impl Truth {
    /// Adds what was done at `host`.
    pub(super) fn add(&mut self, host: &str, activity: &Activity) {
        let windows = with_presence(activity, |data| {
            let app = text(&data["app"]);
            BTreeMap::from([("category", category(&app)), ("app", app)])
        });
        self.sum("aw_window_seconds", host, &windows);
        let afk = activity.events("afkstatus").iter().map(|event| {
            let (start, end) = micros(event);
            (
                start,
                end,
                BTreeMap::from([("status", text(&event.data["status"]))]),
            )
        });
        self.sum("aw_afk_seconds", host, &afk.collect::<Vec<_>>());
        // Tabs are only where their browser is in front, and nobody is away then.
        let tabs = activity.events("web.tab.current").iter().map(|event| {
            let (start, end) = micros(event);
            (
                start,
                end,
                BTreeMap::from([("domain", domain(&event.data))]),
            )
        });
        self.sum("aw_web_seconds", host, &tabs.collect::<Vec<_>>());
        let files: Vec<_> = activity.events("app.editor.activity").iter().collect();
        let files = flooded(&files).into_iter().map(|(start, end, data)| {
            let project = text(&data["project"]);
            let project = project.rsplit('/').next().unwrap_or_default().to_owned();
            (start, end, BTreeMap::from([("project", project)]))
        });
        self.sum("aw_editor_seconds", host, &files.collect::<Vec<_>>());
        self.focus(host, activity, &windows);
    }

    fn focus(&mut self, host: &str, activity: &Activity, windows: &[Stretch]) {
        let active = focus::active(activity);
        for (metric, samples) in [
            ("aw_focus_streak_seconds", focus::streaks(&active)),
            ("aw_switches", focus::switches(&active)),
        ] {
            for (at, value) in samples {
                let labels = BTreeMap::from([("host", host.to_owned())]);
                self.push(metric, at / 60_000, labels, value);
            }
        }
        let mut minutes = BTreeMap::<(String, i64), f64>::new();
        for (start, end, labels) in windows
            .iter()
            .filter(|stretch| stretch.2["active"] == "true")
        {
            for (minute, seconds) in minutes_of(*start, *end) {
                *minutes
                    .entry((labels["category"].clone(), minute))
                    .or_default() += seconds;
            }
        }
        let mut so_far = BTreeMap::<(String, i64), f64>::new();
        for ((category, minute), seconds) in minutes {
            let day = (minute - START_OF_DAY).div_euclid(24 * 60);
            let sum = so_far.entry((category.clone(), day)).or_default();
            *sum += seconds;
            let labels = BTreeMap::from([("host", host.to_owned()), ("category", category)]);
            let sum = *sum;
            self.push("aw_today_seconds", minute, labels, sum);
        }
    }

    fn push(
        &mut self,
        metric: &'static str,
        minute: i64,
        labels: BTreeMap<&'static str, String>,
        value: f64,
    ) {
        self.samples.push(Sample {
            metric,
            minute,
            labels,
            value,
        });
    }

    fn sum(&mut self, metric: &'static str, host: &str, stretches: &[Stretch]) {
        let mut sums = BTreeMap::<(i64, BTreeMap<&'static str, String>), f64>::new();
        for (start, end, labels) in stretches {
            for (minute, seconds) in minutes_of(*start, *end) {
                *sums.entry((minute, labels.clone())).or_default() += seconds;
            }
        }
        for ((minute, mut labels), value) in sums {
            labels.insert("host", host.to_owned());
            self.push(metric, minute, labels, value);
        }
    }

    /// Returns the samples of the minutes from `from` up to, not including, `until`.
    pub(super) fn minutes(
        &self,
        metric: &str,
        from: i64,
        until: i64,
    ) -> impl Iterator<Item = &Sample> {
        let found = self.samples.iter();
        found
            .filter(move |sample| sample.metric == metric && (from..until).contains(&sample.minute))
    }

    /// Returns the sum of `metric` over those minutes by the labels `by`, of the samples that `wanted` wants.
    pub(super) fn total(
        &self,
        metric: &str,
        by: &[&str],
        (from, until): (i64, i64),
        wanted: impl Fn(&Sample) -> bool,
    ) -> Answer {
        let mut answer = Answer::new();
        for sample in self.minutes(metric, from, until).filter(|one| wanted(one)) {
            *answer.entry(key(sample, by)).or_default() += sample.value;
        }
        answer
    }

    /// Returns the largest value of each series over those minutes; then the sum or the largest of the series by `by`.
    pub(super) fn largest(
        &self,
        metric: &str,
        by: &[&str],
        (from, until): (i64, i64),
        join: fn(f64, f64) -> f64,
    ) -> Answer {
        let mut series = BTreeMap::<_, (String, f64)>::new();
        for sample in self.minutes(metric, from, until) {
            let largest = series
                .entry(sample.labels.clone())
                .or_insert_with(|| (key(sample, by), 0.0));
            largest.1 = largest.1.max(sample.value);
        }
        let mut answer = Answer::new();
        for (key, value) in series.into_values() {
            answer
                .entry(key)
                .and_modify(|joined| *joined = join(*joined, value))
                .or_insert(value);
        }
        answer
    }

    /// Returns the last sample of each series over those minutes.
    pub(super) fn last(&self, metric: &str, (from, until): (i64, i64)) -> Vec<&Sample> {
        let mut last = BTreeMap::<_, &Sample>::new();
        for sample in self.minutes(metric, from, until) {
            let newest = last.entry(&sample.labels).or_insert(sample);
            if newest.minute < sample.minute {
                *newest = sample;
            }
        }
        last.into_values().collect()
    }

    /// Returns, for each minute with any active time, its active seconds at all hosts together.
    pub(super) fn active_minutes(&self, (from, until): (i64, i64)) -> BTreeMap<i64, f64> {
        let mut minutes = BTreeMap::new();
        for sample in self.minutes("aw_window_seconds", from, until) {
            if sample.label("active") == "true" {
                *minutes.entry(sample.minute).or_default() += sample.value;
            }
        }
        minutes
    }
}

fn key(sample: &Sample, by: &[&str]) -> String {
    let values: Vec<_> = by.iter().map(|name| sample.label(name)).collect();
    values.join(",")
}

/// Cuts a stretch into minutes, each with its seconds.
fn minutes_of(start: i64, end: i64) -> impl Iterator<Item = (i64, f64)> {
    (start.div_euclid(MINUTE)..=(end - 1).div_euclid(MINUTE)).map(move |minute| {
        let inside = end.min((minute + 1) * MINUTE) - start.max(minute * MINUTE);
        #[expect(clippy::cast_precision_loss, reason = "at most a minute")]
        let seconds = inside as f64 / 1e6;
        (minute, seconds)
    })
}

/// The windows, cut where somebody left or came back, with `active`.
fn with_presence(
    activity: &Activity,
    labels: impl Fn(&Value) -> BTreeMap<&'static str, String>,
) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    for window in activity.events("currentwindow") {
        let (window_start, window_end) = micros(window);
        for afk in activity.events("afkstatus") {
            let (start, end) = micros(afk);
            let (start, end) = (start.max(window_start), end.min(window_end));
            if start < end {
                let mut labels = labels(&window.data);
                let is_there = afk.data["status"] == "not-afk";
                labels.insert("active", is_there.to_string());
                stretches.push((start, end, labels));
            }
        }
    }
    stretches
}

/// Closes short gaps between events in their middle.
fn flooded<'a>(events: &[&'a EventSpec]) -> Vec<(i64, i64, &'a Value)> {
    let mut stretches: Vec<(i64, i64, &Value)> = Vec::new();
    for event in events {
        let (mut start, end) = micros(event);
        if let Some(last) = stretches.last_mut()
            && start - last.1 <= FLOOD
        {
            let middle = i64::midpoint(last.1, start);
            last.1 = middle;
            start = middle;
        }
        stretches.push((start, end, &event.data));
    }
    stretches
}

fn micros(event: &EventSpec) -> (i64, i64) {
    let start = event.start.timestamp_micros();
    (start, start + event.duration.num_milliseconds() * 1000)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn category(app: &str) -> String {
    let found = CATEGORIES.iter().find(|(name, _)| *name == app);
    found
        .map_or("Uncategorized", |(_, category)| category)
        .to_owned()
}

fn domain(tab: &Value) -> String {
    if tab["incognito"] == true {
        return "(incognito)".to_owned();
    }
    match tab["url"].as_str().unwrap_or_default() {
        "https://docs.rs/chrono/latest/chrono/" => "docs.rs",
        "https://www.example.org/search?q=%E6%A4%9C%E7%B4%A2" => "example.org",
        "https://mail.example.com/inbox" => "mail.example.com",
        "http://localhost:3000/" => "localhost",
        "about:newtab" => "about",
        other => panic!("a new address: {other}"),
    }
    .to_owned()
}

/// Minutes since the epoch.
pub(super) fn minute(time: DateTime<Utc>) -> i64 {
    time.timestamp().div_euclid(60)
}
