use std::fs;

use super::*;
use crate::{
    dirs::Dirs,
    settings::{self, PartialSettings, Secret},
};

fn shown(root: &Path, text: &str) -> String {
    let dirs = Dirs::below(root);
    fs::create_dir_all(&dirs.config).unwrap();
    fs::write(file::path(&dirs, false), text).unwrap();
    fs::create_dir_all(root.join("config/aw-server-rust")).unwrap();
    fs::write(
        root.join("config/aw-server-rust/config.toml"),
        "port = 5601",
    )
    .unwrap();
    let flags = PartialSettings {
        prometheus_url: Some(Secret::from("https://ada:hunter2@desk.lan:9090")),
        ..PartialSettings::default()
    };
    let environment = |name: &str| (name == "CRON").then(|| "@hourly".to_owned());
    let loaded = settings::load(flags, environment, &dirs).unwrap();
    let mut out = Vec::new();
    show(&loaded, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const FILE: &str = r#"
user-id = "ada"
history = "31d"
cron = "@daily"

[labels]
team = "the \"research\" team"

[hosts]
"laptop.local" = "laptop"

[[remote-write]]
headers = { X-Key = "hunter2" }
tls-config = { ca-file = "/ca.pem", cert-file = "/agent.pem", key = "hunter2", server-name = "desk.lan" }
"#;

const SEVERAL: &str = r#"
[labels]
team = "research"

[[remote-write]]
url = "http://127.0.0.1:9090"
remote-timeout = "5s"

[[remote-write]]
url = "https://eve:hunter2@mimir.lan/api/v1/push"
headers = { X-Scope-OrgID = "hunter2" }
[[remote-write.relabel]]
regex = "title"
action = "labeldrop"
"#;

const PROXY: &str = r#"
[remote-write]
url = "https://desk.lan"
authorization.credentials-file = "token"
proxy-url = "http://ada:hunter2@proxy.lan:3128"
no-proxy = "localhost"
"#;

#[test]
fn every_value_is_shown_with_its_origin_and_secrets_are_masked() {
    let root = tempfile::tempdir().unwrap();
    let shown = shown(root.path(), FILE).replace(&root.path().display().to_string(), "DIR");
    insta::assert_snapshot!(shown, @r#"
    aw-url                                       = ["http://127.0.0.1:5601/"]            # found in DIR/config/aw-server-rust/config.toml
    prometheus-url                               = "https://desk.lan:9090/api/v1/write"  # command line
    remote-write.query-url                       = "https://desk.lan:9090/api/v1"        # default
    remote-write.basic-auth.username             = "ada"                                 # command line
    remote-write.basic-auth.password             = "[redacted]"                          # command line
    remote-write.headers.X-Key                   = "[redacted]"                          # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 13
    remote-write.tls-config.ca-file              = "/ca.pem"                             # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 14
    remote-write.tls-config.cert-file            = "/agent.pem"                          # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 14
    remote-write.tls-config.key                  = "[redacted]"                          # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 14
    remote-write.tls-config.server-name          = "desk.lan"                            # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 14
    remote-write.tls-config.insecure-skip-verify = false                                 # default
    remote-write.tls-config.min-version          = "TLS12"                               # default
    remote-write.proxy-from-environment          = false                                 # default
    remote-write.insecure-credentials            = false                                 # default
    remote-write.remote-timeout                  = "30s"                                 # default
    cron                                         = "@hourly"                             # environment variable CRON
    excluded-watchers                            = []                                    # default
    included-watchers                            = []                                    # default
    min-data                                     = 5                                     # default
    user-id                                      = "ada"                                 # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 2
    settle                                       = "5m"                                  # default
    history                                      = "31d"                                 # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 3
    min-break                                    = "5m"                                  # default
    synced-buckets                               = false                                 # default
    series-budget                                = 2000                                  # default
    log-level                                    = "info"                                # default
    labels.team                                  = "the \"research\" team"               # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 7
    hosts."laptop.local"                         = "laptop"                              # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 10
    "#);
}

#[test]
fn what_another_file_or_a_proxy_keeps_is_shown_with_its_origin() {
    let root = tempfile::tempdir().unwrap();
    let dirs = Dirs::below(root.path());
    fs::create_dir_all(&dirs.config).unwrap();
    fs::write(file::path(&dirs, false), PROXY).unwrap();
    let loaded = settings::load(PartialSettings::default(), |_| None, &dirs).unwrap();
    let mut out = Vec::new();
    show(&loaded, &mut out).unwrap();
    let shown = String::from_utf8(out).unwrap();
    let lines = shown
        .lines()
        .filter(|line| line.starts_with("remote-write."));
    let fields = lines.flat_map(str::split_whitespace);
    let shown = fields
        .collect::<Vec<_>>()
        .join(" ")
        .replace(" remote-write", "\nremote-write");
    let shown = shown.replace(&dirs.config.display().to_string(), "DIR");
    insta::assert_snapshot!(shown, @r#"
    remote-write.query-url = "https://desk.lan/api/v1" # default
    remote-write.authorization.type = "Bearer" # default
    remote-write.authorization.credentials-file = "DIR/token" # DIR/aw-sync-agent.toml: line 4
    remote-write.tls-config.insecure-skip-verify = false # default
    remote-write.tls-config.min-version = "TLS12" # default
    remote-write.proxy-url = "http://***@proxy.lan:3128/" # DIR/aw-sync-agent.toml: line 5
    remote-write.no-proxy = "localhost" # DIR/aw-sync-agent.toml: line 6
    remote-write.insecure-credentials = false # default
    remote-write.remote-timeout = "30s" # default
    "#);
}

#[test]
fn several_destinations_come_last_each_with_its_own_keys() {
    let root = tempfile::tempdir().unwrap();
    let shown = shown(root.path(), SEVERAL).replace(&root.path().display().to_string(), "DIR");
    let (_, destinations) = shown.split_once("labels.team").unwrap();
    insta::assert_snapshot!(destinations, @r#"
                         = "research"                                   # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 3

    [[remote-write]]
    url                             = "https://desk.lan:9090/api/v1/write"         # command line
    query-url                       = "https://desk.lan:9090/api/v1"               # default
    basic-auth.username             = "ada"                                        # command line
    basic-auth.password             = "[redacted]"                                 # command line
    tls-config.insecure-skip-verify = false                                        # default
    tls-config.min-version          = "TLS12"                                      # default
    proxy-from-environment          = true                                         # default
    insecure-credentials            = false                                        # default
    remote-timeout                  = "5s"                                         # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 7

    [[remote-write]]
    url                             = "https://mimir.lan/api/v1/push"              # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 10
    query-url                       = "https://mimir.lan/prometheus/api/v1"        # default
    basic-auth.username             = "eve"                                        # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 10
    basic-auth.password             = "[redacted]"                                 # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 10
    headers.X-Scope-OrgID           = "[redacted]"                                 # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 11
    tls-config.insecure-skip-verify = false                                        # default
    tls-config.min-version          = "TLS12"                                      # default
    proxy-from-environment          = true                                         # default
    insecure-credentials            = false                                        # default
    remote-timeout                  = "30s"                                        # default
    relabel                         = [{ regex = "title", action = "labeldrop" }]  # DIR/config/aw-sync-agent/aw-sync-agent.toml: line 12
    "#);
}

#[test]
fn what_is_shown_can_be_pasted_into_the_file() {
    assert_can_be_pasted(FILE);
    assert_can_be_pasted(SEVERAL);
}

fn assert_can_be_pasted(file: &str) {
    let root = tempfile::tempdir().unwrap();
    let first = shown(root.path(), file);
    let other = tempfile::tempdir().unwrap();
    let flags = PartialSettings::default();
    let dirs = Dirs::below(other.path());
    fs::create_dir_all(&dirs.config).unwrap();
    fs::write(file::path(&dirs, false), &first).unwrap();
    let again = settings::load(flags, |_| None, &dirs).unwrap();
    let values = |text: &str| {
        text.lines()
            .map(|line| line.split("  # ").next().unwrap().trim().to_owned())
            .collect::<Vec<_>>()
    };
    let mut out = Vec::new();
    show(&again, &mut out).unwrap();
    assert_eq!(values(&String::from_utf8(out).unwrap()), values(&first));
}

#[test]
fn the_first_file_is_written_and_a_second_one_is_not() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("new/aw-sync-agent.toml");
    let said = || {
        let mut out = Vec::new();
        init(&path, &mut out).unwrap();
        String::from_utf8(out)
            .unwrap()
            .replace(&root.path().display().to_string(), "DIR")
    };
    assert_eq!(said(), "wrote DIR/new/aw-sync-agent.toml\n");
    assert_eq!(
        said(),
        "DIR/new/aw-sync-agent.toml is there already and was left as it is\n"
    );
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("occupied"), "").unwrap();
    let path = root.path().join("occupied/aw-sync-agent.toml");
    let error = init(&path, &mut Vec::new()).unwrap_err().to_string();
    let (first, hint) = error.split_once('\n').unwrap();
    assert!(
        first.starts_with(&format!("{}: cannot be written: ", path.display())),
        "{first}"
    );
    assert!(hint.starts_with("hint: "), "{hint}");
}
