use super::*;
use crate::activitywatch::{Bucket, ReadError};
use crate::checkpoint::Failure;
use crate::timeline::Interval;

fn bucket(id: &str, kind: &str, ago: Duration) -> BucketFacts {
    BucketFacts {
        bucket: Bucket {
            id: format!("{id}_laptop"),
            kind: kind.to_owned(),
            client: id.to_owned(),
            hostname: "laptop".to_owned(),
            synced: false,
        },
        extent: Some(Interval::new(now() - 40 * DAY, now() - ago)),
        done_until: None,
    }
}

fn server(is_servers_own: bool, buckets: Vec<BucketFacts>) -> ServerFacts {
    ServerFacts {
        address: "http://127.0.0.1:5600".to_owned(),
        info: Ok(("v0.14.0 (rust)".to_owned(), "laptop".to_owned())),
        has_key: false,
        clock_ahead: Some(0),
        devices: vec![DeviceFacts {
            host: "laptop".to_owned(),
            is_servers_own,
            buckets,
        }],
        left_out: BTreeMap::new(),
        notices: Vec::new(),
        failed: Vec::new(),
    }
}

fn of_server(facts: &ServerFacts) -> Vec<String> {
    unwell(&activitywatch::checks(facts, now()))
}

#[test]
fn watchers_that_are_missing_or_silent_are_named() {
    let minute = Duration::from_mins(1);
    let windows = |ago| bucket("aw-watcher-window", "currentwindow", ago);
    let afk = |ago| bucket("aw-watcher-afk", "afkstatus", ago);
    let web = bucket("aw-watcher-web", "web.tab.current", 3 * DAY);
    for (is_own, buckets, expected) in [
        (
            true,
            vec![windows(minute), afk(minute), web.clone()],
            vec![],
        ),
        (
            true,
            vec![windows(minute)],
            vec!["warn AFK: aw-watcher-afk"],
        ),
        (
            false,
            vec![windows(minute)],
            vec!["warn AFK: aw-watcher-afk"],
        ),
        (
            true,
            vec![web.clone()],
            vec!["warn windows: aw-watcher-window"],
        ),
        (false, vec![web], vec![]),
        (
            true,
            vec![windows(HOUR), afk(16 * minute)],
            vec![
                "warn windows: aw-watcher-window",
                "warn AFK: aw-watcher-afk",
            ],
        ),
        // It is another machine, which may be off.
        (false, vec![windows(HOUR), afk(HOUR)], vec![]),
    ] {
        assert_eq!(of_server(&server(is_own, buckets)), expected);
    }
    let mut early = windows(minute);
    early.extent = Some(Interval::new(now(), now() + HOUR));
    assert_eq!(
        of_server(&server(true, vec![early, afk(minute)])),
        ["warn windows:"]
    );
    let mut none = server(true, vec![]);
    none.devices.clear();
    assert_eq!(of_server(&none), ["warn buckets:"]);
    // Nobody knows what there would be.
    none.failed.push(ReadError::BrokeOff);
    assert_eq!(of_server(&none).len(), 1);
}

#[test]
fn a_server_that_does_not_let_us_in_is_told_from_one_that_is_away() {
    let answered = |status| ReadError::Misconfigured {
        url: String::new(),
        path: "api/0/info".to_owned(),
        status,
        body: String::new(),
        hint: "do something".to_owned(),
    };
    let away = ReadError::Unreachable {
        url: String::new(),
        reason: "Connection refused".to_owned(),
    };
    let no_key = ReadError::NoKey {
        url: String::new(),
        reason: "no file\nhint: write one".to_owned(),
    };
    for (error, name, fault) in [
        (away, "reachable", Fault::Unreachable),
        (answered(401), "API key", Fault::Settings),
        (answered(404), "reachable", Fault::Settings),
        (no_key, "API key", Fault::Settings),
        (ReadError::BrokeOff, "reachable", Fault::Unreachable),
    ] {
        let facts = ServerFacts {
            info: Err(error),
            ..server(true, vec![])
        };
        let checks = activitywatch::checks(&facts, now());
        let last = checks.last().unwrap();
        assert_eq!((last.name, last.verdict), (name, Verdict::Fail(fault)));
        assert!(!last.fixes.is_empty());
    }
}

#[test]
fn what_waits_is_what_has_not_been_sent() {
    let mut sent = bucket("a", "currentwindow", HOUR);
    sent.done_until = Some(now() - 2 * HOUR);
    assert_eq!(sent.waiting_since(), Some(now() - 2 * HOUR));
    sent.done_until = Some(now());
    assert_eq!(sent.waiting_since(), None);
    let new = bucket("b", "web.tab.current", HOUR);
    assert_eq!(new.waiting_since(), Some(now() - 40 * DAY));
    let ages = Ages::of(&[server(true, vec![sent, new])]);
    assert_eq!(ages, new_history(40 * DAY));
}

fn agent() -> AgentFacts {
    AgentFacts {
        settings_file: "/settings.toml".into(),
        settings: Ok(vec![]),
        state_directory: "/state".into(),
        writable: Ok(()),
        checkpoint: Ok(()),
        last_success: Some(now() - HOUR),
        last_failure: None,
        unanswered: Ok(None),
        holder: Some("process 7 (daemon)".to_owned()),
        refused: vec![],
    }
}

/// Judges facts that differ from those of an agent that is well.
fn of_agent(change: impl FnOnce(&mut AgentFacts)) -> Vec<String> {
    let mut facts = agent();
    change(&mut facts);
    unwell(&agent::checks(&facts, now()))
}

#[test]
fn settings_and_state_have_to_be_readable() {
    assert_eq!(of_agent(|_| {}), [""; 0]);
    let bad = || "bad\nhint: good".to_owned();
    assert_eq!(
        of_agent(|facts| facts.settings = Err(bad())),
        ["fail settings:"]
    );
    assert_eq!(
        of_agent(|facts| facts.settings = Ok(vec![bad()])),
        ["warn settings:"]
    );
    assert_eq!(
        of_agent(|facts| facts.checkpoint = Err(bad())),
        ["fail state:"]
    );
    assert_eq!(
        of_agent(|facts| facts.unanswered = Err(bad())),
        ["fail unanswered:"]
    );
    let fix = if cfg!(unix) {
        " sudo chown -R \"$USER\" '/state'"
    } else {
        ""
    };
    assert_eq!(
        of_agent(|facts| facts.writable = Err("read-only".to_owned())),
        [format!("fail state:{fix}")]
    );
}

#[test]
fn passes_have_to_come_and_to_deliver() {
    let failure = || Failure {
        at: now(),
        message: "no answer\nhint: wait".to_owned(),
    };
    let range = || RefusedRange {
        host: "laptop".to_owned(),
        from: now() - DAY,
        until: now(),
        samples: 12,
        reason: "out of bounds".to_owned(),
    };
    let start = "warn running: aw-sync-agent autostart enable";
    assert_eq!(of_agent(|facts| facts.holder = None), [start]);
    assert_eq!(
        of_agent(|facts| facts.last_failure = Some(failure())),
        ["warn last pass:"]
    );
    // It is under way, so that there is nothing to do but to wait.
    assert_eq!(
        of_agent(|facts| facts.last_success = Some(now() - 2 * DAY)),
        ["warn last pass:"]
    );
    assert_eq!(of_agent(|facts| facts.unanswered = Ok(Some(5))), [""; 0]);
    let stopped = of_agent(|facts| {
        facts.holder = None;
        facts.last_success = None;
        facts.unanswered = Ok(Some(5));
    });
    let expected = [
        start,
        "warn last pass: aw-sync-agent sync",
        "warn unanswered: aw-sync-agent sync",
    ];
    assert_eq!(stopped, expected);
    assert_eq!(
        of_agent(|facts| facts.refused = vec![range()]),
        ["warn refused:"]
    );
}
