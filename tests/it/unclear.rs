//! Requests whose end nobody saw, at receivers that count twice what they get twice.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::harness::{
    Agent, AwServer, BucketSpec, EventSpec, Prometheus, Proxy, Receiver, Request, SOON, Signal,
    Suite, Verdict, VictoriaMetrics, VictoriaMetricsOptions, VmAgent, complaint, midnight,
    wait_until,
};
use crate::hour;
use crate::late::let_a_day_pass;
use crate::refusals::{refused, refused_samples};
use crate::totals::{assert_equal, seconds, yesterday};

fn appending(suite: Suite) -> VictoriaMetrics {
    VictoriaMetrics::start(VictoriaMetricsOptions {
        suite,
        ..VictoriaMetricsOptions::default()
    })
}

/// How often each of the hour's samples is stored.
fn stored(victoria: &dyn Receiver) -> (usize, usize) {
    let samples = victoria.raw_samples("aw_window_seconds", 86_400, midnight(0));
    let all: Vec<i64> = samples
        .into_values()
        .flatten()
        .map(|(timestamp, _)| timestamp)
        .collect();
    let mut distinct = all.clone();
    distinct.sort_unstable();
    distinct.dedup();
    (all.len(), distinct.len())
}

/// What the log says if an agent does not know what has become of a request, and waits until the receiver shows it.
const LOOKING: &str = "finding out whether a request arrived whose answer was not seen";

#[test]
fn a_lost_answer_is_looked_for_and_counts_once() {
    for suite in [Suite::Machine, Suite::Sid] {
        let (server, victoria) = (hour::server(), appending(suite));
        let proxy = Proxy::start(&victoria.url(), |_, path, count| {
            if count == 0 && path.ends_with("/write") {
                Verdict::LoseAnswer
            } else {
                Verdict::Forward
            }
        });
        let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
        let pass = agent.sync();
        assert!(pass.log.contains(LOOKING), "{}", pass.log);
        assert_eq!(stored(&victoria), (60, 60), "{suite:?}");
        let posts = proxy.heads().into_iter();
        assert_eq!(posts.filter(|head| head.contains("/write")).count(), 1);
    }
}

#[test]
fn what_never_arrived_is_sent_again() {
    let (server, victoria) = (hour::server(), appending(Suite::Sid));
    let proxy = Proxy::start(&victoria.url(), |_, path, count| {
        if count == 0 && path.ends_with("/write") {
            Verdict::Close
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    agent.sync();
    assert_eq!(stored(&victoria), (60, 60));
}

/// Kills an agent once the receiver has a request of ten minutes, and before it has an answer. The hour before has
/// arrived, and the machine is known.
fn killed_before_the_answer(server: &AwServer, receiver: &dyn Receiver) -> (Agent, Proxy) {
    killed_at(server, receiver, || Verdict::LoseAnswer)
}

/// Kills an agent once such a request has met its fate.
fn killed_at(server: &AwServer, receiver: &dyn Receiver, fate: fn() -> Verdict) -> (Agent, Proxy) {
    let proxy = Proxy::judging(&receiver.url(), |_| Verdict::Forward);
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    agent.sync();
    let start = midnight(1) + chrono::TimeDelta::hours(3);
    let later = EventSpec::new(start, 600_000, serde_json::json!({"app": "later"}));
    server.insert(hour::BUCKET, &[later]);
    agent.edit_endpoint(|endpoint| {
        let watermark = start - chrono::TimeDelta::hours(1);
        endpoint["devices"][0]["watermark"] = watermark.to_rfc3339().into();
    });
    proxy.set_rule(move |_, path, _| {
        if path.ends_with("/write") {
            fate()
        } else {
            Verdict::Forward
        }
    });
    let mut process = agent.spawn(&["sync"]);
    wait_until("the request", SOON, || {
        proxy.heads().iter().any(|head| head.contains("/write"))
    });
    process.signal(Signal::Kill);
    process.wait(SOON);
    proxy.set_rule(|_, _, _| Verdict::Forward);
    (agent, proxy)
}

#[test]
fn a_kill_before_the_answer_counts_nothing_twice() {
    let (server, victoria) = (hour::server(), appending(Suite::Sid));
    let (agent, _proxy) = killed_before_the_answer(&server, &victoria);
    agent.sync();
    assert_eq!(stored(&victoria), (70, 70));
}

/// Changes the file of the request under way, and lets a sync find that; returns what it says.
fn damage(agent: &Agent, edit: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut files = fs::read_dir(agent.data_dir()).unwrap().flatten();
    let file = files
        .find(|file| file.file_name().to_string_lossy().starts_with("sending-"))
        .unwrap()
        .path();
    let mut bytes = fs::read(&file).unwrap();
    edit(&mut bytes);
    fs::write(&file, bytes).unwrap();
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    let path = file.display().to_string();
    complaint(&run, &[(&path, "FILE")])
}

fn flip_the_last_byte(bytes: &mut [u8]) {
    *bytes.last_mut().unwrap() ^= 1;
}

#[test]
fn a_damaged_request_under_way_is_neither_lost_nor_counted_twice() {
    for lost in [false, true] {
        let (server, victoria) = (hour::server(), appending(Suite::Sid));
        let (agent, _proxy) = killed_before_the_answer(&server, &victoria);
        let said = damage(&agent, |bytes| {
            if lost {
                bytes.truncate(9);
            } else {
                flip_the_last_byte(bytes);
            }
        });
        let reason = if lost {
            "no header line"
        } else {
            "its requests are not as they were written"
        };
        let expected = format!(
            "FILE, the request under way, is damaged ({reason}); it is kept as FILE.damaged-1\nhint: "
        );
        assert!(said.contains(&expected), "{said}");
        assert_eq!(agent.sync().samples, 30);
        assert_eq!(stored(&victoria), (70, 70), "{lost}");
    }
}

#[test]
fn what_a_damaged_request_of_a_backfill_brought_is_not_late() {
    let (server, victoria) = (hour::server(), appending(Suite::Sid));
    let lost = Arc::new(AtomicBool::new(false));
    let was_lost = Arc::clone(&lost);
    let proxy = Proxy::judging(&victoria.url(), move |request| {
        let is_later = request.path.ends_with("/write") && request.tells_of("later");
        if is_later && !was_lost.swap(true, Ordering::SeqCst) {
            Verdict::LoseAnswer
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    agent.sync();
    let start = midnight(1) + chrono::TimeDelta::hours(3);
    let later = EventSpec::new(start, 600_000, serde_json::json!({"app": "later"}));
    server.insert(hour::BUCKET, &[later]);
    let mut process = agent.spawn(&["backfill", "--since", "all"]);
    wait_until("the request", SOON, || lost.load(Ordering::SeqCst));
    process.signal(Signal::Kill);
    process.wait(SOON);
    damage(&agent, |bytes| flip_the_last_byte(bytes));
    agent.sync();
    let_a_day_pass(&agent);
    agent.sync();
    assert_eq!(stored(&victoria), (70, 70));
}

#[test]
fn a_damaged_request_that_never_arrived_is_made_anew() {
    for appends in [true, false] {
        let (server, prometheus) = hour::servers();
        let victoria = appending(Suite::Sid);
        let receiver: &dyn Receiver = if appends { &victoria } else { &prometheus };
        let (agent, _proxy) = killed_at(&server, receiver, || Verdict::Silence);
        damage(&agent, |bytes| flip_the_last_byte(bytes));
        assert_eq!(agent.sync().samples, 30);
        assert_equal(
            &yesterday(receiver, "aw_window_seconds", "app"),
            &seconds(&[("later", 600), ("vim", 3600)]),
        );
    }
}

#[test]
fn a_damaged_request_that_nobody_tells_of_stays_unclear() {
    let (server, victoria) = (hour::server(), appending(Suite::Sid));
    let (agent, proxy) = killed_before_the_answer(&server, &victoria);
    proxy.set_rule(|_, path, _| {
        if path.contains("/query") {
            Verdict::Answer(404, "", "404 page not found")
        } else {
            Verdict::Forward
        }
    });
    damage(&agent, |bytes| bytes.truncate(9));
    assert_eq!(agent.run(&["sync"]).code, Some(1));
    assert_eq!(refused(&agent)[0]["cause"], "unclear");
    assert_eq!(refused_samples(&agent), 30);
    assert_eq!(agent.sync().samples, 0);
    assert_eq!(stored(&victoria), (70, 70));
}

#[test]
fn with_nobody_to_ask_it_is_kept_in_mind_and_not_sent_again() {
    let (server, victoria) = (hour::server(), appending(Suite::Sid));
    let proxy = Proxy::start(&victoria.url(), |_, path, count| match path {
        _ if count == 0 => Verdict::LoseAnswer,
        path if path.contains("/query") => Verdict::Answer(404, "", "404 page not found"),
        _ => Verdict::Forward,
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(
        run.stderr.contains("-dedup.minScrapeInterval=1ms"),
        "{}",
        run.stderr
    );
    assert_eq!(stored(&victoria), (60, 60));
    let status: Value = serde_json::from_str(&agent.run(&["status", "--json"]).stdout).unwrap();
    let refused = &status["endpoints"][0]["refused"][0];
    assert_eq!(refused["cause"], "unclear");
    assert_eq!(refused["samples"], 180);
    assert_eq!(agent.sync().samples, 0);
    assert_eq!(stored(&victoria), (60, 60));
}

#[test]
fn a_lost_checkpoint_counts_nothing_twice() {
    for suite in [Suite::Machine, Suite::Sid] {
        let (server, victoria) = (hour::server(), appending(suite));
        let agent = Agent::between(&[&server], &victoria);
        agent.sync();
        std::fs::remove_dir_all(agent.data_dir()).unwrap();
        let later = EventSpec::new(
            midnight(1) + chrono::TimeDelta::hours(3),
            60_000,
            serde_json::json!({"app": "later"}),
        );
        server.insert(hour::BUCKET, &[later]);
        // What VictoriaMetrics has taken may take seconds to be seen; a person needs longer to lose a file.
        wait_until("the hour", SOON, || hour::has_arrived(&victoria));
        let pass = agent.sync();
        assert_eq!(pass.samples, 3, "{suite:?}: {}", pass.log);
        assert_eq!(stored(&victoria), (61, 61), "{suite:?}");
    }
}

#[test]
fn a_lost_checkpoint_counts_nothing_twice_under_names_that_rules_give() {
    let (server, victoria) = (hour::server(), appending(Suite::Sid));
    let agent = Agent::between(&[&server], &victoria);
    agent.write_settings(
        "[[relabel]]
        target-label = 'host'
        replacement = 'desk'
        [[relabel]]
        regex = 'user'
        action = 'labeldrop'
        [[relabel]]
        source-labels = ['__name__']
        regex = 'aw_(.+)'
        target-label = '__name__'
        replacement = 'activity_$1'",
    );
    agent.sync();
    std::fs::remove_dir_all(agent.data_dir()).unwrap();
    let copies = || {
        let samples = victoria.raw_samples("activity_window_seconds", 86_400, midnight(0));
        samples.values().map(Vec::len).sum::<usize>()
    };
    wait_until("the hour", SOON, || copies() == 60);
    let pass = agent.sync();
    assert_eq!(pass.samples, 0, "{}", pass.log);
    victoria.flush();
    assert_eq!(copies(), 60);
}

#[test]
fn a_question_that_is_refused_says_nothing_of_what_is_there() {
    let (server, victoria) = (hour::server(), appending(Suite::Sid));
    let proxy = Proxy::judging(&victoria.url(), |request| {
        if request.asks_where_to_begin() {
            Verdict::Answer(422, "", r#"{"status":"error","error":"too many samples"}"#)
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("too many samples"), "{}", run.stderr);
    assert_eq!(stored(&victoria), (0, 0));
    proxy.set_rule(|_, _, _| Verdict::Forward);
    assert_eq!(agent.sync().samples, 180);
}

#[test]
fn what_goes_through_vmagent_is_looked_for_behind_it() {
    let (server, mut vmagent) = (hour::server(), VmAgent::start(Suite::Sid));
    let proxy = Proxy::start(&vmagent.write_url(), |_, path, count| {
        if count == 0 && path.ends_with("/write") {
            Verdict::LoseAnswer
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url());
    agent.write_settings(&vmagent.settings(&proxy.url()));
    agent.sync();
    let posts = proxy.heads().into_iter();
    assert_eq!(posts.filter(|head| head.contains("/write")).count(), 1);
    assert_eq!(stored(&vmagent), (60, 60));

    vmagent.stop();
    let other = EventSpec::new(
        midnight(1) + chrono::TimeDelta::hours(3),
        60_000,
        serde_json::json!({"app": "vim"}),
    );
    server.add(&BucketSpec::window("desk"), &[other]);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    vmagent.restart();
    agent.sync();
    assert_eq!(stored(&vmagent), (61, 61));
}

#[test]
fn one_that_counts_once_is_sent_to_again_at_once() {
    let server = hour::server();
    let victoria = VictoriaMetrics::start(VictoriaMetricsOptions {
        suite: Suite::Sid,
        dedup: true,
        ..VictoriaMetricsOptions::default()
    });
    let proxy = Proxy::start(&victoria.url(), |_, _, count| {
        if count == 0 {
            Verdict::LoseAnswer
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    let log = agent.sync().log;
    assert!(!log.contains(LOOKING), "{log}");
    assert_eq!(proxy.heads().len(), 2);
    hour::assert_arrived(&victoria);
}

#[test]
fn a_fence_that_is_never_seen_is_waited_for_no_longer_than_it_makes_sense() {
    let (server, victoria) = (hour::server(), appending(Suite::Sid));
    let elsewhere = Prometheus::taking_history(Suite::Machine);
    let proxy = Proxy::start(&victoria.url(), |_, _, _| Verdict::Forward);
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    agent.write_settings(&format!(
        "[remote-write]\nquery-url = '{}/api/v1'",
        elsewhere.url()
    ));
    agent.sync();
    let later = EventSpec::new(
        midnight(1) + chrono::TimeDelta::hours(3),
        60_000,
        serde_json::json!({"app": "later"}),
    );
    server.insert(hour::BUCKET, &[later]);
    proxy.set_rule(|_, _, count| {
        if count == 0 {
            Verdict::LoseAnswer
        } else {
            Verdict::Forward
        }
    });
    // Passes that have waited in vain; the watermark lies before the event again.
    let back_to = |unseen: u64| {
        agent.edit_endpoint(|endpoint| {
            endpoint["unseen_fences"] = unseen.into();
            endpoint["unconfirmed"] = serde_json::json!([]);
            endpoint["devices"][0]["watermark"] = (midnight(1) + chrono::TimeDelta::hours(2))
                .to_rfc3339()
                .into();
        });
    };
    back_to(0);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("not to be seen yet"), "{}", run.stderr);
    agent.edit_endpoint(|endpoint| {
        assert_eq!(endpoint["unseen_fences"], 1);
        endpoint["unseen_fences"] = 4.into();
    });
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let hint = "hint: set `query-url` under `[remote-write]` to that of the store that";
    assert_eq!(run.stderr.matches(hint).count(), 1, "{}", run.stderr);
    assert_eq!(refused(&agent)[0]["cause"], "unclear");
    assert_eq!(refused_samples(&agent), 3);
    assert_eq!(stored(&victoria), (61, 61));
    // Where the right one is asked, all is well.
    agent.write_settings("");
    let run = agent.run(&["backfill", "--refused"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!((refused_samples(&agent), stored(&victoria)), (0, (61, 61)));
}

#[test]
fn what_answers_to_samples_tells_what_kind_it_is_where_nothing_else_does() {
    let (server, victoria) = (hour::server(), appending(Suite::Sid));
    let mut lost = false;
    let proxy = Proxy::judging(&victoria.url(), move |request| {
        if request.path.ends_with("/flags") {
            // Something in front that lets only some paths through.
            Verdict::Answer(404, "", "not here")
        } else if request.path.ends_with("/write") && request.tells_of("later") && !lost {
            lost = true;
            Verdict::LoseAnswer
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    agent.sync();
    let start = midnight(1) + chrono::TimeDelta::hours(3);
    let later = EventSpec::new(start, 60_000, serde_json::json!({"app": "later"}));
    server.insert(hour::BUCKET, &[later]);
    agent.edit_endpoint(|endpoint| {
        let watermark = start - chrono::TimeDelta::hours(1);
        endpoint["devices"][0]["watermark"] = watermark.to_rfc3339().into();
    });
    agent.sync();
    assert_eq!(stored(&victoria), (61, 61));
}

/// Returns a rule that loses the answer to the first request that brings activity, and lets through of the others what
/// `is_let_through` says.
fn losing_the_first_answer(
    mut is_let_through: impl FnMut(&Request, bool) -> bool + Send + 'static,
) -> impl FnMut(&Request) -> Verdict + Send + 'static {
    let mut lost = false;
    move |request| {
        let brings_activity = request.tells_of("aw_window");
        if brings_activity && !lost {
            lost = true;
            return Verdict::LoseAnswer;
        }
        if is_let_through(request, lost) {
            Verdict::Forward
        } else {
            Verdict::Answer(503, "", "away")
        }
    }
}

fn is_flags(request: &Request) -> bool {
    request.path.ends_with("/flags")
}

#[test]
fn one_that_does_not_tell_its_kind_at_the_beginning_is_asked_before_anything_is_sent_again() {
    type LetThrough = fn(&Request, bool) -> bool;
    let away_at_the_beginning: LetThrough = |request, lost| lost || !is_flags(request);
    let never_at_flags: LetThrough = |request, _| !is_flags(request);
    for is_let_through in [away_at_the_beginning, never_at_flags] {
        let (server, victoria) = (hour::server(), appending(Suite::Sid));
        let proxy = Proxy::judging(&victoria.url(), losing_the_first_answer(is_let_through));
        let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
        agent.sync();
        assert_eq!(stored(&victoria), (60, 60));
    }
}

#[test]
fn one_that_never_tells_its_kind_and_counts_once_is_sent_to_again_at_once() {
    let (server, prometheus) = (hour::server(), Prometheus::taking_history(Suite::Sid));
    let rule = losing_the_first_answer(|request, _| !is_flags(request));
    let proxy = Proxy::judging(&prometheus.url(), rule);
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    let log = agent.sync().log;
    assert!(!log.contains(LOOKING), "{log}");
    hour::assert_arrived(&prometheus);
}

#[test]
fn what_may_have_arrived_waits_for_the_pass_in_which_the_kind_is_known() {
    let (server, victoria) = (hour::server(), appending(Suite::Sid));
    let is_back = Arc::new(AtomicBool::new(false));
    let back = Arc::clone(&is_back);
    let proxy = Proxy::judging(
        &victoria.url(),
        losing_the_first_answer(move |request, lost| {
            back.load(Ordering::Relaxed) || !lost && !is_flags(request)
        }),
    );
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let reason = "it does not tell whether it counts twice what it gets twice";
    assert!(run.stderr.contains(reason), "{}", run.stderr);
    is_back.store(true, Ordering::Relaxed);
    agent.sync();
    assert_eq!(stored(&victoria), (60, 60));
}
