//! The server of `packaging/center`: its own files, passwords, certificates and flags, without containers and systemd.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::http;
use super::process::{Output, Process};
use super::receiver::Receiver;
use super::server::{Server, Suite};

const PATIENCE: Duration = Duration::from_mins(1);

/// A copy of `packaging/center` and what it refers to.
pub(crate) struct Center {
    directory: TempDir,
}

/// Where a server finds its files, and the flags that it is started with there.
pub(crate) struct Place {
    /// Stands in for `/`.
    pub(crate) root: PathBuf,
    /// With all paths in `root`.
    pub(crate) flags: Vec<String>,
}

impl Center {
    /// Makes a copy and has `first-run` make the rest for `receiver`.
    pub(crate) fn of(receiver: &str) -> Self {
        let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
        let center = Self {
            directory: TempDir::new().expect("there is a directory for temporary files"),
        };
        for part in ["center", "grafana", "prometheus"] {
            let copied = Command::new("cp")
                .arg("-r")
                .args([&packaging.join(part), center.directory.path()])
                .status();
            assert!(copied.is_ok_and(|status| status.success()), "{part}");
        }
        // Whoever tries it out in the repository has these.
        center.remove(".env");
        for made in ["data", "secrets"] {
            fs::remove_dir_all(center.files().join(made)).ok();
        }
        let run = center.first_run(&[receiver, "desk.lan"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        center
    }

    /// The copy of `packaging/center`.
    pub(crate) fn files(&self) -> PathBuf {
        self.directory.path().join("center")
    }

    pub(crate) fn read(&self, file: &str) -> String {
        let path = self.files().join(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Removes a file if it is there.
    pub(crate) fn remove(&self, file: &str) {
        fs::remove_file(self.files().join(file)).ok();
    }

    pub(crate) fn first_run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.files().join("first-run"));
        Process::spawn("first-run", command.args(arguments), self.directory.path()).wait(PATIENCE)
    }

    /// Runs a script as its README has it, where `/etc` is a directory of our own and we are whoever may write there.
    pub(crate) fn install(&self, script: &str) -> PathBuf {
        let root = self.directory.path().join("root");
        for directory in ["default", "prometheus", "systemd/system"] {
            fs::create_dir_all(root.join("etc").join(directory))
                .expect("the test's directory is writable");
        }
        let script: Vec<String> = script
            .lines()
            .filter(|line| !line.contains(" apt ") && !line.contains(" systemctl "))
            .map(|line| {
                let line = line.replace("sudo -u prometheus ", "").replace("sudo ", "");
                let line = line.replace("-g prometheus ", "");
                let line = line.replace("-g _victoria-metrics ", "");
                line.replace(" /etc/", &format!(" {}/etc/", root.display()))
            })
            .collect();
        let promtool = Suite::Machine.promtool();
        let tools = promtool.parent().expect("a program is in a directory");
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("bash");
        command
            .args(["-euo", "pipefail", "-c", &script.join("\n")])
            .current_dir(self.files())
            .env("PATH", format!("{}:{path}", tools.display()));
        let run = Process::spawn("install", &mut command, self.directory.path()).wait(PATIENCE);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        root
    }

    pub(crate) fn compose(&self) -> Value {
        serde_saphyr::from_str(&self.read("compose.yaml")).expect("it is YAML")
    }

    /// Lays out the files of a service as its container would have them.
    pub(crate) fn container(&self, service: &str) -> Place {
        let compose = self.compose();
        let root = self.directory.path().join("containers").join(service);
        let mount = |source: &str, target: &str| {
            let source = self.files().join(source);
            assert!(source.exists(), "{service} mounts {}", source.display());
            let target = root.join(target.trim_start_matches('/'));
            fs::create_dir_all(target.parent().expect("it is in the root"))
                .and_then(|()| symlink(source, target))
                .expect("the test's directory is writable");
        };
        let of_service = &compose["services"][service];
        for volume in texts(&of_service["volumes"]) {
            let (source, target) = volume.split_once(':').expect("SOURCE:TARGET");
            mount(source, target.trim_end_matches(":ro"));
        }
        for secret in texts(&of_service["secrets"]) {
            let file = compose["secrets"][secret]["file"].as_str();
            mount(
                file.expect("each is a file"),
                &format!("/run/secrets/{secret}"),
            );
        }
        Place::new(root, texts(&of_service["command"]))
    }

    /// The header that proves who we are.
    pub(crate) fn authorization(&self) -> String {
        let script = "printf 'aw:%s' \"$(cat secrets/password)\" | openssl base64 -A";
        let encoded = Command::new("sh")
            .args(["-c", script])
            .current_dir(self.files())
            .output()
            .expect("there is a shell");
        format!("Basic {}", String::from_utf8_lossy(&encoded.stdout))
    }

    /// Starts a Prometheus, with its data in `place` if the flags do not say where.
    pub(crate) fn prometheus(&self, suite: Suite, place: Place) -> CenterServer {
        let binary = suite.binary("prometheus");
        let pages = binary.with_file_name("../share/prometheus/web");
        let mut place = place.without("--web.listen-address");
        place
            .flags
            .push(format!("--web.local-assets={}", pages.display()));
        let has = |name: &str| place.flags.iter().any(|flag| flag.starts_with(name));
        let paths = [
            ("--config.file", "etc/prometheus/prometheus.yml"),
            ("--storage.tsdb.path", "data"),
        ];
        let missing: Vec<_> = paths
            .into_iter()
            .filter(|(name, _)| !has(name))
            .map(|(name, path)| format!("{name}={}", place.root.join(path).display()))
            .collect();
        place.flags.extend(missing);
        self.start("prometheus", "/-/ready", move |port| {
            let mut command = Command::new(&binary);
            command
                .args(&place.flags)
                .arg(format!("--web.listen-address=127.0.0.1:{port}"));
            command
        })
    }

    /// Starts a `VictoriaMetrics`; `environment` is a file of variables, as systemd reads it.
    pub(crate) fn victoria_metrics(
        &self,
        suite: Suite,
        place: Place,
        environment: Option<&Path>,
    ) -> CenterServer {
        let binary = suite.binary("victoria-metrics");
        let place = place.without("-httpListenAddr");
        let environment = environment.map_or_else(|| PathBuf::from("/dev/null"), Path::to_owned);
        self.start("victoria-metrics", "/health", move |port| {
            let mut command = Command::new("sh");
            command
                .args(["-c", r#"set -a && . "$0" && exec "$@""#])
                .args([&environment, &binary])
                .args(&place.flags)
                .arg(format!("-httpListenAddr=127.0.0.1:{port}"));
            command
        })
    }

    fn start(
        &self,
        name: &'static str,
        ready: &'static str,
        command: impl Fn(u16) -> Command + Send + Sync + 'static,
    ) -> CenterServer {
        let authorization = self.authorization();
        let server = Server::start(
            name,
            "https",
            ready,
            Some(authorization.clone()),
            Box::new(move |_, port| command(port)),
        );
        CenterServer {
            server,
            authorization,
        }
    }
}

impl Place {
    /// Moves the paths in `flags` into `root`.
    pub(crate) fn new<'a>(root: PathBuf, flags: impl IntoIterator<Item = &'a str>) -> Self {
        let inside = root.display().to_string();
        let flags = flags
            .into_iter()
            .map(|flag| {
                flag.replace("=/", &format!("={inside}/"))
                    .replace("=file:///", &format!("=file://{inside}/"))
            })
            .collect();
        Self { root, flags }
    }

    fn without(mut self, name: &str) -> Self {
        self.flags.retain(|flag| !flag.starts_with(name));
        self
    }
}

/// The texts of a list; of none if there is no list.
pub(crate) fn texts(list: &Value) -> impl Iterator<Item = &str> {
    let items = list.as_array().into_iter().flatten();
    items.map(|item| item.as_str().expect("it is a list of texts"))
}

/// A receiver that speaks TLS and wants to know who we are.
pub(crate) struct CenterServer {
    server: Server,
    authorization: String,
}

impl CenterServer {
    /// Returns what it answers at `path`.
    pub(crate) fn get(&self, path: &str) -> Value {
        let url = self.url() + path;
        http::request("GET", &url, self.authorization(), None)
            .unwrap_or_else(|error| panic!("{url}: {error}"))
            .json(&url)
    }

    /// Returns the status of its answer at `path` to someone who is unknown or says `authorization`.
    pub(crate) fn status(&self, path: &str, authorization: Option<&str>) -> u16 {
        let url = self.url() + path;
        http::request("GET", &url, authorization, None)
            .unwrap_or_else(|error| panic!("{url}: {error}"))
            .status
    }
}

impl Receiver for CenterServer {
    fn url(&self) -> String {
        self.server.url()
    }

    fn directory(&self) -> &Path {
        self.server.directory()
    }

    fn stop(&mut self) {
        self.server.stop();
    }

    fn restart(&mut self) {
        self.server.restart();
    }

    fn authorization(&self) -> Option<&str> {
        Some(&self.authorization)
    }

    /// Prometheus does not know the path.
    fn flush(&self) {
        self.status("/internal/force_flush", self.authorization());
    }
}
