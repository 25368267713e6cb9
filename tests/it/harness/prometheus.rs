//! Prometheus with its remote-write receiver.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::certificates::CERTIFICATES;
use super::http;
use super::receiver::Receiver;
use super::server::{Server, Suite};

/// The only user that the `basic_auth` option lets in.
const USER: &str = "ada";

/// A password as Prometheus and as its client write it.
struct Password {
    bcrypt: &'static str,
    authorization: &'static str,
}

/// `lovelace`, which counts at the start.
const FIRST: Password = Password {
    bcrypt: "$2b$04$aw.sync.agent.tests.2udal3gU7X/d5HSsKixbdkbr0JWJJt3Bu",
    authorization: "Basic YWRhOmxvdmVsYWNl",
};

/// `babbage`, after [`Prometheus::change_password`].
const SECOND: Password = Password {
    bcrypt: "$2b$04$aw.sync.agent.tests.2uGTZfjqAy0ZwFz2R2mS/OAWemT9/1oWy",
    authorization: "Basic YWRhOmJhYmJhZ2U=",
};

/// What it asks of whoever connects by TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// Nothing.
    Server,
    /// A certificate that the tests' authority signed.
    Mutual,
    /// Nothing, but it speaks no TLS after 1.2.
    Version12,
}

/// What it does with samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Keeps them and answers queries.
    Server,
    /// Would pass them on.
    Agent,
}

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
    /// What it does with samples.
    pub(crate) mode: Mode,
    /// Whether it lets in user `ada` with password `lovelace` only.
    pub(crate) basic_auth: bool,
    /// Whether it speaks TLS, with the certificate of [`CERTIFICATES`].
    pub(crate) tls: Option<Tls>,
}

impl Default for PrometheusOptions {
    fn default() -> Self {
        Self {
            suite: Suite::default(),
            receiver: true,
            out_of_order: None,
            self_scrape: false,
            scrape_jobs: Vec::new(),
            mode: Mode::Server,
            basic_auth: false,
            tls: None,
        }
    }
}

pub(crate) struct Prometheus {
    server: Server,
    options: PrometheusOptions,
    out_of_order: Arc<Mutex<Option<&'static str>>>,
    password: Password,
}

impl Prometheus {
    pub(crate) fn start(options: PrometheusOptions) -> Self {
        let binary = options.suite.binary("prometheus");
        // Debian's build looks for its pages where they would be installed.
        let pages = binary.with_file_name("../share/prometheus/web");
        let authorization = options.basic_auth.then(|| FIRST.authorization.to_owned());
        let scheme = if options.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let configured = options.clone();
        let out_of_order = Arc::new(Mutex::new(options.out_of_order));
        let window = Arc::clone(&out_of_order);
        let server = Server::start(
            "prometheus",
            scheme,
            "/-/ready",
            authorization,
            Box::new(move |directory, port| {
                let config = directory.join("prometheus.yml");
                let window = *window.lock().expect("nobody panics with it");
                fs::write(&config, settings(&configured, window, port))
                    .expect("the test's directory is writable");
                let mut command = Command::new(&binary);
                command
                    .arg(format!("--config.file={}", config.display()))
                    .arg(format!("--web.local-assets={}", pages.display()))
                    .arg(format!("--web.listen-address=127.0.0.1:{port}"));
                let data = directory.join("data");
                if configured.mode == Mode::Agent {
                    command
                        .arg(match configured.suite {
                            Suite::Machine | Suite::Trixie => "--enable-feature=agent",
                            Suite::Sid => "--agent",
                        })
                        .arg(format!("--storage.agent.path={}", data.display()));
                } else {
                    command
                        .arg(format!("--storage.tsdb.path={}", data.display()))
                        .arg("--storage.tsdb.retention.time=100y")
                        .arg("--web.enable-admin-api");
                }
                if configured.receiver {
                    command.arg("--web.enable-remote-write-receiver");
                }
                if configured.basic_auth || configured.tls.is_some() {
                    let web_config = write_web_config(directory, &configured, &FIRST);
                    command.arg(format!("--web.config.file={}", web_config.display()));
                }
                command
            }),
        );
        Self {
            server,
            options,
            out_of_order,
            password: FIRST,
        }
    }

    /// Lets in password `babbage` in place of `lovelace`, at once.
    pub(crate) fn change_password(&mut self) {
        self.password = SECOND;
        write_web_config(self.server.directory(), &self.options, &self.password);
    }

    /// Starts one that is set up as the README asks, for samples of any age.
    pub(crate) fn taking_history(suite: Suite) -> Self {
        Self::start(PrometheusOptions {
            suite,
            out_of_order: Some("10000d"),
            ..PrometheusOptions::default()
        })
    }

    /// Has the `promtool` of this machine's own release make blocks of a file of OpenMetrics, and starts again with them.
    pub(crate) fn import(&mut self, openmetrics: &Path) {
        let data = self.server.directory().join("data");
        let promtool = Suite::Machine.promtool();
        self.server.stop();
        let run = Command::new(promtool)
            .args(["tsdb", "create-blocks-from", "--max-block-duration=486h"])
            .arg("openmetrics")
            .args([openmetrics, &data])
            .output()
            .expect("it comes with Prometheus");
        let complaint = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "promtool: {complaint}");
        self.server.restart();
    }

    /// Starts it again with another out-of-order window.
    pub(crate) fn restart_taking(&mut self, window: &'static str) {
        *self.out_of_order.lock().expect("nobody panics with it") = Some(window);
        self.server.restart();
    }
}

impl Receiver for Prometheus {
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

    fn authorization(&self) -> Option<&str> {
        let password = &self.password;
        self.options.basic_auth.then_some(password.authorization)
    }

    /// Waits for the end of a compaction: while a Prometheus before 2.49 makes blocks of late samples, it does not show
    /// all of them (prometheus/prometheus#13115). This request has nothing to clean, but takes its turn after that.
    fn flush(&self) {
        let url = self.url() + "/api/v1/admin/tsdb/clean_tombstones";
        let reply = http::request("POST", &url, self.authorization(), None);
        assert!(
            reply.is_ok_and(|reply| reply.status == 204),
            "prometheus does not clean up"
        );
    }
}

/// Writes the file of `--web.config.file`, which Prometheus reads for each connection and request.
fn write_web_config(directory: &Path, options: &PrometheusOptions, password: &Password) -> PathBuf {
    let mut config = json!({});
    if options.basic_auth {
        config["basic_auth_users"] = json!({ USER: password.bcrypt });
    }
    if let Some(tls) = options.tls {
        let certificates = &*CERTIFICATES;
        let file = |name: &str, text: &str| {
            let path = directory.join(name);
            fs::write(&path, text).expect("the test's directory is writable");
            path
        };
        let server = &certificates.server;
        config["tls_server_config"] = json!({
            "cert_file": file("server.pem", &server.certificate),
            "key_file": file("server.key", &server.key),
        });
        if tls == Tls::Version12 {
            config["tls_server_config"]["max_version"] = json!("TLS12");
        }
        if tls == Tls::Mutual {
            config["tls_server_config"]["client_ca_file"] = json!(file("ca.pem", &certificates.ca));
            config["tls_server_config"]["client_auth_type"] = json!("RequireAndVerifyClientCert");
        }
    }
    let path = directory.join("web.yml");
    // What is JSON is YAML.
    fs::write(&path, config.to_string()).expect("the test's directory is writable");
    path
}

fn settings(options: &PrometheusOptions, out_of_order: Option<&str>, port: u16) -> String {
    let mut settings = vec!["global: { scrape_interval: 1s }".to_owned()];
    if let Some(window) = out_of_order {
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
