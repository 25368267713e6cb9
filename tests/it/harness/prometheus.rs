//! Prometheus with its remote-write receiver.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::receiver::Receiver;
use super::server::{Server, Suite};

/// What the `basic_auth` option lets in: user `ada`, password `lovelace`.
const AUTHORIZATION: &str = "Basic YWRhOmxvdmVsYWNl";
const WEB_CONFIG: &str =
    "basic_auth_users:\n  ada: $2b$04$aw.sync.agent.tests.2udal3gU7X/d5HSsKixbdkbr0JWJJt3Bu\n";

#[derive(Clone, Debug)]
pub(crate) struct PrometheusOptions {
    pub(crate) suite: Suite,
    /// Whether it takes remote writes, which its own default is not to.
    pub(crate) receiver: bool,
    /// The out-of-order window, such as `30d`.
    pub(crate) out_of_order: Option<&'static str>,
    /// Whether it scrapes itself, as a real one does, and so refuses whatever is an hour old: every
    /// second, but only from about 5 s after its start, when its target discovery wakes.
    pub(crate) self_scrape: bool,
    /// Further jobs of `scrape_configs`; what is true of the first scrape of itself is true of theirs.
    pub(crate) scrape_jobs: Vec<Value>,
    pub(crate) basic_auth: bool,
}

impl Default for PrometheusOptions {
    fn default() -> Self {
        Self {
            suite: Suite::default(),
            receiver: true,
            out_of_order: None,
            self_scrape: false,
            scrape_jobs: Vec::new(),
            basic_auth: false,
        }
    }
}

pub(crate) struct Prometheus {
    server: Server,
    options: PrometheusOptions,
}

impl Prometheus {
    pub(crate) fn start(options: PrometheusOptions) -> Self {
        let binary = options.suite.binary("prometheus");
        // Debian's build looks for its pages where they would be installed.
        let pages = binary.with_file_name("../share/prometheus/web");
        let authorization = options.basic_auth.then_some(AUTHORIZATION);
        let configured = options.clone();
        let server = Server::start(
            "prometheus",
            "/-/ready",
            authorization,
            Box::new(move |directory, port| {
                let config = directory.join("prometheus.yml");
                fs::write(&config, settings(&configured, port))
                    .expect("the test's directory is writable");
                let mut command = Command::new(&binary);
                command
                    .arg(format!("--config.file={}", config.display()))
                    .arg(format!(
                        "--storage.tsdb.path={}",
                        directory.join("data").display()
                    ))
                    .arg("--storage.tsdb.retention.time=100y")
                    .arg(format!("--web.local-assets={}", pages.display()))
                    .arg(format!("--web.listen-address=127.0.0.1:{port}"));
                if configured.receiver {
                    command.arg("--web.enable-remote-write-receiver");
                }
                if configured.basic_auth {
                    let web_config = directory.join("web.yml");
                    fs::write(&web_config, WEB_CONFIG).expect("the test's directory is writable");
                    command.arg(format!("--web.config.file={}", web_config.display()));
                }
                command
            }),
        );
        Self { server, options }
    }

    /// Starts one that is set up as the README asks, for samples of any age.
    pub(crate) fn taking_history(suite: Suite) -> Self {
        Self::start(PrometheusOptions {
            suite,
            out_of_order: Some("10000d"),
            ..PrometheusOptions::default()
        })
    }

    pub(crate) fn stop(&mut self) {
        self.server.stop();
    }

    /// Starts it on the same port with the same data, after ending it if it runs.
    pub(crate) fn restart(&mut self) {
        self.server.restart();
    }
}

impl Receiver for Prometheus {
    fn url(&self) -> String {
        self.server.url()
    }

    fn authorization(&self) -> Option<&str> {
        self.options.basic_auth.then_some(AUTHORIZATION)
    }
}

fn settings(options: &PrometheusOptions, port: u16) -> String {
    let mut settings = vec!["global: { scrape_interval: 1s }".to_owned()];
    if let Some(window) = options.out_of_order {
        settings.push(format!(
            "storage: {{ tsdb: {{ out_of_order_time_window: {window} }} }}"
        ));
    }
    let mut jobs = options.scrape_jobs.clone();
    if options.self_scrape {
        let targets = json!([{ "targets": [format!("127.0.0.1:{port}")] }]);
        let mut job = json!({ "job_name": "prometheus", "static_configs": targets });
        if options.basic_auth {
            job["basic_auth"] = json!({ "username": "ada", "password": "lovelace" });
        }
        jobs.push(job);
    }
    // What is JSON is YAML.
    settings.push(format!("scrape_configs: {}", Value::from(jobs)));
    settings.join("\n")
}
