//! The questions that are asked in dashboards, rules and documents.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A question, and where it stands.
pub(super) struct Asked {
    /// Such as `today: Active time A`.
    pub(super) place: String,
    pub(super) promql: String,
    /// The step of a range query; `None` for an instant query.
    pub(super) step_minutes: Option<i64>,
}

/// Those of all dashboards, with their variables in them.
pub(super) fn of_dashboards() -> Vec<Asked> {
    let mut asked = Vec::new();
    for path in files("packaging/grafana/dashboards", "json") {
        let text = fs::read_to_string(&path).unwrap();
        let dashboard: Value = serde_json::from_str(&text).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy();
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                let is_instant = target["instant"] == true;
                let interval = target["interval"].as_str().or(panel["interval"].as_str());
                asked.push(Asked {
                    place: format!(
                        "{name}: {} {}",
                        text(&panel["title"]),
                        text(&target["refId"])
                    ),
                    promql: text(&target["expr"]),
                    step_minutes: (!is_instant).then(|| minutes(interval.unwrap_or("1h"))),
                });
            }
        }
    }
    asked
}

/// Those of the page of questions, by the number of their heading; they are in blocks after it.
pub(super) fn of_documents() -> Vec<Asked> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut asked = Vec::new();
    for path in ["packaging/doc/queries.md", "README.md"] {
        let text = fs::read_to_string(root.join(path)).unwrap();
        let mut heading = "";
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(found) = line.strip_prefix("## ") {
                heading = found;
            } else if line.trim() == "```promql" {
                let block = lines.by_ref().take_while(|line| line.trim() != "```");
                let promql = block.collect::<Vec<_>>().join(" ");
                let number = asked
                    .iter()
                    .filter(|one: &&Asked| one.place.starts_with(heading))
                    .count();
                let letter = char::from(b'A' + u8::try_from(number).unwrap());
                asked.push(Asked {
                    place: format!("{heading} {letter}"),
                    promql,
                    step_minutes: None,
                });
            }
        }
    }
    asked
}

/// Those of alerts and recording rules, as they are evaluated at times that have passed.
pub(super) fn of_rules() -> Vec<Asked> {
    let mut asked = Vec::new();
    for path in files("packaging/prometheus", "yml") {
        let text = fs::read_to_string(&path).unwrap();
        let file: Value = serde_saphyr::from_str(&text).unwrap();
        for group in file["groups"].as_array().unwrap() {
            for rule in group["rules"].as_array().unwrap() {
                let name = rule["alert"].as_str().or(rule["record"].as_str());
                asked.push(Asked {
                    place: format!("rules: {}", name.unwrap()),
                    promql: rule["expr"].as_str().unwrap().to_owned(),
                    step_minutes: Some(60),
                });
            }
        }
    }
    asked
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(root).unwrap();
    let found = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = found
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    paths.sort();
    paths
}

/// Reads `1m`, `6h` or `1d`.
fn minutes(interval: &str) -> i64 {
    let (number, unit) = interval.split_at(interval.len() - 1);
    let number: i64 = number.parse().unwrap();
    number
        * match unit {
            "m" => 1,
            "h" => 60,
            "d" => 24 * 60,
            other => panic!("a new unit: {other}"),
        }
}
