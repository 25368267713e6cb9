//! Every question of every dashboard, document and rule is asked of a month that went through the agent, and each answer
//! compared with what the month's events come to.

mod asked;
mod expected;
mod truth;

use chrono::{DateTime, Utc};

use crate::harness::{
    Agent, AwServer, Density, Generator, Prometheus, Receiver, Suite, VictoriaMetrics,
    VictoriaMetricsOptions, midnight,
};
use asked::Asked;
use expected::{Expected, Moment, expected};
use truth::{Answer, CATEGORIES, Truth, minute};

const DAYS: i64 = 28;
const GOAL: f64 = 6.0;

/// Half a millisecond in a day's seconds, and what a million additions of floating-point numbers lose in a month's.
const TOLERANCE: f64 = 0.0005;

/// A month at a laptop, of which the last week was at a desk too.
fn month() -> (AwServer, Truth) {
    let server = AwServer::start();
    let mut truth = Truth::default();
    for (host, seed, days) in [("laptop", 31, 28), ("desk", 32, 7)] {
        let activity = Generator::new(seed, Density::Human)
            .host(host)
            .days(midnight(days.into()), days);
        server.fill(&activity);
        truth.add(host, &activity);
    }
    (server, truth)
}

/// Settings with a category for each app, in place of the starter set.
fn settings(agent: &Agent) {
    let rule = |(app, category): &(&str, &str)| {
        let path: Vec<_> = category.split(" > ").collect();
        serde_json::json!({"name": path, "rule": {"type": "regex", "regex": format!("^{app}$")}})
    };
    let rules: Vec<_> = CATEGORIES.iter().map(rule).collect();
    let export = serde_json::json!({ "categories": rules });
    let path = agent.home().join("categories.json");
    std::fs::write(&path, export.to_string()).unwrap();
    agent.write_settings(&format!("categories-file = '{}'", path.display()));
}

/// Fills in what Grafana fills in.
fn filled_in(promql: &str, moment: Moment) -> String {
    let variables = [
        ("$__range_s", (moment.range * 60).to_string()),
        ("$__range", format!("{}s", moment.range * 60)),
        ("$__interval_ms", (moment.interval * 60_000).to_string()),
        ("$__interval", format!("{}s", moment.interval * 60)),
        ("$goal", GOAL.to_string()),
        ("$user", "ada".to_owned()),
        ("$host", ".*".to_owned()),
        ("$category", ".*".to_owned()),
    ];
    let mut filled = promql.to_owned();
    for (name, value) in variables {
        filled = filled.replace(name, &value);
    }
    assert!(!filled.contains('$'), "{filled}");
    filled
}

fn time(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(minute * 60, 0).unwrap()
}

/// The values by what tells them apart, which is joined as the truth joins it.
fn answer(receiver: &dyn Receiver, promql: &str, at: i64) -> Answer {
    receiver
        .query(promql, time(at))
        .into_iter()
        .map(|(mut labels, value)| {
            labels.remove("__name__");
            let values: Vec<_> = labels.into_values().collect();
            (values.join(","), value)
        })
        .collect()
}

fn agree(found: &Answer, truth: &Answer) -> bool {
    let close = |(found, truth): ((&String, &f64), (&String, &f64))| {
        found.0 == truth.0 && (found.1 - truth.1).abs() < TOLERANCE.max(truth.1.abs() * 1e-9)
    };
    found.len() == truth.len() && found.iter().zip(truth).all(close)
}

/// Says what is wrong with an answer.
fn fault(found: &Answer, expected: &Expected) -> Option<String> {
    let is_right = match expected {
        Expected::Exactly(truth) => agree(found, truth),
        Expected::OneOf(truths) => truths.iter().any(|truth| agree(found, truth)),
        Expected::Between(keys, from, to) => {
            found.keys().eq(keys) && found.values().all(|value| (from..=to).contains(&value))
        }
    };
    let truth = match expected {
        Expected::Exactly(truth) => format!("{truth:?}"),
        Expected::OneOf(truths) => format!("one of {truths:?}"),
        Expected::Between(keys, from, to) => format!("{keys:?} between {from} and {to}"),
    };
    (!is_right).then(|| format!("found {found:?}\n    truth {truth}"))
}

/// Asks one question at each of its moments, and returns what is wrong.
fn wrong(receiver: &dyn Receiver, truth: &Truth, asked: &Asked, moment: Moment) -> Option<String> {
    // A few points of what Grafana draws: the first of the range, the last, and some between them.
    let moments: Vec<_> = match asked.step_minutes {
        None => vec![moment],
        Some(step) => {
            let steps = moment.range / step;
            let stride = (steps
                / if asked.place.starts_with("rules") {
                    120
                } else {
                    12
                })
            .max(1);
            (0..steps)
                .step_by(usize::try_from(stride).unwrap())
                .chain([steps - 1])
                .map(|number| Moment {
                    at: moment.at - moment.range + number * step,
                    interval: step,
                    ..moment
                })
                .collect()
        }
    };
    moments.into_iter().find_map(|moment| {
        let Some(expected) = expected(&asked.place, truth, moment) else {
            return Some("nobody knows the true answer".to_owned());
        };
        let promql = filled_in(&asked.promql, moment);
        let fault = fault(&answer(receiver, &promql, moment.at), &expected)?;
        Some(format!("at {}: {promql}\n    {fault}", time(moment.at)))
    })
}

#[test]
fn every_question_is_answered_with_the_truth() {
    let (server, truth) = month();
    let receivers: Vec<(&str, Box<dyn Receiver + Sync + Send>)> = vec![
        (
            "Prometheus 2",
            Box::new(Prometheus::taking_history(Suite::Machine)),
        ),
        (
            "Prometheus 3",
            Box::new(Prometheus::taking_history(Suite::Sid)),
        ),
        (
            "VictoriaMetrics",
            Box::new(VictoriaMetrics::start(VictoriaMetricsOptions {
                suite: Suite::Sid,
                ..VictoriaMetricsOptions::default()
            })),
        ),
    ];
    let asked: Vec<_> = asked::of_dashboards()
        .into_iter()
        .chain(asked::of_documents())
        .chain(asked::of_rules())
        .collect();
    assert!(asked.len() >= 70, "only {} questions", asked.len());
    let mut faults = Vec::new();
    for (name, receiver) in &receivers {
        let receiver: &dyn Receiver = &**receiver;
        let agent = Agent::between(&[&server], receiver)
            .env("TZ", "UTC")
            .args(&["--user-id", "ada"]);
        settings(&agent);
        agent.sync();
        let now = minute(Utc::now()) + 1;
        for one in &asked {
            let dashboard = one.place.split(':').next().unwrap_or_default();
            // What the agent says of itself is of now.
            let is_of_now = dashboard == "devices" || one.promql.starts_with("time() -");
            let end = if is_of_now { now } else { minute(midnight(0)) };
            let moment = Moment {
                at: end,
                end,
                range: match dashboard {
                    "weeks" => DAYS * 24 * 60,
                    "rules" => 5 * 24 * 60,
                    "devices" => 7 * 24 * 60,
                    _ => 24 * 60,
                },
                interval: 1,
                goal: GOAL,
            };
            if let Some(fault) = wrong(receiver, &truth, one, moment) {
                faults.push(format!("{name}, {}: {fault}", one.place));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} wrong:\n{}",
        faults.len(),
        faults.join("\n")
    );
    println!(
        "{} questions, each of {} receivers",
        asked.len(),
        receivers.len()
    );
}
