//! At the receiver's end.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use super::{ALL, Days, aftermath, left, receivers};
use crate::harness::{Agent, Proxy, Receiver, SOON, Signal, Verdict, wait_until};
use crate::hour;
use crate::totals::{assert_equal, seconds, yesterday};

/// What befalls all that goes to the receiver after the first of three requests with activity, and what comes of it.
struct Fault {
    /// Also the user whose activity it is.
    name: &'static str,
    settings: &'static str,
    verdict: Arc<dyn Fn() -> Verdict + Send + Sync>,
    /// What is said, and left at a Prometheus that takes each sample once and at a `VictoriaMetrics` that counts all
    /// copies.
    aftermath: [String; 2],
}

fn fault(name: &'static str, verdict: Verdict, [prometheus, victoria]: [String; 2]) -> Fault {
    Fault {
        name,
        settings: "",
        verdict: Arc::new(move || verdict.clone()),
        aftermath: [prometheus, victoria],
    }
}

/// Only the first request is settled; the second one has stored nothing.
const SETTLED: &str = "delivered until the end of day 1\n";

/// Only the first request is settled; the second one may have been stored.
const UNDER_WAY: &str = "delivered until the end of day 1, a request under way\n";

/// What is said of one that may be back by itself.
fn away(reason: &str, left: [&str; 2]) -> [String; 2] {
    left.map(|left| {
        format!(
            "exit 3
aw-sync-agent: RECEIVER/api/v1/write takes nothing now: {reason}
hint: the activity stays in ActivityWatch and is sent once the receiver is back; check `--prometheus-url` if it should be there
{left}"
        )
    })
}

/// What is said of one that a person has to do something about.
fn wrong(reason: &str, hint: &str) -> [String; 2] {
    [(); 2].map(|()| {
        format!(
            "exit 2\naw-sync-agent: RECEIVER/api/v1/write answered {reason}\nhint: {hint}\n{SETTLED}"
        )
    })
}

/// What is said and left if nothing is amiss.
fn well() -> String {
    format!("exit 0\n\n{ALL}")
}

/// Connections and answers that break.
fn broken() -> Vec<Fault> {
    let reset = || away("Connection reset by peer (os error 104)", [UNDER_WAY; 2]);
    let cut = away("connection closed before message completed", [UNDER_WAY; 2]);
    let gateway = Verdict::Replace(502, "", "Bad Gateway");
    let [slow, _] = away("no answer in time", [UNDER_WAY; 2]);
    let drip = Verdict::Drip(10, Duration::from_secs(1));
    let long = "Content-Length: 100\r\n";
    vec![
        fault("reset-before", Verdict::ResetBefore, reset()),
        fault("reset-after", Verdict::ResetAfter, reset()),
        fault("closed", Verdict::LoseAnswer, cut.clone()),
        fault("cut", Verdict::Halve, cut),
        // The status has come, and it says all.
        fault(
            "short",
            Verdict::Replace(200, long, "sto"),
            [(); 2].map(|()| well()),
        ),
        fault(
            "short-refusal",
            // `out of bounds` would give up what is too old.
            Verdict::Answer(400, long, "out of bou"),
            wrong(
                "HTTP 400: out of bou",
                "check that `prometheus-url` is a remote-write 1.0 endpoint",
            ),
        ),
        fault(
            "gateway",
            gateway,
            away("HTTP 502: Bad Gateway", [UNDER_WAY; 2]),
        ),
        Fault {
            // Many do the same at this time, so the first request may take its time too.
            settings: "remote-write.remote-timeout = '5s'",
            // For one that counts twice its answer is worth a longer wait.
            ..fault("drip", drip, [slow, well()])
        },
    ]
}

/// Answers that ask to wait. Of VictoriaMetrics they are not, so there nobody knows what it has stored.
fn unwilling() -> Vec<Fault> {
    let later = |status, headers| Verdict::Answer(status, headers, "not now");
    let says = |status| away(&format!("HTTP {status}: not now"), [SETTLED, UNDER_WAY]);
    vec![
        fault("busy", later(503, ""), says(503)),
        // Longer than somebody at a terminal waits.
        fault("slow-down", later(429, "Retry-After: 30\r\n"), says(429)),
        Fault {
            verdict: Arc::new(move || later(429, date_in(Duration::from_secs(30)))),
            ..fault("slow-down-until", later(429, ""), says(429))
        },
    ]
}

/// The header that asks to wait until then.
fn date_in(wait: Duration) -> &'static str {
    let date = httpdate::fmt_http_date(SystemTime::now() + wait);
    format!("Retry-After: {date}\r\n").leak()
}

/// Somebody else in the receiver's place; `elsewhere` is where redirects lead.
fn others(elsewhere: &str) -> Vec<Fault> {
    let page = |body| Verdict::Answer(200, "Content-Type: text/html\r\n", body);
    let log_in = "a web page answered; check `prometheus-url`, or log in first if this is the page of a network";
    let says = |body| wrong(&format!("HTTP 200: {body}"), log_in);
    let (whole, bare) = (
        "<!DOCTYPE html><title>Welcome to our hotel</title>",
        "<script>location = '/login'</script>",
    );
    let mut others = vec![
        fault("portal", page(whole), says(whole)),
        fault("bare-portal", page(bare), says(bare)),
    ];
    for (name, status) in [
        ("moved-301", 301),
        ("moved-302", 302),
        ("moved-307", 307),
        ("moved-308", 308),
    ] {
        let location = format!("Location: {elsewhere}/write?token=hunter2\r\n").leak();
        let reason = format!("HTTP {status}: it leads to {elsewhere}/write?***");
        let hint = "samples are not sent after a redirect; set `prometheus-url` to the final address, or log in first if this is the page of a network";
        let verdict = Verdict::Answer(status, location, "<html>Moved</html>");
        others.push(fault(name, verdict, wrong(&reason, hint)));
    }
    others
}

#[test]
fn after_each_fault_of_a_receiver_the_totals_are_right() {
    let (days, receivers) = (Days::start(), receivers());
    let elsewhere = Proxy::judging(&receivers[0].url(), |_| Verdict::Forward);
    let faults = [broken(), unwilling(), others(&elsewhere.url())];
    // At the same time: most of it is waiting.
    thread::scope(|scope| {
        for fault in faults.iter().flatten() {
            for (receiver, expected) in receivers.iter().zip(&fault.aftermath) {
                let days = &days;
                let befall = move || befall(fault, days, &**receiver, expected);
                let thread = thread::Builder::new().name(fault.name.to_owned());
                thread.spawn_scoped(scope, befall).unwrap();
            }
        }
    });
    assert_eq!(elsewhere.heads().len(), 0, "{:?}", elsewhere.heads());
}

#[track_caller]
fn befall(fault: &Fault, days: &Days, receiver: &dyn Receiver, expected: &str) {
    let verdict = Arc::clone(&fault.verdict);
    let mut with_activity = 0;
    let proxy = Proxy::judging(&receiver.url(), move |request| {
        if request.path.ends_with("/write") && !request.tells_of("aw_sync_") {
            with_activity += 1;
        }
        if with_activity > 1 {
            verdict()
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new()
        .reading(&days.server.url())
        .writing(&proxy.url())
        .args(&["--user-id", fault.name]);
    agent.write_settings(fault.settings);
    let run = agent.run(&["sync"]);
    let names = [(&*proxy.url(), "RECEIVER")];
    assert_eq!(aftermath(&agent, &run, &names), expected, "{}", run.stderr);
    proxy.set_rule(|_, _, _| Verdict::Forward);
    agent.sync();
    days.assert_arrived(fault.name, receiver);
    assert_eq!(left(&agent), ALL);
}

#[test]
fn nobody_is_there() {
    for mut receiver in receivers() {
        let server = hour::server();
        let agent = Agent::between(&[&server], &*receiver);
        receiver.stop();
        let run = agent.run(&["sync"]);
        let names = [(&*receiver.url(), "RECEIVER")];
        insta::allow_duplicates! {
            insta::assert_snapshot!(aftermath(&agent, &run, &names), @"
            exit 3
            aw-sync-agent: RECEIVER/api/v1/write takes nothing now: Connection refused (os error 111)
            hint: the activity stays in ActivityWatch and is sent once the receiver is back; check `--prometheus-url` if it should be there
            nothing delivered
            ");
        }
        let status = agent.run(&["status"]).stdout;
        assert!(
            status.contains("takes nothing now: Connection refused"),
            "{status}"
        );
        receiver.restart();
        hour::assert_brought_by(&agent, &*receiver);
        assert_eq!(left(&agent), ALL);
    }
}

#[test]
fn a_wish_for_a_later_attempt_is_obeyed_in_both_forms() {
    let (server, prometheus) = hour::servers();
    for by_date in [false, true] {
        let wait = Duration::from_secs(4);
        // A date has no fractions of a second.
        let least = Duration::from_secs(if by_date { 3 } else { 4 });
        let (asked, was_asked) = mpsc::channel();
        let proxy = Proxy::start(&prometheus.url(), move |_, _, count| {
            asked.send(SystemTime::now()).unwrap();
            match (count, by_date) {
                (0, true) => Verdict::Answer(429, date_in(wait), "slow down"),
                (0, false) => Verdict::Answer(429, "Retry-After: 4\r\n", "slow down"),
                _ => Verdict::Forward,
            }
        });
        let user = format!("by-date-{by_date}");
        let agent = Agent::new()
            .reading(&server.url())
            .writing(&proxy.url())
            .args(&["--user-id", &user]);
        // A sync might not have the patience if the machine is busy.
        let daemon = agent.spawn(&["--cron", "@yearly"]);
        let selector = format!("aw_window_seconds{{user=\"{user}\"}}");
        wait_until("the hour", SOON, || {
            !yesterday(&prometheus, &selector, "app").is_empty()
        });
        let log = daemon.stderr();
        assert!(log.contains("HTTP 429: slow down; attempt 2 in "), "{log}");
        let asked: Vec<_> = was_asked.try_iter().collect();
        let waited = asked[1].duration_since(asked[0]).unwrap();
        assert!((least..wait * 4).contains(&waited), "{waited:?}");
        assert_equal(
            &yesterday(&prometheus, &selector, "app"),
            &seconds(&[("vim", 3600)]),
        );
    }
}

#[test]
fn a_daemon_recovers_by_itself_from_a_receiver_that_takes_nothing_for_a_while() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::judging(&prometheus.url(), |_| Verdict::Answer(503, "", "not now"));
    let agent = Agent::new()
        .reading(&server.url())
        .writing(&proxy.url())
        .args(&["--cron", "*/2 * * * * *"]);
    let mut daemon = agent.spawn(&[]);
    let ends = "takes nothing now: 503 not now\nhint: the activity stays in ActivityWatch";
    wait_until("several requests", SOON, || {
        daemon.stderr().contains(ends) && proxy.heads().len() >= 5
    });
    assert_eq!(left(&agent), "nothing delivered\n");
    proxy.set_rule(|_, _, _| Verdict::Forward);
    wait_until("all", SOON, || left(&agent) == ALL);
    hour::assert_arrived(&prometheus);
    daemon.signal(Signal::Terminate);
    assert_eq!(daemon.wait(SOON).code, Some(0));
    // It goes without saying until something changes.
    assert_eq!(daemon.stderr().matches(ends).count(), 1);
}
