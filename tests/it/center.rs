//! `packaging/center`: what its files and its README set up does what they say.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use chrono::TimeDelta;
use serde_json::Value;

use crate::harness::{
    Agent, Center, CenterServer, Place, Process, Receiver, SOON, Suite, complaint, midnight, texts,
};
use crate::hour;

/// What `doctor` says.
const PROMETHEUS_IS_FINE: &str = "  ok    write path     takes an empty request
  ok    encryption     TLS
  ok    clock          shows the same time as this machine's
  ok    query API      answers
  ok    old samples    takes what is up to 10 years behind its newest sample
  ok    retention      keeps samples for 100y";

/// Likewise.
const VICTORIA_METRICS_IS_FINE: &str = "  ok    write path     takes an empty request
  ok    encryption     TLS
  ok    clock          shows the same time as this machine's
  ok    query API      answers
  ok    duplicates     what is sent twice counts once
  ok    retention      keeps samples for 100y";

/// The blocks of the README that are in `language`.
fn blocks(center: &Center, language: &str) -> Vec<String> {
    let readme = center.read("README.md");
    let begin = format!("```{language}\n");
    let blocks = readme.split(&begin).skip(1);
    blocks
        .map(|rest| rest.split_once("```").unwrap().0.to_owned())
        .collect()
}

/// The script that installs `package`.
fn script(center: &Center, package: &str) -> String {
    let scripts = blocks(center, "sh");
    let wanted = format!("apt install {package}");
    let script = scripts.iter().find(|script| script.contains(&wanted));
    script.unwrap().clone()
}

/// An agent set up by the README, but for the address and the password.
fn agent(center: &Center, receiver: &CenterServer, password: &str) -> Agent {
    let [settings] = &blocks(center, "toml")[..] else {
        panic!("there are several blocks of settings");
    };
    let settings = settings.replace("https://desk.lan:9090", &receiver.url());
    assert!(settings.contains(&receiver.url()), "{settings}");
    let agent = Agent::new();
    agent.write_settings(&settings);
    let beside = |name: &str, text: &str| {
        fs::write(agent.settings_file().with_file_name(name), text).unwrap();
    };
    beside("center-ca.pem", &center.read("secrets/ca.pem"));
    beside("center-password", password);
    agent
}

/// Has an agent bring an hour, after one with a wrong password was sent away. Returns what `doctor` says of the receiver,
/// but for its version.
#[track_caller]
fn take_an_hour(center: &Center, receiver: &CenterServer) -> String {
    let server = hour::server();
    let stranger = agent(center, receiver, "hunter2").reading(&server.url());
    let run = stranger.run(&["sync"]);
    let said = complaint(&run, &[]);
    assert_eq!(run.code, Some(2), "{said}");
    assert!(said.contains("answered HTTP 401"), "{said}");
    for path in ["/api/v1/query?query=1", "/api/v1/labels"] {
        assert_eq!(receiver.status(path, None), 401, "{path}");
        assert_eq!(receiver.status(path, Some("Basic YXc6YXc=")), 401, "{path}");
    }
    // Not by the selector that is asked for later: VictoriaMetrics would go on finding nothing for some seconds.
    assert_eq!(receiver.series_count("{user!=''}", midnight(0)), 0);

    let agent = agent(center, receiver, &center.read("secrets/password"));
    let agent = agent.reading(&server.url());
    hour::assert_brought_by(&agent, receiver);
    let diagnosis = agent.run(&["doctor"]).stdout;
    let (_, of_receiver) = diagnosis.split_once("\nReceiver ").unwrap();
    let (of_receiver, _) = of_receiver.split_once("\n\n").unwrap();
    let lines = of_receiver.lines().skip(1);
    lines
        .filter(|line| !line.contains("  reachable  "))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The names of the alerts that `receiver` evaluates.
fn alerts(answer: &Value) -> Vec<&str> {
    let groups = answer["data"]["groups"].as_array().unwrap();
    let rules = groups.iter().flat_map(|group| {
        let rules = group["rules"].as_array().unwrap();
        rules.iter().map(|rule| rule["name"].as_str().unwrap())
    });
    rules.collect()
}

#[test]
fn compose_starts_a_prometheus_that_takes_history_from_whom_it_knows() {
    let center = Center::of("prometheus");
    let prometheus = center.prometheus(Suite::Sid, center.container("prometheus"));
    assert_eq!(take_an_hour(&center, &prometheus), PROMETHEUS_IS_FINE);
    let rules = prometheus.get("/api/v1/rules");
    insta::assert_snapshot!(alerts(&rules).join(" "), @"AwLimitExceeded AwGoalReached AwNoBreak AwMachineSilent AwSyncLagging AwSamplesRefused");
}

#[test]
fn compose_starts_a_victoria_metrics_that_takes_history_from_whom_it_knows() {
    let center = Center::of("victoriametrics");
    let place = center.container("victoriametrics");
    let victoria_metrics = center.victoria_metrics(Suite::Sid, place, None);
    assert_eq!(
        take_an_hour(&center, &victoria_metrics),
        VICTORIA_METRICS_IS_FINE
    );
    assert_vmalert_reaches(&center, &victoria_metrics);
}

/// Has the vmalert of `compose.yaml` evaluate its rules once for a minute of yesterday, since it takes its time otherwise.
#[track_caller]
fn assert_vmalert_reaches(center: &Center, receiver: &CenterServer) {
    let place = center.container("vmalert");
    let from = midnight(1);
    let to = from + TimeDelta::minutes(1);
    let mut command = Command::new(Suite::Sid.program("victoria-metrics", "vmalert"));
    let url = "https://victoriametrics:8428";
    let flags = place.flags.iter();
    command
        .args(flags.map(|flag| flag.replace(url, &receiver.url())))
        .arg(format!("-replay.timeFrom={}", from.format("%FT%TZ")))
        .arg(format!("-replay.timeTo={}", to.format("%FT%TZ")))
        .arg("-replay.rulesDelay=0s");
    let mut vmalert = Process::spawn("vmalert", &mut command, &place.root);
    let run = vmalert.wait(SOON);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

/// The flags in a file of `/etc/default`.
fn flags(root: &Path, file: &str) -> Vec<String> {
    let text = fs::read_to_string(root.join("etc/default").join(file)).unwrap();
    let (_, flags) = text.split_once("ARGS=\"").unwrap();
    let flags = flags.trim_end().trim_end_matches('"');
    flags.split(' ').map(str::to_owned).collect()
}

#[test]
fn the_readme_sets_up_a_debian_prometheus() {
    let center = Center::of("prometheus");
    let root = center.install(&script(&center, "prometheus"));
    let flags = flags(&root, "prometheus");
    let listens = "--web.listen-address=127.0.0.1:9090".to_owned();
    assert!(flags.contains(&listens), "{flags:?}");
    let place = Place::new(root, flags.iter().map(String::as_str));
    let prometheus = center.prometheus(Suite::Machine, place);
    assert_eq!(take_an_hour(&center, &prometheus), PROMETHEUS_IS_FINE);
    let rules = prometheus.get("/api/v1/rules");
    assert!(alerts(&rules).contains(&"AwMachineSilent"), "{rules}");
}

#[test]
fn the_readme_sets_up_a_debian_victoria_metrics() {
    let center = Center::of("victoriametrics");
    let root = center.install(&script(&center, "victoria-metrics"));
    let etc = root.join("etc");
    let unit = etc.join("systemd/system/victoria-metrics.service.d/password.conf");
    let unit = fs::read_to_string(unit).unwrap();
    let variables = "[Service]\nEnvironmentFile=/etc/victoria-metrics/password\n";
    assert_eq!(unit, variables);
    let flags = flags(&root, "victoria-metrics");
    let listens = "-httpListenAddr=127.0.0.1:8428".to_owned();
    assert!(flags.contains(&listens), "{flags:?}");
    let place = Place::new(root, flags.iter().map(String::as_str));
    let password = etc.join("victoria-metrics/password");
    let victoria_metrics = center.victoria_metrics(Suite::Machine, place, Some(&password));
    assert_eq!(
        take_an_hour(&center, &victoria_metrics),
        VICTORIA_METRICS_IS_FINE
    );
}

#[test]
fn compose_opens_nothing_to_others_and_pins_what_it_runs() {
    let compose = Center::of("prometheus").compose();
    for (name, service) in compose["services"].as_object().unwrap() {
        for port in texts(&service["ports"]) {
            assert!(port.starts_with("${BIND:-127.0.0.1}:"), "{name}: {port}");
        }
        let (_, version) = service["image"].as_str().unwrap().split_once(':').unwrap();
        let mut numbers = version.trim_start_matches('v').split('.');
        assert_eq!(numbers.clone().count(), 3, "{name}: {version}");
        assert!(
            numbers.all(|number| number.parse::<u32>().is_ok()),
            "{name}"
        );
        assert_eq!(texts(&service["cap_drop"]).collect::<Vec<_>>(), ["ALL"]);
        assert_eq!(service["user"], "${OWNER:?run ./first-run}", "{name}");
    }
    let ports = |name| texts(&compose["services"][name]["ports"]).collect::<String>();
    // What the servers listen at if nobody tells them otherwise.
    assert!(ports("prometheus").ends_with(":9090:9090"));
    assert!(ports("victoriametrics").ends_with(":8428:8428"));
}

#[test]
fn grafana_finds_what_its_provisioning_names() {
    let center = Center::of("victoriametrics");
    let root = center.container("grafana").root;
    let provisioned = |file: &str| -> Value {
        let path = root.join("etc/grafana/provisioning").join(file);
        serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let source = &provisioned("datasources/receiver.yaml")["datasources"][0];
    assert_eq!(source["url"], "$RECEIVER_URL");
    assert_eq!(source["basicAuthUser"], "aw");
    for secret in source["secureJsonData"].as_object().unwrap().values() {
        let file = secret.as_str().unwrap().strip_prefix("$__file{/").unwrap();
        assert!(root.join(file.trim_end_matches('}')).is_file(), "{file}");
    }
    let provider = &provisioned("dashboards/dashboards.yaml")["providers"][0];
    let dashboards = provider["options"]["path"].as_str().unwrap();
    assert!(root.join(dashboards.trim_start_matches('/')).is_dir());
    let environment = &center.compose()["services"]["grafana"]["environment"];
    for (name, value) in environment.as_object().unwrap() {
        let file = value.as_str().unwrap().strip_prefix('/');
        assert!(file.is_none_or(|file| root.join(file).is_file()), "{name}");
    }
    assert!(
        center
            .read(".env")
            .contains("\nRECEIVER_URL=https://victoriametrics:8428\n")
    );
}

#[test]
fn a_second_first_run_makes_only_what_is_missing() {
    let center = Center::of("prometheus");
    let names = [
        "ca.key",
        "ca.pem",
        "grafana-password",
        "password",
        "server.key",
        "server.pem",
        "web.yml",
    ];
    let all = || {
        let all = names.map(|name| center.read(&format!("secrets/{name}")));
        (all, center.read(".env"))
    };
    let is_new = |before: &[String; 7]| {
        let now = all().0;
        let pairs = names.iter().zip(before.iter().zip(&now));
        let new = pairs.filter(|(_, (before, now))| before != now);
        new.map(|(name, _)| *name).collect::<Vec<_>>()
    };
    let again = || {
        let run = center.first_run(&["prometheus", "desk.lan"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    };
    let before = all();
    again();
    assert_eq!(all(), before);
    for name in names {
        let path = center.files().join("secrets").join(name);
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    center.remove("secrets/server.pem");
    again();
    assert_eq!(is_new(&before.0), ["server.key", "server.pem"]);
    let before = all();
    center.remove("secrets/password");
    again();
    assert_eq!(is_new(&before.0), ["password", "web.yml"]);
    let before = all();
    center.remove("secrets/ca.pem");
    again();
    assert_eq!(
        is_new(&before.0),
        ["ca.key", "ca.pem", "server.key", "server.pem"]
    );

    let run = center.first_run(&["victoriametrics"]);
    assert_eq!(
        (run.code, &*run.stderr),
        (
            Some(1),
            "first-run: .env is for another receiver: delete it first\n"
        )
    );
    let run = center.first_run(&[]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .ends_with("first-run: name the receiver: prometheus or victoriametrics\n"),
        "{}",
        run.stderr
    );
}
