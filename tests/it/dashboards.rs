//! What Grafana's dashboards may rely on, read from the files that people import.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use regex::Regex;
use serde_json::Value;

/// What the agent sends that dashboards ask for; the README says what each is.
const METRICS: [&str; 12] = [
    "aw_afk_seconds",
    "aw_editor_seconds",
    "aw_focus_streak_seconds",
    "aw_switches",
    "aw_sync_build_info",
    "aw_sync_lag_seconds",
    "aw_sync_last_success_timestamp_seconds",
    "aw_sync_samples_refused_total",
    "aw_sync_samples_sent_total",
    "aw_today_seconds",
    "aw_web_seconds",
    "aw_window_seconds",
];

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("packaging/grafana/dashboards")
}

fn dashboards() -> Vec<(String, Value)> {
    ["today", "weeks", "focus", "devices"]
        .map(|name| {
            let text = fs::read_to_string(directory().join(format!("{name}.json"))).unwrap();
            (name.to_owned(), serde_json::from_str(&text).unwrap())
        })
        .into()
}

/// Panels with a name that says where they are.
fn panels() -> Vec<(String, Value)> {
    let panels = |(name, dashboard): (String, Value)| {
        let panels = dashboard["panels"].as_array().unwrap().clone();
        let named = move |panel: Value| {
            (
                format!("{name}: {}", panel["title"].as_str().unwrap()),
                panel,
            )
        };
        panels.into_iter().map(named)
    };
    dashboards().into_iter().flat_map(panels).collect()
}

fn targets() -> Vec<(String, Value)> {
    let targets = |(name, panel): (String, Value)| {
        let targets = panel["targets"].as_array().unwrap().clone();
        targets
            .into_iter()
            .map(move |target| (name.clone(), target))
    };
    panels().into_iter().flat_map(targets).collect()
}

fn expr(target: &Value) -> &str {
    target["expr"].as_str().unwrap()
}

#[test]
fn every_data_source_is_the_one_that_somebody_chooses() {
    let sources = Regex::new(r#""uid":"([^"]*)""#).unwrap();
    for (name, dashboard) in dashboards() {
        let text = dashboard["panels"].to_string() + &dashboard["templating"].to_string();
        assert!(!text.contains("libraryPanel"), "{name}");
        let uids: BTreeSet<_> = sources
            .captures_iter(&text)
            .map(|found| found[1].to_owned())
            .collect();
        assert_eq!(uids, ["${datasource}".to_owned()].into(), "{name}");
        let variables = dashboard["templating"]["list"].as_array().unwrap();
        let names: Vec<_> = variables
            .iter()
            .map(|variable| variable["name"].as_str().unwrap())
            .collect();
        assert!(names.starts_with(&["datasource", "user", "host", "category"]));
        assert_eq!(dashboard["timezone"], "browser");
        assert_eq!(dashboard["id"], Value::Null);
    }
}

#[test]
fn every_panel_says_what_it_shows_and_when_there_is_nothing() {
    for (name, panel) in panels() {
        let description = panel["description"].as_str().unwrap_or_default();
        assert!(description.len() > 30, "{name}: {description:?}");
        let defaults = &panel["fieldConfig"]["defaults"];
        assert!(defaults["noValue"].is_string(), "{name}");
        assert!(defaults["unit"].is_string(), "{name}");
    }
}

#[test]
fn queries_ask_for_active_time_of_the_metrics_that_are_sent() {
    let metric = Regex::new(r"\b(aw_\w+)\{([^}]*)\}").unwrap();
    let mut asked = BTreeSet::new();
    for (name, target) in targets() {
        let found: Vec<_> = metric.captures_iter(expr(&target)).collect();
        let names = expr(&target).matches("aw_").count();
        assert_eq!(found.len(), names, "{name}: every metric has matchers");
        for (_, [metric, matchers]) in found.iter().map(regex::Captures::extract) {
            asked.insert(metric.to_owned());
            assert!(
                matchers.starts_with(r#"user=~"$user",host=~"$host""#),
                "{name}"
            );
            let has_active = ["aw_window_seconds", "aw_web_seconds"].contains(&metric);
            assert_eq!(
                matchers.contains(r#"active!="false""#),
                has_active,
                "{name}: {metric}"
            );
        }
    }
    assert_eq!(asked, METRICS.map(str::to_owned).into());
}

#[test]
fn queries_add_up_samples_and_look_ahead_from_each_step() {
    for (name, target) in targets() {
        let expr = expr(&target);
        for function in ["rate(", "increase(", "delta(", "sgn("] {
            assert!(!expr.contains(function), "{name}: {function}");
        }
        let instant = target["instant"] == true;
        assert_ne!(instant, target["range"] == true, "{name}");
        let whole = expr.contains("$__range");
        let step = expr.contains("$__interval]");
        assert!(!instant || !step, "{name}: an instant query has no steps");
        assert!(!whole || instant, "{name}: a step is not the whole range");
        let ahead = expr.matches("[$__interval] offset -$__interval").count();
        assert_eq!(expr.matches("[$__interval]").count(), ahead, "{name}");
        assert_eq!(target["interval"].is_string(), !instant, "{name}");
    }
}
