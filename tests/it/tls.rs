//! Connections that nobody on the way can read: whom to trust, and what to show.

use std::fs;

use crate::harness::{
    Agent, CERTIFICATES, Output, Prometheus, PrometheusOptions, Receiver, SOON, Suite, Tls,
    complaint, wait_until,
};
use crate::{faults, hour};

fn secured(tls: Tls) -> Prometheus {
    Prometheus::start(PrometheusOptions {
        tls: Some(tls),
        out_of_order: Some("10000d"),
        ..PrometheusOptions::default()
    })
}

/// Writes a file beside the settings.
fn write(agent: &Agent, name: &str, text: &str) {
    fs::create_dir_all(agent.settings_file().parent().unwrap()).unwrap();
    fs::write(agent.settings_file().with_file_name(name), text).unwrap();
}

/// The library's words change from version to version, and so does the alert that Prometheus sends.
#[track_caller]
fn assert_no_tls(run: &Output, hint: &str) {
    let complaint = complaint(run, &[]);
    assert!(
        complaint.contains("/api/v1/write: no secure connection: ") && complaint.ends_with(hint),
        "{complaint}"
    );
}

#[test]
fn nobody_trusted_has_signed_the_receiver() {
    let (server, prometheus) = (hour::server(), secured(Tls::Server));
    let agent = Agent::between(&[&server], &prometheus);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[(&prometheus.url(), "PROMETHEUS")]), @"
    aw-sync-agent: PROMETHEUS/api/v1/write: no secure connection: certificate verify failed (unable to get local issuer certificate)
    hint: set `tls-config.ca-file` under `[remote-write]` to the certificate of whoever signed the receiver's
    ");
    assert_eq!(faults::left(&agent), "nothing delivered\n");
    agent.write_settings("remote-write.tls-config.ca-file = 'ca.pem'");
    let home = agent.home().display().to_string();
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[(&home, "HOME")]), @"
    aw-sync-agent: `remote-write.tls-config.ca-file`: HOME/config/activitywatch/aw-sync-agent/ca.pem: cannot be read: No such file or directory (os error 2)
    hint: a path without a root begins at the directory of the settings file; the file is read again before each request
    ");
    write(&agent, "ca.pem", "no certificate");
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[(&home, "HOME")]), @"
    aw-sync-agent: `remote-write.tls-config.ca-file`: HOME/config/activitywatch/aw-sync-agent/ca.pem: there is no certificate in it
    hint: it wants PEM, which has the line `-----BEGIN CERTIFICATE-----` above each certificate
    ");
    // The one that counts need not be the first.
    write(
        &agent,
        "ca.pem",
        &[&*CERTIFICATES.stranger, &*CERTIFICATES.ca].concat(),
    );
    hour::assert_brought_by(&agent, &prometheus);
    assert_eq!(faults::left(&agent), faults::ALL);
}

#[test]
fn any_receiver_will_do_if_the_person_says_so() {
    let (server, prometheus) = (hour::server(), secured(Tls::Server));
    let agent = Agent::between(&[&server], &prometheus);
    agent.write_settings("remote-write.tls-config.insecure-skip-verify = true");
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn the_receiver_wants_a_certificate() {
    for suite in [Suite::Machine, Suite::Sid] {
        assert_wants_a_certificate(suite);
    }
}

#[track_caller]
fn assert_wants_a_certificate(suite: Suite) {
    let server = hour::server();
    let prometheus = Prometheus::start(PrometheusOptions {
        suite,
        tls: Some(Tls::Mutual),
        out_of_order: Some("10000d"),
        ..PrometheusOptions::default()
    });
    let agent = Agent::between(&[&server], &prometheus);
    write(&agent, "ca.pem", &CERTIFICATES.ca);
    agent.write_settings("remote-write.tls-config.ca-file = 'ca.pem'");
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    let hint = "hint: set `tls-config.cert-file` and `tls-config.key-file` under `[remote-write]` to a certificate that the receiver takes, and its key";
    assert_no_tls(&run, hint);
    agent.write_settings(
        "[remote-write.tls-config]\nca-file = 'ca.pem'\ncert-file = 'agent.pem'\nkey-file = 'agent.key'",
    );
    write(&agent, "agent.pem", &CERTIFICATES.client.certificate);
    write(&agent, "agent.key", &CERTIFICATES.client.key);
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn the_key_is_none_or_that_of_another_certificate() {
    let (server, prometheus) = (hour::server(), secured(Tls::Mutual));
    let agent = Agent::between(&[&server], &prometheus);
    agent.write_settings(
        "[remote-write.tls-config]\nca-file = 'ca.pem'\ncert-file = 'agent.pem'\nkey-file = 'agent.key'",
    );
    write(&agent, "ca.pem", &CERTIFICATES.ca);
    write(&agent, "agent.pem", &CERTIFICATES.client.certificate);
    // As older tools write it.
    write(
        &agent,
        "agent.key",
        "-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----\n",
    );
    let home = agent.home().display().to_string();
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    insta::assert_snapshot!(complaint(&run, &[(&home, "HOME")]), @"
    aw-sync-agent: `remote-write.tls-config.key-file`: HOME/config/activitywatch/aw-sync-agent/agent.key: this is no key that can be used
    hint: it wants PKCS #8 without a password, which begins with `-----BEGIN PRIVATE KEY-----`; `openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW` makes it of any other
    ");
    // Of another certificate.
    write(&agent, "agent.key", &CERTIFICATES.server.key);
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    insta::assert_snapshot!(complaint(&run, &[(&home, "HOME")]), @"
    aw-sync-agent: the HTTP client does not start: key values mismatch
    hint: check `tls-config` and `proxy-url` under `[remote-write]`; a key has to be that of its certificate
    ");
    write(&agent, "agent.key", &CERTIFICATES.client.key);
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn a_certificate_that_stands_in_the_settings_counts_too() {
    let (server, prometheus) = (hour::server(), secured(Tls::Mutual));
    let agent = Agent::between(&[&server], &prometheus);
    agent.write_settings(&format!(
        "[remote-write.tls-config]\nca = '''{}'''\ncert = '''{}'''\nkey = '''{}'''",
        CERTIFICATES.ca, CERTIFICATES.client.certificate, CERTIFICATES.client.key
    ));
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn certificates_are_renewed_while_the_daemon_runs() {
    let (server, prometheus) = (hour::server(), secured(Tls::Mutual));
    let agent = Agent::between(&[&server], &prometheus).args(&["--cron", "* * * * * *"]);
    agent.write_settings(
        "[remote-write.tls-config]\nca-file = 'ca.pem'\ncert-file = 'agent.pem'\nkey-file = 'agent.key'",
    );
    write(&agent, "ca.pem", &CERTIFICATES.stranger);
    // A certificate of the tests' authority, but not one for clients.
    write(&agent, "agent.pem", &CERTIFICATES.ca);
    let daemon = agent.spawn(&[]);
    let wait_for = |text: &str| {
        wait_until(text, SOON, || daemon.stderr().contains(text));
    };
    wait_for("agent.key: cannot be read");
    write(&agent, "agent.pem", &CERTIFICATES.client.certificate);
    write(&agent, "agent.key", &CERTIFICATES.client.key);
    wait_for("certificate verify failed");
    write(&agent, "ca.pem", &CERTIFICATES.ca);
    wait_until("the hour", SOON, || hour::has_arrived(&prometheus));
    hour::assert_arrived(&prometheus);
}

#[test]
fn the_receiver_has_a_certificate_for_another_name() {
    let (server, prometheus) = (hour::server(), secured(Tls::Server));
    let url = prometheus.url().replace("127.0.0.1", "localhost");
    let agent = Agent::new().reading(&server.url()).writing(&url);
    write(&agent, "ca.pem", &CERTIFICATES.ca);
    agent.write_settings("remote-write.tls-config.ca-file = 'ca.pem'");
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[(&url, "PROMETHEUS")]), @"
    aw-sync-agent: PROMETHEUS/api/v1/write: no secure connection: certificate verify failed (hostname mismatch)
    hint: use the name that the receiver's certificate has in `prometheus-url`, or set `tls-config.server-name` under `[remote-write]` to it
    ");
    assert_eq!(faults::left(&agent), "nothing delivered\n");
    agent.write_settings(
        "remote-write.tls-config = { ca-file = 'ca.pem', server-name = 'prometheus.test' }",
    );
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn one_end_speaks_tls_and_the_other_does_not() {
    let server = hour::server();
    let plain = Prometheus::start(PrometheusOptions::default());
    let url = plain.url().replace("http:", "https:");
    let run = Agent::new()
        .reading(&server.url())
        .writing(&url)
        .run(&["sync"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    let hint =
        "hint: the receiver does not speak TLS at this port; write http:// in `prometheus-url`";
    assert_no_tls(&run, hint);
    let secured = secured(Tls::Server);
    let url = secured.url().replace("https:", "http:");
    let run = Agent::new()
        .reading(&server.url())
        .writing(&url)
        .run(&["sync"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    insta::assert_snapshot!(complaint(&run, &[(&url, "PROMETHEUS")]), @"
    aw-sync-agent: PROMETHEUS/api/v1/write answered HTTP 400: Client sent an HTTP request to an HTTPS server.
    hint: the receiver speaks TLS at this port; write https:// in `prometheus-url`
    ");
}

#[test]
fn the_receivers_tls_is_older_than_the_person_wants() {
    let (server, prometheus) = (hour::server(), secured(Tls::Version12));
    let agent = Agent::between(&[&server], &prometheus);
    write(&agent, "ca.pem", &CERTIFICATES.ca);
    agent.write_settings("remote-write.tls-config = { ca-file = 'ca.pem', min-version = 'TLS13' }");
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    let hint = "hint: the two ends have no version of TLS in common; see `tls-config.min-version` under `[remote-write]`";
    assert_no_tls(&run, hint);
    agent.write_settings("remote-write.tls-config.ca-file = 'ca.pem'");
    hour::assert_brought_by(&agent, &prometheus);
}
