//! A few of the kills of `make chaos`, which makes hundreds.

#[path = "../chaos/trials/mod.rs"]
#[allow(dead_code, reason = "`make chaos` shows more of it")]
mod trials;

use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::harness::{Agent, Density};
use trials::{CASES, History, Trials};

/// Tries the case of that name.
fn assert_exact(name: &str, kills: u32) {
    let case = CASES.iter().find(|case| case.name == name).unwrap();
    let trials = Trials {
        case,
        history: &History::of(2, Density::Human),
        kills,
        seed: 42,
        let_a_minute_pass,
        watch: &|_| {},
    };
    let outcome = trials.run();
    assert!(outcome.is_exact() && outcome.kills == kills, "{outcome}");
}

/// Has the agent take all that was acknowledged for older than a minute.
fn let_a_minute_pass(agent: &Agent) {
    agent.edit_endpoint(|endpoint| {
        let unconfirmed = endpoint["unconfirmed"].as_array_mut();
        for stretch in unconfirmed.into_iter().flatten() {
            stretch["at"] = json!(Utc::now() - TimeDelta::minutes(2));
        }
    });
}

#[test]
fn an_agent_killed_at_random_changes_nothing_in_a_prometheus_with_a_window() {
    assert_exact("Prometheus 3.5, window", 6);
}

#[test]
fn an_agent_killed_at_random_changes_nothing_in_a_prometheus_without_a_window() {
    assert_exact("Prometheus 3.5, no window", 6);
}

#[test]
fn an_agent_killed_at_random_changes_nothing_in_an_old_prometheus() {
    assert_exact("Prometheus 2.42, window", 6);
}

#[test]
fn an_agent_killed_at_random_changes_nothing_in_an_old_victoria_metrics() {
    assert_exact("VictoriaMetrics 1.79", 2);
}

#[test]
fn an_agent_killed_at_random_changes_nothing_in_a_new_victoria_metrics() {
    assert_exact("VictoriaMetrics 1.145", 2);
}

#[test]
fn a_victoria_metrics_killed_after_its_answer_has_everything_once_in_the_end() {
    assert_exact("VictoriaMetrics 1.145 itself", 1);
}
