//! What is found out about a receiver. Each check has servers of its own and panics where totals are not exact.

use std::time::Duration;

use aw_sync_agent::metrics::{Labels, Sample, Series};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::activity::{Activity, Totals};
use crate::harness::{
    Agent, AwServer, BucketSpec, EventSpec, Pass, Proxy, Verdict, midnight, wait_until,
};
use crate::hour;
use crate::subject::{Kind, Running, Subject};
use crate::totals::{assert_equal, seconds, yesterday};

/// How long all the days may take, on a machine that has other things to do.
const DELIVERY: Duration = Duration::from_mins(15);

/// How long what was acknowledged may take to be seen; vmagent passes it on first.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const DAYS: u32 = 20;

/// Servers that are only read, and so are there once.
pub(crate) struct Sources {
    /// The last days.
    pub(crate) days: AwServer,
    /// What was put into it.
    pub(crate) activity: Activity,
    /// One hour of yesterday.
    pub(crate) hour: AwServer,
}

/// A question to a receiver.
pub(crate) struct Check {
    pub(crate) title: &'static str,
    /// Finds the answer.
    pub(crate) run: fn(Subject, &Sources) -> String,
    /// What it has to be.
    pub(crate) expected: fn(Kind) -> &'static str,
}

pub(crate) const CHECKS: [Check; 6] = [
    Check {
        title: "20 days, twice",
        run: history,
        expected: |_| "exact, once",
    },
    Check {
        title: "answer lost",
        run: lost_answer,
        expected: |kind| match kind {
            Kind::Prometheus | Kind::VictoriaDedup => "sent twice, counts once",
            Kind::Victoria | Kind::VmAgent => "found, counts once",
        },
    },
    Check {
        title: "a sample it refuses",
        run: poisoned,
        expected: |kind| match kind {
            Kind::Prometheus => "1 of 60",
            _ => "refuses none",
        },
    },
    Check {
        title: "old data, as it comes",
        run: old,
        expected: |kind| match kind {
            Kind::Prometheus => "last hour; rest noted",
            _ => "taken",
        },
    },
    Check {
        title: "stopped and back",
        run: restarted,
        expected: |_| "exact, once",
    },
    Check {
        title: "doctor, verify",
        run: commands,
        expected: |_| "0, 0",
    },
];

/// Delivers all days, and a second pass nothing.
fn history(subject: Subject, sources: &Sources) -> String {
    let receiver = subject.start();
    let agent = receiver.fed_by(&sources.days, &receiver.write_url(), "");
    let run = agent.spawn(&["sync"]).wait(DELIVERY);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let (from, to) = (midnight(DAYS.into()), midnight(0));
    let apps = sources.activity.app_totals(from, to);
    let afk = sources.activity.afk_totals(from, to);
    let totals = |metric, label| receiver.asked().totals(metric, label, from, to);
    let sum = |totals: &Totals| totals.values().sum::<f64>();
    wait_until("the days", PATIENCE, || {
        sum(&totals("aw_afk_seconds", "status")) >= sum(&afk) - 0.001
    });
    let assert_exact = || {
        assert_equal(&totals("aw_window_seconds", "app"), &apps);
        assert_equal(&totals("aw_afk_seconds", "status"), &afk);
    };
    assert_exact();
    assert_eq!(agent.sync().samples, 0, "a second pass sends something");
    assert_exact();
    "exact, once".to_owned()
}

/// Loses the answer to the hour.
fn lost_answer(subject: Subject, sources: &Sources) -> String {
    let receiver = subject.start();
    let proxy = Proxy::start(&receiver.write_url(), |_, path, count| {
        if count == 0 && path.ends_with("/write") {
            Verdict::LoseAnswer
        } else {
            Verdict::Forward
        }
    });
    receiver.fed_by(&sources.hour, &proxy.url(), "").sync();
    let heads = proxy.heads().into_iter();
    let requests = heads.filter(|head| head.contains("/write")).count();
    assert_eq!(stored(&receiver, 60), 60, "a sample is stored twice");
    let done = match requests {
        1 => "found",
        2 => "sent twice",
        _ => panic!("{requests} requests"),
    };
    format!("{done}, counts once")
}

/// Sends the hour to who has another value for its last minute.
fn poisoned(subject: Subject, sources: &Sources) -> String {
    let receiver = subject.start();
    let labels = [
        ("__name__", "aw_window_seconds"),
        ("active", "unknown"),
        ("app", "vim"),
        ("category", "Development"),
        ("host", "laptop"),
        ("user", "ada"),
    ];
    let last = midnight(1) + TimeDelta::seconds(59 * 60 + 30);
    receiver.asked().store(&[Series {
        labels: Labels::new(labels.map(|(name, value)| (name, value.to_owned()))),
        samples: vec![Sample {
            timestamp_ms: last.timestamp_millis(),
            value: 30.0,
        }],
    }]);
    let proxy = Proxy::judging(&receiver.asked().url(), |request| {
        if request.asks_where_to_begin() {
            // Else it would go on from the other writer's sample.
            Verdict::Answer(422, "", r#"{"status":"error","error":"not now"}"#)
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&sources.hour.url());
    agent.write_settings(&format!(
        "user-id = 'ada'\n[remote-write]\nurl = '{}/api/v1/write'\nquery-url = '{}/api/v1'",
        receiver.write_url(),
        proxy.url(),
    ));
    let run = agent.run(&["sync"]);
    let samples = Pass::of(&run).samples;
    let refused = refused(&agent);
    let count: u64 = refused
        .iter()
        .filter_map(|refused| refused["samples"].as_u64())
        .sum();
    if count == 0 {
        assert_eq!((run.code, samples), (Some(0), 60), "{}", run.stderr);
        return "refuses none".to_owned();
    }
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_equal(
        &yesterday(receiver.asked(), "aw_window_seconds", "app"),
        &seconds(&[("vim", 59 * 60 + 30)]),
    );
    assert_eq!(agent.sync().samples, 0, "it is sent again");
    format!("{count} of 60")
}

/// Sends three hours up to now, and a minute of long ago, to a receiver as it comes.
fn old(subject: Subject, _: &Sources) -> String {
    let receiver = subject.start_default();
    if subject.kind == Kind::Prometheus {
        let up = || !receiver.asked().query("up", Utc::now()).is_empty();
        wait_until("the first scrape", PATIENCE, up);
    }
    let server = AwServer::start();
    let now = Utc::now();
    let window = |start, minutes: i64, app: &str| {
        EventSpec::new(start, minutes * 60_000, json!({"app": app, "title": "t"}))
    };
    let windows = [
        window(midnight(200), 1, "once"),
        window(now - TimeDelta::hours(3), 180, "vim"),
    ];
    server.add(&BucketSpec::window("laptop"), &windows);
    let agent = receiver.fed_by(&server, &receiver.write_url(), "");
    let run = agent.run(&["sync"]);
    let lately = || {
        let hours = TimeDelta::hours(4);
        let totals = receiver
            .asked()
            .totals("aw_window_seconds", "app", now - hours, now);
        totals.get("vim").copied().unwrap_or_default()
    };
    let once = || {
        let day = TimeDelta::days(1);
        let (from, to) = (midnight(200), midnight(200) + day);
        let totals = receiver
            .asked()
            .totals("aw_window_seconds", "app", from, to);
        totals.get("once").copied().unwrap_or_default()
    };
    let refused = refused(&agent);
    if refused.is_empty() {
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        // Three hours less what has not settled, and a step at the end.
        let all = || lately() >= 173.0 * 60.0 && once() >= 59.999;
        wait_until("all of it", PATIENCE, all);
        assert!(once() < 60.001, "{}", once());
        return "taken".to_owned();
    }
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let is_too_old = |refused: &Value| refused["cause"] == "too-old";
    assert!(refused.iter().all(is_too_old), "{refused:?}");
    // An hour less what has not settled, and a step at each end.
    let (lately, once) = (lately(), once());
    assert!((53.0 * 60.0..=56.0 * 60.0).contains(&lately), "{lately}");
    assert!(once.abs() < 0.001, "{once}");
    "last hour; rest noted".to_owned()
}

/// Sends while the receiver is away, and after it is back.
fn restarted(subject: Subject, _: &Sources) -> String {
    let mut receiver = subject.start();
    let server = hour::server();
    let agent = receiver.fed_by(&server, &receiver.write_url(), "");
    agent.sync();
    assert_eq!(stored(&receiver, 60), 60);
    receiver.stop();
    let data = json!({"app": "vim", "title": "t"});
    let minute = EventSpec::new(midnight(1), 60_000, data);
    server.add(&BucketSpec::window("desk"), &[minute]);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    receiver.restart();
    let pass = agent.sync();
    assert_eq!(stored(&receiver, 61), 61, "{}", pass.log);
    "exact, once".to_owned()
}

/// Runs the commands that look at a receiver.
fn commands(subject: Subject, sources: &Sources) -> String {
    let receiver = subject.start();
    let agent = receiver.fed_by(&sources.days, &receiver.write_url(), "history = '3d'");
    agent.sync();
    let doctor = agent.run(&["doctor"]);
    assert_eq!(doctor.code, Some(0), "{}", doctor.stdout);
    let mut verify = None;
    wait_until("verify to agree", PATIENCE, || {
        receiver.asked().flush();
        verify = agent.run(&["verify"]).code;
        verify == Some(0)
    });
    "0, 0".to_owned()
}

/// What the agent remembers of what was not taken.
fn refused(agent: &Agent) -> Vec<Value> {
    let status = agent.run(&["status", "--json"]).stdout;
    let status: Value = serde_json::from_str(&status).expect("it is JSON");
    let refused = status["endpoints"][0]["refused"].as_array();
    refused.cloned().unwrap_or_default()
}

/// Waits until `count` samples of yesterday are there, and returns how many there are with those that are there twice.
fn stored(receiver: &Running, count: usize) -> usize {
    let mut found = 0;
    wait_until("the samples", PATIENCE, || {
        let asked = receiver.asked();
        let samples = asked.raw_samples("aw_window_seconds", 86_400, midnight(0));
        found = samples.values().map(Vec::len).sum();
        found >= count
    });
    found
}
