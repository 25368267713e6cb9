//! Several destinations, of which none waits for another.

use std::fs;

use serde_json::{Deserializer, Value, json};

use crate::harness::{
    Agent, AwServer, BucketSpec, EventSpec, Process, Prometheus, Proxy, Receiver, SOON, Signal,
    Suite, Verdict, VictoriaMetrics, VictoriaMetricsOptions, midnight, wait_until,
};
use crate::hour;
use crate::totals::{assert_equal, seconds, yesterday};

/// An agent that reads from `server` and sends to each of `urls`.
fn between(server: &AwServer, urls: &[String]) -> Agent {
    let agent = Agent::new().reading(&server.url());
    send_to(&agent, urls);
    agent
}

fn send_to(agent: &Agent, urls: &[String]) {
    let tables = urls.iter().map(|url| table(url));
    agent.write_settings(&tables.collect::<Vec<_>>().join("\n"));
}

fn table(url: &str) -> String {
    format!("[[remote-write]]\nurl = '{url}'")
}

/// The day of the hour, which the clock on the wall may not call yesterday any more.
fn day() -> String {
    midnight(1).date_naive().to_string()
}

fn victoria() -> VictoriaMetrics {
    VictoriaMetrics::start(VictoriaMetricsOptions::default())
}

/// How often each of the hour's samples is stored.
fn copies(receiver: &dyn Receiver) -> Vec<usize> {
    let samples = receiver.raw_samples("aw_window_seconds", 86_400, midnight(0));
    let mut stamps: Vec<i64> = samples.into_values().flatten().map(|(at, _)| at).collect();
    stamps.sort_unstable();
    let each = stamps.chunk_by(|one, other| one == other);
    each.map(<[i64]>::len).collect()
}

/// What the log says that the last pass sent to `url`.
fn sent(log: &str, url: &str) -> usize {
    let begin = format!("{url}/api/v1/write: sent ");
    let (_, rest) = log.rsplit_once(&begin).unwrap_or_else(|| panic!("{log}"));
    rest.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn each_destination_gets_everything_by_its_own_rules() {
    let server = hour::server();
    let plain = Prometheus::taking_history(Suite::Machine);
    let titled = Prometheus::taking_history(Suite::Sid);
    let hidden = victoria();
    let urls = [plain.url(), titled.url(), hidden.url()];
    let agent = between(&server, &[]).args(&["--user-id", "ada"]);
    let (agent, day) = (agent.env("TZ", "UTC"), day());
    agent.write_settings(&format!(
        "{}\n{}\n{}
        [[remote-write.relabel]]
        source-labels = ['__data_title']
        target-label = 'title'
        {}
        [[remote-write.relabel]]
        source-labels = ['app']
        regex = '(vi)(m|)'
        target-label = 'app'
        replacement = '$1-like'",
        // For all.
        "[[relabel]]\nsource-labels = ['app']\nregex = 'vim'\ntarget-label = 'app'\nreplacement = 'vi'",
        table(&urls[0]),
        table(&urls[1]),
        table(&urls[2]),
    ));
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for url in &urls {
        assert_eq!(sent(&run.stderr, url), 180);
    }
    let stored = |receiver: &dyn Receiver, label, value| {
        let found = yesterday(receiver, "aw_window_seconds", label);
        assert_equal(&found, &seconds(&[(value, 3600)]));
    };
    stored(&plain, "app", "vi");
    stored(&plain, "title", "");
    stored(&titled, "app", "vi");
    stored(&titled, "title", "secret");
    stored(&hidden, "app", "vi-like");
    stored(&hidden, "title", "");

    let again = agent.run(&["sync"]);
    for url in &urls {
        assert_eq!(sent(&again.stderr, url), 0);
    }
    assert_eq!(copies(&hidden), [1; 60]);

    let of_each = |command: &[&str]| -> Vec<Value> {
        let run = agent.run(command);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let documents = Deserializer::from_str(&run.stdout).into_iter();
        documents.map(Result::unwrap).collect()
    };
    let previews = of_each(&["preview", "--day", &day, "--format", "json"]);
    let reports = of_each(&["verify", "--day", &day, "--json"]);
    assert_eq!((previews.len(), reports.len()), (3, 3));
    for ((url, preview), report) in urls.iter().zip(&previews).zip(&reports) {
        let written_to = format!("{url}/api/v1/write");
        assert_eq!(preview["destination"], json!(written_to));
        assert_eq!(report["destination"], json!(written_to));
        assert_eq!(report["days"][0]["is_equal"], json!(true), "{report}");
    }
    let labels = |preview: &Value| {
        let labels = &preview["devices"][0]["metrics"]["aw_window_seconds"]["labels"];
        (labels["app"].clone(), labels["title"].clone())
    };
    let hour = |name: &str| json!({ name: 3600.0 });
    assert_eq!(labels(&previews[0]), (hour("vi"), Value::Null));
    assert_eq!(labels(&previews[1]), (hour("vi"), hour("secret")));
    assert_eq!(labels(&previews[2]), (hour("vi-like"), Value::Null));

    // What is read by programs that take one document is what the first one gets.
    let openmetrics = agent.run(&["preview", "--day", &day, "--format", "openmetrics"]);
    assert_eq!(openmetrics.stdout.matches("# EOF").count(), 1);
    assert!(
        openmetrics.stdout.contains("app=\"vi\""),
        "{}",
        openmetrics.stdout
    );
    let exported = agent.run(&["export", "--since", "all", "--output", "-"]);
    assert!(
        exported.stdout.contains("app=\"vi\""),
        "{}",
        exported.stdout
    );
    assert!(!exported.stdout.contains("secret"), "{}", exported.stdout);

    for command in [
        &["preview", "--day", &day][..],
        &["verify", "--day", &day],
        &["status"],
    ] {
        let said = agent.run(command).stdout;
        let named = said.lines().filter(|line| line.ends_with("/api/v1/write"));
        assert_eq!(named.count(), 3, "{said}");
    }
    let doctor = agent.run(&["doctor"]);
    assert_eq!(doctor.code, Some(0), "{}", doctor.stdout);
    for about in ["\nReceiver http", "\naw-sync-agent http"] {
        assert_eq!(doctor.stdout.matches(about).count(), 3, "{}", doctor.stdout);
    }
    assert_eq!(
        doctor.stdout.matches("\nActivityWatch ").count(),
        1,
        "{}",
        doctor.stdout
    );
}

#[test]
fn one_that_is_down_does_not_hold_the_other() {
    let (server, mut prometheus) = hour::servers();
    let victoria = victoria();
    prometheus.stop();
    let urls = [prometheus.url(), victoria.url()];
    let agent = between(&server, &urls);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let complaint = format!(
        "aw-sync-agent: {}/api/v1/write takes nothing now: ",
        urls[0]
    );
    assert!(run.stderr.contains(&complaint), "{}", run.stderr);
    hour::assert_arrived(&victoria);

    prometheus.restart();
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(
        [sent(&run.stderr, &urls[0]), sent(&run.stderr, &urls[1])],
        [180, 0]
    );
    hour::assert_arrived(&prometheus);
    assert_eq!(copies(&victoria), [1; 60]);

    // One that cannot be asked does not hold the other either.
    prometheus.stop();
    let agent = agent.env("TZ", "UTC");
    let verified = agent.run(&["verify", "--day", &day()]);
    assert_eq!(verified.code, Some(3), "{}", verified.stderr);
    let of_victoria = verified.stdout.split(&urls[1]).nth(1);
    assert!(
        of_victoria.is_some_and(|said| said.contains("1h 00m 00")),
        "{}",
        verified.stdout
    );
}

#[test]
fn a_destination_that_is_added_later_gets_all_history() {
    let (server, first) = hour::servers();
    let agent = between(&server, &[first.url()]);
    hour::assert_brought_by(&agent, &first);
    let added = victoria();
    // In front, so that what is known of the first has to go by its address.
    send_to(&agent, &[added.url(), first.url()]);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(
        [
            sent(&run.stderr, &added.url()),
            sent(&run.stderr, &first.url())
        ],
        [180, 0]
    );
    hour::assert_arrived(&added);
    assert_eq!(copies(&added), [1; 60]);
}

#[test]
fn a_kill_while_each_has_a_request_under_way_counts_nothing_twice() {
    let server = hour::server();
    let victorias = [victoria(), victoria()];
    let rule = |_: &str, path: &str, _| {
        if path.ends_with("/write") {
            Verdict::LoseAnswer
        } else {
            Verdict::Forward
        }
    };
    let proxies = victorias
        .each_ref()
        .map(|one| Proxy::start(&one.url(), rule));
    let mut urls = proxies.each_ref().map(Proxy::url);
    let agent = between(&server, &urls);
    let mut process = agent.spawn(&["sync"]);
    let asked = |proxy: &Proxy| proxy.heads().iter().any(|head| head.contains("/write"));
    wait_until("a request to each", SOON, || proxies.iter().all(asked));
    process.signal(Signal::Kill);
    process.wait(SOON);
    let files = fs::read_dir(agent.data_dir()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let kept = names.filter(|name| name.starts_with("sending-")).count();
    assert_eq!(kept, 2);

    for proxy in &proxies {
        proxy.set_rule(|_, _, _| Verdict::Forward);
    }
    urls.reverse();
    send_to(&agent, &urls);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for victoria in &victorias {
        assert_eq!(copies(victoria), [1; 60]);
    }
}

#[test]
fn one_that_never_answers_does_not_hold_the_daemon_from_the_other() {
    let (server, prometheus) = hour::servers();
    let silent = Proxy::start(&prometheus.url(), |_, _, _| Verdict::Silence);
    let agent = Agent::new()
        .reading(&server.url())
        .args(&["--cron", "* * * * * *"]);
    // Longer than the test takes, so that one request hangs all the while.
    let hanging = table(&silent.url()) + "\nremote-timeout = '10m'";
    agent.write_settings(&format!("{hanging}\n{}", table(&prometheus.url())));
    let mut daemon = agent.spawn(&[]);
    wait_until("the hour", SOON, || hour::has_arrived(&prometheus));
    wait_until("a request that hangs", SOON, || silent.heads().len() == 1);
    // What there is to send at a later tick.
    let data = json!({"app": "emacs", "title": "t"});
    let event = EventSpec::new(midnight(1), 1_800_000, data);
    server.add(&BucketSpec::window("desk"), &[event]);
    let expected = seconds(&[("vim", 3600), ("emacs", 1800)]);
    wait_until("the other machine", SOON, || {
        yesterday(&prometheus, "aw_window_seconds", "app").len() == 2
    });
    assert_equal(
        &yesterday(&prometheus, "aw_window_seconds", "app"),
        &expected,
    );
    assert_eq!(silent.heads().len(), 1, "{}", daemon.stderr());
    stop(&mut daemon);
}

fn stop(daemon: &mut Process) {
    daemon.signal(Signal::Terminate);
    let end = daemon.wait(SOON);
    assert_eq!(end.code, Some(0), "{}", end.stderr);
}
