//! vmagent in front of a `VictoriaMetrics` of the same age.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use aw_sync_agent::metrics::{Labels, Sample, Series};
use aw_sync_agent::remote_write::Parcel;
use chrono::Utc;

use super::receiver::Receiver;
use super::server::{Server, Suite};
use super::victoria_metrics::{VictoriaMetrics, VictoriaMetricsOptions};
use super::{http, wait_until};

/// How long a sample may take through it.
const PASSAGE: Duration = Duration::from_secs(30);

pub(crate) struct VmAgent {
    server: Server,
    behind: VictoriaMetrics,
}

impl VmAgent {
    /// Starts both; samples that come twice count twice, as is the default.
    pub(crate) fn start(suite: Suite) -> Self {
        let behind = VictoriaMetrics::start(VictoriaMetricsOptions {
            suite,
            ..VictoriaMetricsOptions::default()
        });
        let binary = suite.file("victoria-metrics", "usr/bin/vmagent");
        let target = behind.url() + "/api/v1/write";
        let server = Server::start(
            "vmagent",
            "http",
            "/health",
            None,
            Box::new(move |directory, port| {
                let queue = directory.join("queue");
                let mut command = Command::new(&binary);
                command
                    .arg(format!("-remoteWrite.url={target}"))
                    .arg(format!("-remoteWrite.tmpDataPath={}", queue.display()))
                    .arg(format!("-httpListenAddr=127.0.0.1:{port}"));
                command
            }),
        );
        Self { server, behind }
    }

    /// Where samples are sent; what has arrived is asked at [`Receiver::url`].
    pub(crate) fn write_url(&self) -> String {
        self.server.url()
    }

    /// The settings that send to `url`, which leads to vmagent, and ask what is behind it.
    pub(crate) fn settings(&self, url: &str) -> String {
        let query_url = self.url() + "/api/v1";
        format!("[remote-write]\nurl = '{url}'\nquery-url = '{query_url}'\n")
    }
}

/// The `VictoriaMetrics` behind it: vmagent itself answers no queries.
impl Receiver for VmAgent {
    fn url(&self) -> String {
        self.behind.url()
    }

    fn directory(&self) -> &Path {
        self.behind.directory()
    }

    /// Ends vmagent and what is behind it.
    fn stop(&mut self) {
        self.server.stop();
        self.behind.stop();
    }

    fn restart(&mut self) {
        self.behind.restart();
        self.server.restart();
    }

    /// Waits until a sample that was sent after all others has come through.
    fn flush(&self) {
        let now = Utc::now();
        let name = format!("fence_{}", now.timestamp_micros());
        let fence = Series {
            labels: Labels::new([("__name__", name.clone())]),
            samples: vec![Sample {
                timestamp_ms: now.timestamp_millis(),
                value: 1.0,
            }],
        };
        let parcel = Parcel::new([fence]).expect("it has a sample");
        let url = self.write_url() + "/api/v1/write";
        let reply = http::post_samples(&url, &parcel.batch().body).expect("vmagent is there");
        assert_eq!(reply.status, 204, "{}", reply.body);
        let mut attempts = 0;
        wait_until("the fence", PASSAGE, || {
            attempts += 1;
            // VictoriaMetrics remembers for ten seconds that a selector has matched nothing.
            let promql = format!("{name}{{nonce!=\"{attempts}\"}}");
            !self.behind.query(&promql, now).is_empty()
        });
    }
}
