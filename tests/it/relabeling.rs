//! Relabelling does what Prometheus does: a real one scrapes each case, and what it stores is compared.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use aw_sync_agent::metrics::relabel::{RelabelConfig, Rules};
use chrono::Utc;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Process, Prometheus, PrometheusOptions, Receiver, Suite, wait_until};

/// Prometheus looks at its targets for the first time 5 s after its start.
const FIRST_SCRAPES: Duration = Duration::from_mins(1);

/// It reads its settings before all else.
const REFUSAL: Duration = Duration::from_mins(1);

type Labels = BTreeMap<String, String>;

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Case {
    name: String,
    labels: Labels,
    rules: Vec<toml::Table>,
    prometheus_2: Option<Labels>,
    prometheus_3: Option<Labels>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Refused {
    rule: toml::Table,
    #[serde(default)]
    taken_by_prometheus_3: bool,
}

impl Case {
    /// Returns what the agent makes of the case, given the labels that a scrape adds.
    fn relabelled(&self, job: &str, instance: &str) -> Option<Labels> {
        let rules: Vec<RelabelConfig> = self
            .rules
            .iter()
            .map(|rule| rule.clone().try_into().unwrap())
            .collect();
        let labels = complete(&self.labels, job, instance)
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect();
        let labels = Rules::new(rules).unwrap().apply(labels)?;
        Some(
            labels
                .into_iter()
                .map(|(name, value)| (name.into_owned(), value))
                .collect(),
        )
    }

    /// Returns the case as a job of Prometheus.
    fn job(&self, name: &str, instance: &str) -> Value {
        let rules: Vec<Value> = self.rules.iter().map(in_prometheus_words).collect();
        json!({
            "job_name": name,
            "metrics_path": format!("/{name}"),
            "static_configs": [{ "targets": [instance] }],
            "metric_relabel_configs": rules,
        })
    }

    /// Returns the case as a line of the text format.
    fn exposed(&self) -> String {
        let labels: Vec<_> = self
            .labels
            .iter()
            .map(|(name, value)| {
                let value = value
                    .replace('\\', r"\\")
                    .replace('"', "\\\"")
                    .replace('\n', r"\n");
                format!("{name}=\"{value}\"")
            })
            .collect();
        format!("case{{{}}} 1\n", labels.join(","))
    }
}

fn cases() -> Cases {
    toml::from_str(include_str!("../../src/metrics/relabel/cases.toml")).unwrap()
}

fn complete(labels: &Labels, job: &str, instance: &str) -> Labels {
    let common = [("__name__", "case"), ("job", job), ("instance", instance)];
    let common = common.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Labels::from(common)
        .into_iter()
        .chain(labels.clone())
        .collect()
}

/// Prometheus writes its keys with `_`.
fn in_prometheus_words(rule: &toml::Table) -> Value {
    rule.iter()
        .map(|(key, value)| (key.replace('-', "_"), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn prometheus_2_makes_the_same_of_each_case() {
    compare(Suite::Machine, |case| case.prometheus_2.as_ref());
}

#[test]
fn prometheus_3_makes_the_same_of_each_case() {
    compare(Suite::Sid, |case| case.prometheus_3.as_ref());
}

#[test]
fn prometheus_refuses_the_rules_that_the_agent_refuses() {
    for suite in [Suite::Machine, Suite::Sid] {
        for refused in cases().refused {
            if suite == Suite::Sid && refused.taken_by_prometheus_3 {
                continue;
            }
            let job = json!({ "job_name": "a", "metric_relabel_configs": [in_prometheus_words(&refused.rule)] });
            let directory = TempDir::new().unwrap();
            let config = directory.path().join("prometheus.yml");
            fs::write(&config, json!({ "scrape_configs": [job] }).to_string()).unwrap();
            let mut command = Command::new(suite.binary("prometheus"));
            command
                .arg(format!("--config.file={}", config.display()))
                .current_dir(directory.path());
            let output = Process::spawn("refusal", &mut command, directory.path()).wait(REFUSAL);
            assert_eq!(output.code, Some(2), "{}", refused.rule);
            assert!(
                output.stderr.contains("Error loading config"),
                "{}",
                output.stderr
            );
        }
    }
}

fn compare(suite: Suite, of_this_version: impl Fn(&Case) -> Option<&Labels>) {
    let cases = cases().case;
    let named: BTreeMap<_, _> = (1..)
        .map(|number| format!("case-{number}"))
        .zip(&cases)
        .collect();
    let pages = named
        .iter()
        .map(|(job, case)| (format!("/{job}"), case.exposed()));
    let instance = serve(pages.collect()).to_string();
    let prometheus = Prometheus::start(PrometheusOptions {
        suite,
        scrape_jobs: named
            .iter()
            .map(|(job, case)| case.job(job, &instance))
            .collect(),
        ..PrometheusOptions::default()
    });

    wait_until("a scrape of each case", FIRST_SCRAPES, || {
        prometheus.query("up", Utc::now()).len() == cases.len()
    });
    // A case that is dropped would look like one that could not be scraped.
    assert_eq!(prometheus.query("up == 0", Utc::now()), []);
    let stored = prometheus.query(r#"{job!="",__name__!~"up|scrape_.+"}"#, Utc::now());
    let mut differing = Vec::new();
    for (job, case) in &named {
        let of_case = stored
            .iter()
            .map(|(labels, _)| labels)
            .filter(|labels| labels.get("job") == Some(job));
        let expected = match of_this_version(case) {
            Some(labels) => Some(complete(labels, job, &instance)),
            None => case.relabelled(job, &instance),
        };
        differing.extend((!of_case.clone().eq(&expected)).then(|| {
            let stored: Vec<_> = of_case.collect();
            format!("{}: stored {stored:?} instead of {expected:?}", case.name)
        }));
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// Serves `pages`, by path, until the test process ends.
fn serve(pages: BTreeMap<String, String>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address");
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // A scrape that was broken off is made again.
            answer(&connection, &pages).ok();
        }
    });
    address
}

fn answer(mut connection: &TcpStream, pages: &BTreeMap<String, String>) -> std::io::Result<()> {
    let mut request = BufReader::new(connection).lines();
    let first = request.next().transpose()?.unwrap_or_default();
    while request
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let page = first.split(' ').nth(1).and_then(|path| pages.get(path));
    let page = page.map_or("", String::as_str);
    write!(
        connection,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
        page.len()
    )
}
