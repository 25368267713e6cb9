//! `VictoriaMetrics`, single node.

use std::path::Path;
use std::process::Command;

use super::http;
use super::receiver::Receiver;
use super::server::{Server, Suite};

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct VictoriaMetricsOptions {
    pub(crate) suite: Suite,
    /// Whether a sample that was sent twice counts once, which its own default is not to.
    pub(crate) dedup: bool,
    /// For how long it keeps samples; by default longer than any test needs.
    pub(crate) retention: Option<&'static str>,
    /// For how long it keeps what is new in memory alone; by default 5 s. Only the one of sid knows the flag.
    pub(crate) flush_interval: Option<&'static str>,
}

pub(crate) struct VictoriaMetrics {
    server: Server,
}

impl VictoriaMetrics {
    pub(crate) fn start(options: VictoriaMetricsOptions) -> Self {
        let binary = options.suite.binary("victoria-metrics");
        let server = Server::start(
            "victoria-metrics",
            "http",
            "/health",
            None,
            Box::new(move |directory, port| {
                let mut command = Command::new(&binary);
                command
                    .arg(format!(
                        "-storageDataPath={}",
                        directory.join("data").display()
                    ))
                    .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
                    .arg(format!(
                        "-retentionPeriod={}",
                        options.retention.unwrap_or("100y")
                    ));
                if options.dedup {
                    command.arg("-dedup.minScrapeInterval=1ms");
                }
                if let Some(interval) = options.flush_interval {
                    command.arg(format!("-inmemoryDataFlushInterval={interval}"));
                }
                command
            }),
        );
        Self { server }
    }

    /// Deletes the series that match.
    pub(crate) fn delete(&self, selector: &str) {
        let url = self.server.url() + "/api/v1/admin/tsdb/delete_series";
        let reply = http::post_form(&url, None, &[("match[]", selector)]);
        assert!(
            reply.is_ok_and(|reply| reply.status == 204),
            "{selector} is not deleted"
        );
    }

    /// Kills it and starts it again: what it had only in memory is lost.
    pub(crate) fn crash(&mut self) {
        self.server.crash();
    }
}

impl Receiver for VictoriaMetrics {
    fn url(&self) -> String {
        self.server.url()
    }

    fn stop(&mut self) {
        self.server.stop();
    }

    fn restart(&mut self) {
        self.server.restart();
    }

    fn directory(&self) -> &Path {
        self.server.directory()
    }

    fn flush(&self) {
        let url = self.url() + "/internal/force_flush";
        let flushed = http::request("GET", &url, None, None).is_ok_and(|reply| reply.status == 200);
        assert!(flushed, "victoria-metrics does not flush");
    }
}
