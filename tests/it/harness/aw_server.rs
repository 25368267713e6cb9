//! ActivityWatch's Python server, on a database of its own.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::activity::{Activity, Totals};
use super::http;
use super::server::{self, Server};

/// Events a request. The server takes each request as one transaction.
const CHUNK: usize = 5_000;

#[derive(Clone, Debug)]
pub(crate) struct BucketSpec {
    pub(crate) id: String,
    /// `type` in the API.
    pub(crate) kind: String,
    pub(crate) client: String,
    pub(crate) hostname: String,
}

impl BucketSpec {
    pub(crate) fn new(id: &str, kind: &str, client: &str, hostname: &str) -> Self {
        Self {
            id: id.to_owned(),
            kind: kind.to_owned(),
            client: client.to_owned(),
            hostname: hostname.to_owned(),
        }
    }

    /// The bucket of the window watcher on `host`.
    pub(crate) fn window(host: &str) -> Self {
        let id = format!("aw-watcher-window_{host}");
        Self::new(&id, "currentwindow", "aw-watcher-window", host)
    }

    /// The bucket of the AFK watcher on `host`.
    pub(crate) fn afk(host: &str) -> Self {
        let id = format!("aw-watcher-afk_{host}");
        Self::new(&id, "afkstatus", "aw-watcher-afk", host)
    }

    /// The bucket of the extension of `browser` on `host`.
    pub(crate) fn web(browser: &str, host: &str) -> Self {
        let id = format!("aw-watcher-web-{browser}_{host}");
        Self::new(&id, "web.tab.current", "aw-client-web", host)
    }
}

/// The server keeps milliseconds of `start` and microseconds of `duration`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EventSpec {
    pub(crate) start: DateTime<Utc>,
    pub(crate) duration: TimeDelta,
    pub(crate) data: Value,
}

impl EventSpec {
    pub(crate) fn new(start: DateTime<Utc>, millis: i64, data: Value) -> Self {
        Self {
            start,
            duration: TimeDelta::milliseconds(millis),
            data,
        }
    }

    pub(crate) fn end(&self) -> DateTime<Utc> {
        self.start + self.duration
    }

    pub(crate) fn json(&self) -> Value {
        let timestamp = self.start.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let duration = self.duration.as_seconds_f64();
        json!({ "timestamp": timestamp, "duration": duration, "data": self.data })
    }
}

/// The Python that the server runs on, with all that is installed for it.
pub(crate) fn python_of_activitywatch() -> PathBuf {
    server::brought("aw-server", "venv/bin/python")
}

pub(crate) struct AwServer {
    server: Server,
}

impl AwServer {
    /// Starts it in its normal mode: with `--testing` its errors are HTML pages of a debugger.
    pub(crate) fn start() -> Self {
        Self::with_data(None)
    }

    /// Starts it on the data in `directory`, which stay there.
    #[allow(dead_code, reason = "only `make bench` keeps data")]
    pub(crate) fn on(directory: &Path) -> Self {
        Self::with_data(Some(directory.to_owned()))
    }

    fn with_data(data: Option<PathBuf>) -> Self {
        let binary = server::brought("aw-server", "venv/bin/aw-server");
        // Written last by tests/servers.sh: the venv is whole.
        server::brought("aw-server", "venv/requirements.txt");
        let server = Server::start(
            "aw-server",
            "http",
            "/api/0/info",
            None,
            Box::new(move |directory, port| {
                let mut command = Command::new(&binary);
                command
                    .arg("--host=127.0.0.1")
                    .arg(format!("--port={port}"))
                    .arg("--storage=peewee");
                // It has its data below its home, which is its directory.
                let below_home = directory.join(".local");
                if let Some(data) = &data
                    && !below_home.exists()
                {
                    symlink(data, below_home).expect("the test's directory is writable");
                }
                command
            }),
        );
        Self { server }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    pub(crate) fn stop(&mut self) {
        self.server.stop();
    }

    /// Starts it on the same port with the same data, after ending it if it runs.
    pub(crate) fn restart(&mut self) {
        self.server.restart();
    }

    pub(crate) fn create_bucket(&self, bucket: &BucketSpec) {
        let body =
            json!({ "type": bucket.kind, "client": bucket.client, "hostname": bucket.hostname });
        self.call("POST", &format!("buckets/{}", bucket.id), Some(&body));
    }

    pub(crate) fn delete_bucket(&self, id: &str) {
        self.call("DELETE", &format!("buckets/{id}?force=1"), None);
    }

    /// Adds events as they are, side by side with what is there.
    pub(crate) fn insert(&self, bucket: &str, events: &[EventSpec]) {
        for chunk in events.chunks(CHUNK) {
            let body = chunk.iter().map(EventSpec::json).collect();
            self.call("POST", &format!("buckets/{bucket}/events"), Some(&body));
        }
    }

    /// Adds events as a JSON array that need not be one of ours.
    pub(crate) fn insert_json(&self, bucket: &str, events: &str) {
        let url = format!("{}/api/0/buckets/{bucket}/events", self.url());
        http::post_json(&url, events)
            .unwrap_or_else(|error| panic!("{bucket}: {error}"))
            .json(bucket);
    }

    /// Creates `bucket` with `events` in it.
    pub(crate) fn add(&self, bucket: &BucketSpec, events: &[EventSpec]) {
        self.create_bucket(bucket);
        self.insert(&bucket.id, events);
    }

    /// Creates the buckets of `activity` and inserts their events.
    pub(crate) fn fill(&self, activity: &Activity) {
        for (bucket, events) in &activity.buckets {
            self.add(bucket, events);
        }
    }

    /// Reports as a watcher does: `event` prolongs the bucket's last one when the data are the same
    /// and it starts at most `pulsetime` after that one's end.
    pub(crate) fn heartbeat(&self, bucket: &str, event: &EventSpec, pulsetime: TimeDelta) {
        let path = format!(
            "buckets/{bucket}/heartbeat?pulsetime={}",
            pulsetime.as_seconds_f64()
        );
        self.call("POST", &path, Some(&event.json()));
    }

    /// Asks for what ActivityWatch itself shows as the time of each app in `[from, to]`.
    pub(crate) fn app_totals(&self, host: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Totals {
        let query = [
            &*format!("events = query_bucket('{}');", BucketSpec::window(host).id),
            "RETURN = merge_events_by_keys(events, ['app']);",
        ];
        let answer = self.query(from, to, &query);
        let total = |event: &Value| {
            let app = event["data"]["app"].as_str().expect("that was the key");
            let seconds = event["duration"].as_f64().expect("events have one");
            (app.to_owned(), seconds)
        };
        let events = answer.as_array().expect("the query returns a list");
        events.iter().map(total).collect()
    }

    /// Runs the lines of a query over `[from, to]` and returns its `RETURN`.
    pub(crate) fn query(&self, from: DateTime<Utc>, to: DateTime<Utc>, lines: &[&str]) -> Value {
        let period = format!("{}/{}", from.to_rfc3339(), to.to_rfc3339());
        let body = json!({ "timeperiods": [period], "query": lines });
        self.call("POST", "query/", Some(&body))[0].take()
    }

    /// Returns `aw-buckets-export.json`: all buckets with all events, as the server has them downloaded.
    pub(crate) fn export(&self) -> String {
        let url = format!("{}/api/0/export", self.url());
        let answer = http::request("GET", &url, None, None);
        answer
            .unwrap_or_else(|error| panic!("export: {error}"))
            .body
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let url = format!("{}/api/0/{path}", self.url());
        let what = format!("{method} {path}");
        http::request(method, &url, None, body)
            .unwrap_or_else(|error| panic!("{what}: {error}"))
            .json(&what)
    }
}
