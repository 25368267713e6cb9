//! vmagent in front of a `VictoriaMetrics` of the same age.

use std::path::Path;
use std::process::Command;

use super::receiver::Receiver;
use super::server::{Server, Suite};
use super::victoria_metrics::{VictoriaMetrics, VictoriaMetricsOptions};

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

    fn flush(&self) {
        self.behind.flush();
    }
}
