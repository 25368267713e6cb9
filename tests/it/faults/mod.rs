//! What goes wrong between both ends: for each fault what a person reads, what is left of the pass, and that the totals
//! are right once the fault is over.

mod activitywatch;
mod clock;
mod disk;
mod receiver;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::harness::activity::{Activity, Totals};
use crate::harness::{
    Agent, AwServer, Density, Generator, Output, Prometheus, Receiver, SOON, Suite,
    VictoriaMetrics, VictoriaMetricsOptions, complaint, midnight,
};
use crate::totals::assert_equal;

/// How many days there are to deliver. Each is a request.
const DAYS: i64 = 3;

/// The last days of somebody, in a server.
struct Days {
    server: AwServer,
    activity: Activity,
}

impl Days {
    fn start() -> Self {
        let server = AwServer::start();
        let activity =
            Generator::new(11, Density::Human).days(midnight(DAYS), DAYS.try_into().unwrap());
        server.fill(&activity);
        Self { server, activity }
    }

    /// Asserts that `receiver` has each second of them once, under the name of `user`. While a Prometheus
    /// before 2.49 makes blocks of late samples, it does not show all of them (prometheus/prometheus#13115).
    #[track_caller]
    fn assert_arrived(&self, user: &str, receiver: &dyn Receiver) {
        let (from, to) = (midnight(DAYS), midnight(0));
        let apps = self.activity.app_totals(from, to);
        let afk = self.activity.afk_totals(from, to);
        for (metric, label, truth) in [
            ("aw_window_seconds", "app", apps),
            ("aw_afk_seconds", "status", afk),
        ] {
            let selector = format!("{metric}{{user=\"{user}\"}}");
            let sum = |totals: &Totals| totals.values().sum::<f64>();
            let mut found = receiver.totals(&selector, label, from, to);
            let deadline = Instant::now() + SOON;
            while sum(&found) < sum(&truth) - 0.5 && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(500));
                found = receiver.totals(&selector, label, from, to);
            }
            assert_equal(&found, &truth);
        }
    }
}

/// What is left once everything has gone well.
pub(crate) const ALL: &str = "delivered until the horizon\n";

/// One that keeps the first copy of a sample, and one that keeps every copy: as the README asks, and with its own
/// defaults.
fn receivers() -> [Box<dyn Receiver + Send + Sync>; 2] {
    [
        Box::new(Prometheus::taking_history(Suite::Machine)),
        Box::new(VictoriaMetrics::start(VictoriaMetricsOptions::default())),
    ]
}

/// How a run ended, what it said to a person, and what it left.
fn aftermath(agent: &Agent, run: &Output, replacements: &[(&str, &str)]) -> String {
    format!("{}{}", ended(run, replacements), left(agent))
}

/// How a run ended, and what it said to a person.
fn ended(run: &Output, replacements: &[(&str, &str)]) -> String {
    let code = run.code.map_or("none".to_owned(), |code| code.to_string());
    format!("exit {code}\n{}\n", complaint(run, replacements))
}

/// What the agent remembers of its destinations.
pub(crate) fn left(agent: &Agent) -> String {
    left_of(&agent.run(&["status", "--json"]))
}

/// The same of the end of `status --json`.
fn left_of(run: &Output) -> String {
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let status: Value = serde_json::from_str(&run.stdout).unwrap();
    let endpoints = status["endpoints"].as_array().unwrap();
    endpoints.iter().map(left_at).collect()
}

fn left_at(endpoint: &Value) -> String {
    let mut left = String::new();
    let devices = endpoint["devices"].as_array().unwrap();
    if devices.is_empty() {
        left += "nothing delivered";
    }
    for device in devices {
        write!(left, "delivered until {}", named(&device["watermark"])).unwrap();
        let buckets = device["buckets"].as_object().unwrap().values();
        let lagging = buckets.filter(|bucket| !bucket["done_until"].is_null());
        let lagging: BTreeSet<_> = lagging.map(|bucket| named(&bucket["done_until"])).collect();
        for until in lagging {
            write!(left, ", of some buckets until {until}").unwrap();
        }
    }
    if !endpoint["unanswered_samples"].is_null() {
        left += ", a request under way";
    }
    for refused in endpoint["refused"].as_array().into_iter().flatten() {
        let (samples, cause) = (&refused["samples"], &refused["cause"]);
        write!(left, ", {samples} samples refused as {cause}").unwrap();
    }
    left + "\n"
}

fn named(time: &Value) -> String {
    let time: DateTime<Utc> = time.as_str().unwrap().parse().unwrap();
    let day = |days| DAYS - days;
    if let Some(days) = (0..=DAYS).find(|&days| time == midnight(days)) {
        return format!("the end of day {}", day(days));
    }
    if time > Utc::now() {
        return "a time to come".to_owned();
    }
    (1..=DAYS)
        .find(|&days| midnight(days) < time && time < midnight(days - 1))
        .map_or("the horizon".to_owned(), |days| {
            format!("within day {}", day(days) + 1)
        })
}
