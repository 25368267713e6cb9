//! `backfill` and `export --refused`: what is missing of the past, and nothing twice.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::activity::{Activity, Totals};
use crate::harness::{
    Agent, AwServer, BucketSpec, Clock, Density, EventSpec, Generator, Output, Prometheus,
    PrometheusOptions, Proxy, Receiver, SOON, Signal, Suite, Verdict, VictoriaMetrics,
    VictoriaMetricsOptions, complaint, midnight, wait_until,
};
use crate::hour;
use crate::refusals::{
    ANOTHERS_MINUTE, beside_another_writer, default_prometheus, refused, refused_samples,
};
use crate::totals::{assert_equal, seconds, yesterday};

const DAYS: u32 = 3;

/// Three days of two machines on one server.
struct Past {
    server: AwServer,
    machines: [(&'static str, Activity); 2],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Past {
    fn start() -> Self {
        let server = AwServer::start();
        let from = midnight(DAYS.into());
        let days = |host, seed| {
            let days = Generator::new(seed, Density::Human)
                .host(host)
                .days(from, DAYS);
            server.fill(&days);
            (host, days)
        };
        let machines = [days("desk", 3), days("laptop", 5)];
        Self {
            server,
            machines,
            from,
            to: midnight(0),
        }
    }

    fn app_totals(&self, receiver: &dyn Receiver, host: &str) -> Totals {
        let selector = format!("aw_window_seconds{{host=\"{host}\"}}");
        receiver.totals(&selector, "app", self.from, self.to)
    }

    #[track_caller]
    fn assert_arrived(&self, receiver: &dyn Receiver) {
        for (host, days) in &self.machines {
            let apps = days.app_totals(self.from, self.to);
            assert_equal(&self.app_totals(receiver, host), &apps);
            let selector = format!("aw_afk_seconds{{host=\"{host}\"}}");
            let afk = receiver.totals(&selector, "status", self.from, self.to);
            assert_equal(&afk, &days.afk_totals(self.from, self.to));
        }
    }

    /// Syncs to a Prometheus that takes nothing so old.
    #[track_caller]
    fn assert_refused(&self, agent: &Agent) {
        let run = agent.run(&["sync"]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert_eq!(refused(agent).len(), self.machines.len());
    }
}

/// What a backfill says that it did.
#[track_caller]
fn done(run: &Output) -> &str {
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    run.stdout.trim_end()
}

#[test]
fn a_prometheus_that_comes_to_take_late_samples_gets_all_that_it_refused() {
    let past = Past::start();
    let mut prometheus = default_prometheus(None);
    let agent = Agent::between(&[&past.server], &prometheus).args(&["--user-id", "ada"]);
    past.assert_refused(&agent);
    let before = refused(&agent);

    let run = agent.run(&["backfill", "--refused"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    let oldest = run
        .stderr
        .split_once("as old as ")
        .and_then(|(_, rest)| rest.split_once(','))
        .map(|(oldest, _)| oldest.to_owned())
        .unwrap();
    let first_day = past.from.date_naive().to_string();
    assert!(oldest.starts_with(&first_day), "{oldest}");
    let age = Utc::now() - oldest.parse::<DateTime<Utc>>().unwrap();
    // A day may have become full since.
    let windows = [age, age - TimeDelta::minutes(3)].map(|age| format!("{}d", age.num_days() + 2));
    let is_said = |window: &&String| run.stderr.contains(&format!("window: {window}\n"));
    let window = windows.into_iter().find(|window| is_said(&window));
    let window = window.unwrap_or_else(|| panic!("{}", run.stderr));
    let url = prometheus.url();
    insta::assert_snapshot!(complaint(&run, &[(&url, "URL"), (&oldest, "OLDEST"), (&window, "WINDOW")]), @"
    aw-sync-agent: URL/api/v1/write takes nothing as old as OLDEST, from when samples are missing
    hint: nothing has been sent; set this in its `prometheus.yml`, reload it, and run the command again:
      storage:
        tsdb:
          out_of_order_time_window: WINDOW
    or leave out what is older by a later `--since`, or bring it in as a file that `aw-sync-agent export` writes
    ");
    assert_eq!(refused(&agent), before);
    assert_eq!(past.app_totals(&prometheus, "desk"), Totals::new());

    // What it said is enough.
    prometheus.restart_taking(window.leak());
    let samples: u64 = before
        .iter()
        .map(|known| known["samples"].as_u64().unwrap())
        .sum();
    let run = agent.run(&["backfill", "--refused"]);
    let said = format!("sent {samples} samples in ");
    assert!(done(&run).starts_with(&said), "{}", run.stdout);
    past.assert_arrived(&prometheus);
    assert_eq!(refused_samples(&agent), 0);
    let run = agent.run(&["backfill", "--refused"]);
    assert_eq!(
        done(&run),
        "sent 0 samples in 0 requests; 0 were there already"
    );
    let run = agent.run(&["backfill", "--since", "all"]);
    assert!(done(&run).starts_with("sent 0 samples"), "{}", run.stdout);
    past.assert_arrived(&prometheus);
}

#[test]
fn a_kill_in_the_middle_of_a_backfill_changes_no_total() {
    let past = Past::start();
    let mut prometheus = default_prometheus(None);
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| Verdict::Forward);
    let agent = Agent::new()
        .reading(&past.server.url())
        .writing(&proxy.url());
    past.assert_refused(&agent);
    let all = refused_samples(&agent);
    prometheus.restart_taking("10000d");
    // After the first request, and before its answer.
    let mut left = all;
    for lost in [false, true] {
        let mut writes = 0;
        proxy.set_rule(move |_, path, _| {
            writes += usize::from(path.ends_with("/write"));
            match writes {
                2.. if path.ends_with("/write") => {
                    // Also if it is made again before the kill.
                    if lost && writes == 2 {
                        Verdict::LoseAnswer
                    } else {
                        Verdict::Close
                    }
                }
                _ => Verdict::Forward,
            }
        });
        let mut process = agent.spawn(&["backfill", "--refused"]);
        wait_until("the second request", SOON, || {
            let heads = proxy.heads();
            heads.iter().filter(|head| head.contains("/write")).count() >= 2
        });
        process.signal(Signal::Kill);
        process.wait(SOON);
        let now = refused_samples(&agent);
        assert!(0 < now && now < left, "{now} of {left}");
        left = now;
    }
    proxy.set_rule(|_, _, _| Verdict::Forward);
    let run = agent.run(&["backfill", "--refused"]);
    assert!(!done(&run).starts_with("sent 0"), "{}", run.stdout);
    past.assert_arrived(&prometheus);
    assert_eq!(refused_samples(&agent), 0);
}

#[test]
fn what_was_refused_can_be_brought_in_as_a_file() {
    let past = Past::start();
    let mut prometheus = default_prometheus(None);
    let agent = Agent::between(&[&past.server], &prometheus);
    past.assert_refused(&agent);
    let before = refused_samples(&agent);
    let run = agent.run(&["export", "--refused", "--output", "refused.om"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let said = complaint(&run, &[]);
    assert!(said.contains(&format!(" and {before} samples, ")), "{said}");
    assert!(
        said.contains("`aw-sync-agent backfill --refused`"),
        "{said}"
    );
    assert_eq!(refused_samples(&agent), before);

    prometheus.import(&agent.home().join("refused.om"));
    past.assert_arrived(&prometheus);
    let run = agent.run(&["backfill", "--refused"]);
    assert_eq!(
        done(&run),
        format!("sent 0 samples in 0 requests; {before} were there already")
    );
    assert_eq!(refused(&agent), Vec::<Value>::new());
    let run = agent.run(&["export", "--refused", "--output", "more.om"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[]), @"
    aw-sync-agent: nothing is remembered as refused
    hint: `aw-sync-agent status` lists what a receiver has not taken
    ");
}

/// Puts late events beside the hour of [`hour`]: ten minutes where there was nothing, and one in its middle.
fn come_late(server: &AwServer) {
    let late = |minute, minutes: i64| {
        let start = midnight(1) + TimeDelta::minutes(minute);
        EventSpec::new(start, minutes * 60_000, json!({"app": "ed", "title": "t"}))
    };
    server.insert(hour::BUCKET, &[late(30, 1), late(120, 10)]);
}

#[test]
fn of_what_came_late_only_additions_are_sent() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus).env("TZ", "UTC");
    agent.sync();
    come_late(&server);
    let day = midnight(1).date_naive().to_string();
    let began = Instant::now();
    let run = agent.run(&["backfill", "--since", &day, "--until", &day, "--rate", "5"]);
    assert!(began.elapsed() >= Duration::from_secs(2));
    insta::assert_snapshot!(done(&run), @"
    sent 31 samples in 1 request; 91 were there already
    30 steps of a metric would differ from what is there, and stay as they are
    ");
    let expected = seconds(&[("ed", 600), ("vim", 3600)]);
    assert_equal(
        &yesterday(&prometheus, "aw_window_seconds", "app"),
        &expected,
    );
    let before = midnight(2).date_naive().to_string();
    let run = agent.run(&["backfill", "--since", &before, "--until", &before]);
    assert_eq!(
        done(&run),
        "sent 0 samples in 0 requests; 0 were there already"
    );
}

/// How often each sample is stored: how many are stored so often.
fn copies(victoria: &VictoriaMetrics) -> BTreeMap<usize, usize> {
    let samples = victoria.raw_samples("aw_window_seconds", 86_400, midnight(0));
    let mut copies = BTreeMap::<_, usize>::new();
    for (labels, samples) in samples {
        for (timestamp, _) in samples {
            *copies.entry((labels.clone(), timestamp)).or_default() += 1;
        }
    }
    let mut counts = BTreeMap::new();
    for copies in copies.into_values() {
        *counts.entry(copies).or_default() += 1;
    }
    counts
}

#[test]
fn one_that_counts_twice_what_it_gets_twice_gets_nothing_twice() {
    let server = hour::server();
    let victoria = VictoriaMetrics::start(VictoriaMetricsOptions {
        suite: Suite::Sid,
        ..VictoriaMetricsOptions::default()
    });
    let agent = Agent::between(&[&server], &victoria);
    agent.sync();
    come_late(&server);
    let run = agent.run(&["backfill", "--since", "all"]);
    insta::assert_snapshot!(done(&run), @"
    sent 31 samples in 1 request; 91 were there already
    30 steps of a metric would differ from what is there, and stay as they are
    ");
    let run = agent.run(&["backfill", "--since", "all"]);
    insta::assert_snapshot!(done(&run), @"
    sent 0 samples in 0 requests; 122 were there already
    30 steps of a metric would differ from what is there, and stay as they are
    ");
    assert_eq!(copies(&victoria), [(1, 70)].into());
}

/// What the metric that tells of the agent itself says was ever refused.
fn ever_refused(agent: &Agent) -> u64 {
    let status = agent.run(&["status", "--json"]).stdout;
    let status: Value = serde_json::from_str(&status).unwrap();
    status["endpoints"][0]["samples_refused"].as_u64().unwrap()
}

#[test]
fn what_is_refused_again_is_counted_once() {
    let (server, prometheus) = hour::servers();
    let apart = midnight(1) + TimeDelta::minutes(120);
    let ed = EventSpec::new(apart, 600_000, json!({"app": "ed", "title": "t"}));
    server.insert(hour::BUCKET, &[ed]);
    let proxy = Proxy::judging(&prometheus.url(), |request| {
        if request.path.ends_with("/write") && request.tells_of("ed") {
            Verdict::Answer(422, "", "invalid sample")
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    assert_eq!(agent.run(&["sync"]).code, Some(1));
    // Also those of `Uncategorized`, which tells of it by its end.
    assert_eq!(refused_samples(&agent), 20);
    for _ in 0..2 {
        let run = agent.run(&["backfill", "--refused"]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        insta::allow_duplicates! {
            insta::assert_snapshot!(run.stdout, @"
            sent 0 samples in 0 requests; 10 were there already
            20 refused samples are still missing: `aw-sync-agent status` lists them
            ");
        }
        assert_eq!((refused_samples(&agent), ever_refused(&agent)), (20, 20));
    }
    proxy.set_rule(|_, _, _| Verdict::Forward);
    let run = agent.run(&["backfill", "--refused"]);
    insta::assert_snapshot!(done(&run), @"sent 20 samples in 1 request; 10 were there already");
    assert_equal(
        &yesterday(&prometheus, "aw_window_seconds", "app"),
        &seconds(&[("ed", 600), ("vim", 3600)]),
    );
    assert_eq!((refused_samples(&agent), ever_refused(&agent)), (0, 20));
}

#[test]
fn what_has_another_in_its_place_stays_remembered() {
    let server = hour::server();
    let mut prometheus = Prometheus::start(PrometheusOptions::default());
    let (agent, _proxy) = beside_another_writer(&server, &prometheus);
    assert_eq!(agent.run(&["sync"]).code, Some(1));
    assert_eq!(refused_samples(&agent), 31);
    prometheus.restart_taking("10000d");
    let run = agent.run(&["backfill", "--refused"]);
    insta::assert_snapshot!(done(&run), @"
    sent 30 samples in 1 request; 62 were there already
    1 step of a metric would differ from what is there, and stay as they are
    1 refused sample is still missing: `aw-sync-agent status` lists them
    ");
    let stored = yesterday(&prometheus, "aw_window_seconds", "app");
    assert_equal(&stored, &seconds(&[("vim", 59 * 60 + 30)]));
    let run = agent.run(&["backfill", "--refused"]);
    insta::assert_snapshot!(done(&run), @"
    sent 0 samples in 0 requests; 2 were there already
    1 step of a metric would differ from what is there, and stay as they are
    1 refused sample is still missing: `aw-sync-agent status` lists them
    ");
    let listed = refused(&agent);
    assert_eq!(listed.len(), 1, "{listed:?}");
    let from: DateTime<Utc> = listed[0]["from"].as_str().unwrap().parse().unwrap();
    assert_eq!(from, midnight(1) + TimeDelta::minutes(ANOTHERS_MINUTE));
}

#[test]
fn without_a_query_api_only_what_was_too_old_is_tried() {
    let past = Past::start();
    let mut prometheus = default_prometheus(None);
    let proxy = Proxy::start(&prometheus.url(), |_, path, _| {
        if path.ends_with("/write") {
            Verdict::Forward
        } else {
            Verdict::Answer(404, "", "404 page not found")
        }
    });
    let agent = Agent::new()
        .reading(&past.server.url())
        .writing(&proxy.url());
    past.assert_refused(&agent);
    let url = proxy.url();
    let run = agent.run(&["backfill", "--since", "all"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[(&url, "URL")]), @"
    aw-sync-agent: no query API: URL/api/v1 answered 404 404 page not found
    hint: set `query-url` under `[remote-write]`, as in `http://127.0.0.1:9090/api/v1`
    ");
    // As long as it takes nothing so old, nothing changes.
    let before = refused_samples(&agent);
    assert_eq!(agent.run(&["backfill", "--refused"]).code, Some(1));
    assert_eq!(refused_samples(&agent), before);
    prometheus.restart_taking("10000d");
    done(&agent.run(&["backfill", "--refused"]));
    past.assert_arrived(&prometheus);
    assert_eq!(refused_samples(&agent), 0);
}

#[test]
fn what_is_unclear_is_not_sent_again_unless_somebody_tells() {
    let server = hour::server();
    let victoria = VictoriaMetrics::start(VictoriaMetricsOptions {
        suite: Suite::Sid,
        ..VictoriaMetricsOptions::default()
    });
    let proxy = Proxy::start(&victoria.url(), |_, path, count| match path {
        _ if count == 0 => Verdict::LoseAnswer,
        path if path.contains("/query") => Verdict::Answer(404, "", "404 page not found"),
        _ => Verdict::Forward,
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    assert_eq!(agent.run(&["sync"]).code, Some(1));
    let run = agent.run(&["backfill", "--refused"]);
    insta::assert_snapshot!(done(&run), @"
    sent 0 samples in 0 requests; 0 were there already
    1 refused stretch was left out, since nobody tells what is there: set `query-url` under `[remote-write]`
    180 refused samples are still missing: `aw-sync-agent status` lists them
    ");
    proxy.set_rule(|_, _, _| Verdict::Forward);
    let run = agent.run(&["backfill", "--refused"]);
    insta::assert_snapshot!(done(&run), @"sent 0 samples in 0 requests; 180 were there already");
    assert_eq!(copies(&victoria), [(1, 60)].into());
}

#[test]
fn a_backfill_says_who_is_in_its_way() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus);
    let mut daemon = agent.spawn(&[]);
    wait_until("the first pass", SOON, || hour::has_arrived(&prometheus));
    let run = agent.run(&["backfill", "--refused"]);
    assert_eq!(run.code, Some(4));
    let said = run.stderr.split_once("process ").unwrap().1;
    let process = said.split_once(' ').unwrap().0;
    insta::assert_snapshot!(complaint(&run, &[(process, "ID")]), @"
    aw-sync-agent: another aw-sync-agent works with this state: process ID (daemon)
    hint: end it, run this, and start it again; what happens meanwhile waits in ActivityWatch
    ");
    daemon.signal(Signal::Terminate);
    daemon.wait(SOON);
    done(&agent.run(&["backfill", "--refused"]));
}

#[test]
fn a_bucket_that_lags_behind_is_left_to_the_pass() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus);
    agent.sync();
    let present = EventSpec::new(midnight(1), 3_600_000, json!({"status": "not-afk"}));
    server.add(&BucketSpec::afk("laptop"), &[present]);
    let run = agent.run(&["backfill", "--since", "all"]);
    assert!(done(&run).starts_with("sent 0 samples"), "{}", run.stdout);
    let afk = || yesterday(&prometheus, "aw_afk_seconds", "status");
    assert_equal(&afk(), &Totals::new());
    agent.sync();
    assert_equal(&afk(), &seconds(&[("not-afk", 3600)]));
}

#[test]
fn what_cannot_be_read_stays_remembered() {
    let (mut server, prometheus) = (hour::server(), default_prometheus(None));
    let agent = Agent::between(&[&server], &prometheus);
    assert_eq!(agent.run(&["sync"]).code, Some(1));
    let before = refused(&agent);
    assert_eq!(before.len(), 1);
    let run = agent.run(&["backfill", "--refused", "--excluded-watchers", "*"]);
    insta::assert_snapshot!(done(&run), @"
    sent 0 samples in 0 requests; 0 were there already
    1 refused stretch was left out, since the machine is not among those that are read
    180 refused samples are still missing: `aw-sync-agent status` lists them
    ");
    server.stop();
    assert_eq!(agent.run(&["backfill", "--refused"]).code, Some(3));
    assert_eq!(refused(&agent), before);
}

#[test]
fn what_a_victoria_metrics_would_take_and_drop_is_not_sent() {
    let server = hour::server();
    let long_ago = EventSpec::new(midnight(9), 600_000, json!({"app": "ed", "title": "t"}));
    server.insert(hour::BUCKET, &[long_ago]);
    let victoria = VictoriaMetrics::start(VictoriaMetricsOptions {
        suite: Suite::Sid,
        retention: Some("3d"),
        ..VictoriaMetricsOptions::default()
    });
    let agent = Agent::between(&[&server], &victoria).env("TZ", "UTC");
    let agent = Clock::noon_for(agent);
    // It acknowledges all, whatever becomes of it.
    assert_eq!(agent.sync().samples, 210);
    let run = agent.run(&["backfill", "--since", "all"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    let (url, oldest) = (victoria.url(), midnight(9).format("%FT%TZ").to_string());
    let said = complaint(&run, &[(&url, "URL"), (&oldest, "OLDEST")]);
    insta::assert_snapshot!(said, @"
    aw-sync-agent: URL/api/v1/write keeps samples for 3d, and nothing as old as OLDEST, from when samples are missing: it would take and drop them
    hint: nothing has been sent; start VictoriaMetrics with `-retentionPeriod=375d` and run the command again, or leave out what is older by a later `--since`
    ");
    let run = agent.run(&["backfill", "--since", "yesterday"]);
    assert_eq!(
        done(&run),
        "sent 0 samples in 0 requests; 180 were there already"
    );
}
