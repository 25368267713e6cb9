//! What depends on the time before: streaks without a break, changes of the app, and what the day has come to so far.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::activity::{Activity, Totals};
use crate::harness::{
    Agent, AwServer, BucketSpec, Density, EventSpec, Generator, Prometheus, Receiver, Suite,
    VictoriaMetrics, VictoriaMetricsOptions, midnight,
};
use crate::totals::assert_equal;

const BREAK_MS: i64 = 5 * 60_000;

/// Value by timestamp.
pub(crate) type Samples = BTreeMap<i64, f64>;

/// The time at which somebody was there: begin and end in milliseconds, and the app in front.
pub(crate) fn active(day: &Activity) -> Vec<(i64, i64, String)> {
    let millis = |event: &EventSpec| {
        let start = event.start.timestamp_millis();
        (start, start + event.duration.num_milliseconds())
    };
    let mut active = Vec::new();
    for window in day.events("currentwindow") {
        for afk in day.events("afkstatus") {
            let (window_start, window_end) = millis(window);
            let (start, end) = millis(afk);
            let (start, end) = (start.max(window_start), end.min(window_end));
            if afk.data["status"] == "not-afk" && start < end {
                let app = window.data["app"].as_str().unwrap().to_owned();
                active.push((start, end, app));
            }
        }
    }
    active
}

/// The middle of each minute in which somebody was there, with how long that had lasted when they were last there in it.
pub(crate) fn streaks(active: &[(i64, i64, String)]) -> Samples {
    let mut streaks = Samples::new();
    for (start, end, _) in active {
        for minute in start / 60_000..=(end - 1) / 60_000 {
            let last_there = (*end).min((minute + 1) * 60_000);
            let mut begin = *start;
            for (earlier, until, _) in active.iter().rev().filter(|(_, until, _)| until <= start) {
                if begin - until >= BREAK_MS {
                    break;
                }
                begin = *earlier;
            }
            #[expect(clippy::cast_precision_loss, reason = "a day of milliseconds")]
            streaks.insert(
                minute * 60_000 + 30_000,
                (last_there - begin) as f64 / 1000.0,
            );
        }
    }
    streaks
}

pub(crate) fn switches(active: &[(i64, i64, String)]) -> Samples {
    let mut switches = Samples::new();
    for pair in active.windows(2) {
        let [(_, until, before), (start, _, app)] = pair else {
            unreachable!("two at a time")
        };
        if before != app && start - until < BREAK_MS {
            *switches
                .entry(start / 60_000 * 60_000 + 30_000)
                .or_default() += 1.0;
        }
    }
    switches
}

#[track_caller]
fn assert_same(found: &Samples, truth: &Samples) {
    assert!(!truth.is_empty());
    let differs = found
        .iter()
        .zip(truth)
        .find(|(found, truth)| found.0 != truth.0 || (found.1 - truth.1).abs() > 1e-6);
    assert_eq!(differs, None);
    assert_eq!(found.len(), truth.len());
}

/// The samples of a metric over the days of the tests, of all its series.
fn stored(receiver: &dyn Receiver, selector: &str) -> BTreeMap<String, Samples> {
    let all = receiver.raw_samples(selector, 3 * 86_400, midnight(0));
    let by_category = |(mut labels, samples): (BTreeMap<String, String>, Vec<_>)| {
        let category = labels.remove("category").unwrap_or_default();
        (category, samples.into_iter().collect())
    };
    all.into_iter().map(by_category).collect()
}

fn one(receiver: &dyn Receiver, selector: &str) -> Samples {
    let mut all = stored(receiver, selector);
    assert_eq!(all.len(), 1, "{selector}");
    all.pop_first().unwrap().1
}

/// An agent whose clock is in Nepal, and whose user gets up late: the day begins at 10:45 in UTC.
fn late_riser(server: &AwServer, receiver: &dyn Receiver, user: &str) -> Agent {
    Agent::between(&[server], receiver)
        .env("TZ", "NPT-5:45")
        .args(&["--user-id", user])
}

const RISES: &str = "start-of-day = '16:30'\n";

/// Lets the agent's past end at `time`.
fn write_horizon(agent: &Agent, time: DateTime<Utc>) {
    let settle = DateTime::<Utc>::from(std::time::SystemTime::now()) - time;
    let settle = settle.num_milliseconds();
    agent.write_settings(&format!("{RISES}settle = '{settle}ms'\n"));
}

fn carried(agent: &Agent) -> (Value, Value) {
    let mut found = None;
    agent.edit_endpoint(|endpoint| {
        let device = &endpoint["devices"][0];
        found = Some((device["focus"]["at"].clone(), device["watermark"].clone()));
    });
    found.unwrap()
}

/// Active seconds by category, as the windows have them.
fn window_seconds(receiver: &dyn Receiver, user: &str, from: DateTime<Utc>) -> Totals {
    let selector = format!("aw_window_seconds{{user=\"{user}\",active!=\"false\"}}");
    receiver.totals(&selector, "category", from, from + TimeDelta::days(1))
}

/// The largest value of each category's day.
fn today_seconds(receiver: &dyn Receiver, user: &str, from: DateTime<Utc>) -> Totals {
    let promql = format!("max_over_time(aw_today_seconds{{user=\"{user}\"}}[86400s])");
    receiver
        .query(&promql, from + TimeDelta::days(1))
        .into_iter()
        .map(|(mut labels, value)| (labels.remove("category").unwrap_or_default(), value))
        .collect()
}

#[test]
fn focus_is_what_the_events_say_however_often_the_agent_syncs() {
    let server = AwServer::start();
    let days = Generator::new(7, Density::Restless).days(midnight(2), 2);
    server.fill(&days);
    let victoria = VictoriaMetrics::start(VictoriaMetricsOptions::default());
    let prometheus = Prometheus::taking_history(Suite::Machine);
    let active = active(&days);
    for receiver in [&prometheus as &dyn Receiver, &victoria] {
        let at_once = late_riser(&server, receiver, "at-once");
        at_once.write_settings(RISES);
        at_once.sync();
        assert_same(
            &one(receiver, "aw_focus_streak_seconds{user=\"at-once\"}"),
            &streaks(&active),
        );
        assert_same(
            &one(receiver, "aw_switches{user=\"at-once\"}"),
            &switches(&active),
        );
        for day in [1, 2] {
            let from = midnight(day) + TimeDelta::minutes(10 * 60 + 45);
            assert_equal(
                &today_seconds(receiver, "at-once", from),
                &window_seconds(receiver, "at-once", from),
            );
        }
    }

    let often = late_riser(&server, &prometheus, "often");
    let mut horizon = midnight(2) + TimeDelta::hours(8);
    let mut passes = 0;
    while horizon < midnight(0) {
        write_horizon(&often, horizon);
        often.sync();
        let (at, watermark) = carried(&often);
        assert_eq!(at, watermark, "the next pass would read the day again");
        // Now and then nothing is carried on.
        if passes % 4 == 3 {
            often.edit_endpoint(|endpoint| {
                endpoint["devices"][0]["focus"]["at"] = json!("2026-01-01T00:00:00Z");
            });
        }
        passes += 1;
        horizon += TimeDelta::minutes(137);
    }
    write_horizon(&often, midnight(0));
    often.sync();
    for metric in ["aw_focus_streak_seconds", "aw_switches", "aw_today_seconds"] {
        let of = |user: &str| stored(&prometheus, &format!("{metric}{{user=\"{user}\"}}"));
        assert_eq!(of("often"), of("at-once"), "{metric}");
    }
}

#[test]
fn what_comes_late_counts_in_the_rest_of_the_day_and_changes_nothing_that_was_sent() {
    let server = AwServer::start();
    let window = |minute: i64, minutes: i64, app: &str| {
        let start = midnight(1) + TimeDelta::minutes(11 * 60 + minute);
        EventSpec::new(start, minutes * 60_000, json!({"app": app, "title": "t"}))
    };
    let bucket = BucketSpec::window("laptop");
    server.add(
        &bucket,
        &[
            window(0, 10, "vim"),
            window(40, 10, "vim"),
            window(100, 10, "vim"),
        ],
    );
    let prometheus = Prometheus::taking_history(Suite::Machine);
    let agent = late_riser(&server, &prometheus, "ada");
    let noon = midnight(1) + TimeDelta::hours(12);
    write_horizon(&agent, noon);
    agent.sync();
    let before = one(&prometheus, "aw_today_seconds");
    server.insert(&bucket.id, &[window(20, 10, "vim")]);
    agent.edit_endpoint(|endpoint| {
        let long_ago = midnight(3);
        endpoint["looked"] = json!({"lately": long_ago, "far_back": long_ago, "changed_steps": 0});
    });
    write_horizon(&agent, noon);
    let looked = agent.sync();
    // Ten minutes of windows, of a streak and of the day.
    assert_eq!(looked.samples, 30, "{}", looked.log);
    assert!(!looked.log.contains("stay as they are"), "{}", looked.log);
    write_horizon(&agent, midnight(0));
    agent.sync();
    let after = one(&prometheus, "aw_today_seconds");
    for sample in &before {
        assert_eq!(after.get(sample.0), Some(sample.1));
    }
    let day = midnight(1) + TimeDelta::minutes(10 * 60 + 45);
    assert_equal(
        &today_seconds(&prometheus, "ada", day),
        &window_seconds(&prometheus, "ada", day),
    );
    assert_eq!(after.values().copied().reduce(f64::max), Some(2400.0));
}

#[test]
fn an_agent_that_did_not_know_them_begins_where_it_is() {
    let server = AwServer::start();
    let days = Generator::new(8, Density::Human).days(midnight(1), 1);
    server.fill(&days);
    let prometheus = Prometheus::taking_history(Suite::Machine);
    let noon = midnight(1) + TimeDelta::hours(12);
    let agent = late_riser(&server, &prometheus, "ada");
    // What an older version leaves: nothing of these metrics, neither sent nor remembered.
    let older = format!(
        "{RISES}[[relabel]]\nsource-labels = ['__name__']\nregex = 'aw_(focus_streak_seconds|switches|today_seconds)'\naction = 'drop'\n"
    );
    let settle = DateTime::<Utc>::from(std::time::SystemTime::now()) - noon;
    agent.write_settings(&format!(
        "settle = '{}ms'\n{older}",
        settle.num_milliseconds()
    ));
    agent.sync();
    agent.edit_endpoint(|endpoint| {
        let long_ago = midnight(3);
        endpoint["looked"] = json!({"lately": long_ago, "far_back": long_ago, "changed_steps": 0});
        endpoint["devices"][0]
            .as_object_mut()
            .unwrap()
            .remove("focus");
    });
    write_horizon(&agent, midnight(0));
    agent.sync();
    let truth = streaks(&active(&days));
    let from_noon = truth.range(noon.timestamp_millis()..);
    assert_same(
        &one(&prometheus, "aw_focus_streak_seconds"),
        &from_noon.map(|(&at, &value)| (at, value)).collect(),
    );
    let run = agent.run(&["backfill", "--since", "all"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_same(&one(&prometheus, "aw_focus_streak_seconds"), &truth);
}
