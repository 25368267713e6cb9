//! The way to a receiver through a proxy.

use std::fs;

use crate::harness::{
    Agent, CERTIFICATES, Prometheus, PrometheusOptions, Proxy, Receiver, Tls, Verdict, complaint,
};
use crate::hour;

fn forwarding(receiver: &Prometheus) -> Proxy {
    Proxy::start(&receiver.url(), |_, _, _| Verdict::Forward)
}

#[test]
fn a_receiver_here_is_asked_through_a_proxy_only_if_the_settings_name_one() {
    let (server, prometheus) = hour::servers();
    let proxy = forwarding(&prometheus);
    let url = prometheus.url();
    let agent = Agent::between(&[&server], &prometheus)
        .env("http_proxy", &proxy.url())
        .env("HTTP_PROXY", &proxy.url());
    hour::assert_brought_by(&agent, &prometheus);
    assert_eq!(proxy.heads().len(), 0);

    // Nobody is there, and the proxy would be asked for it.
    let elsewhere = Agent::new()
        .reading(&server.url())
        .writing("http://127.0.0.2:9")
        .env("http_proxy", &proxy.url());
    assert_eq!(elsewhere.run(&["sync"]).code, Some(3));
    assert_eq!(proxy.heads().len(), 0);

    let other = Agent::between(&[&server], &prometheus).args(&["--user-id", "other"]);
    let with_proxy = format!("[remote-write]\nproxy-url = '{}'", proxy.url());
    other.write_settings(&format!("{with_proxy}\nno-proxy = 'a.test, 127.0.0.1'"));
    other.sync();
    assert_eq!(proxy.heads().len(), 0);

    let third = Agent::between(&[&server], &prometheus).args(&["--user-id", "third"]);
    third.write_settings(&with_proxy.replace("//", "//ada:hunter2@"));
    let log = third.env("LOG_LEVEL", "trace").sync().log;
    for secret in ["hunter2", "YWRhOmh1bnRlcjI="] {
        assert!(!log.contains(secret), "{log}");
    }
    let heads = proxy.heads();
    assert_eq!(heads.len(), 1);
    assert!(
        heads[0].starts_with(&format!("POST {url}/api/v1/write HTTP/1.1\r\n")),
        "{heads:?}"
    );
    let head = heads[0].to_ascii_lowercase();
    assert!(
        head.contains("\r\nproxy-authorization: basic ywrhomh1bnrlcji=\r\n"),
        "{head}"
    );
}

#[test]
fn the_environment_names_a_proxy_unless_the_settings_forbid_it() {
    let (server, prometheus) = hour::servers();
    let proxy = forwarding(&prometheus);
    let agent = Agent::new()
        .reading(&server.url())
        .writing("http://prometheus.test")
        .env("http_proxy", &proxy.url());
    agent.write_settings("remote-write.proxy-from-environment = false");
    let run = agent.run(&["sync"]);
    assert_eq!((run.code, proxy.heads().len()), (Some(3), 0));
    agent.write_settings("");
    hour::assert_brought_by(&agent, &prometheus);
    assert_eq!(proxy.heads().len(), 1);
}

#[test]
fn a_proxy_sees_nothing_of_what_is_encrypted() {
    let server = hour::server();
    let prometheus = Prometheus::start(PrometheusOptions {
        basic_auth: true,
        tls: Some(Tls::Server),
        out_of_order: Some("10000d"),
        ..PrometheusOptions::default()
    });
    let proxy = forwarding(&prometheus);
    let agent = Agent::new().reading(&server.url());
    agent.write_settings(&format!(
        "[remote-write]
        url = 'https://prometheus.test'
        basic-auth = {{ username = 'ada', password = 'lovelace' }}
        tls-config.ca-file = 'ca.pem'
        proxy-url = '{}'",
        proxy.url()
    ));
    let ca = agent.settings_file().with_file_name("ca.pem");
    fs::write(ca, &CERTIFICATES.ca).unwrap();
    hour::assert_brought_by(&agent, &prometheus);
    let heads = proxy.heads().concat().to_ascii_lowercase();
    assert!(
        heads.starts_with("connect prometheus.test:443 http/1.1\r\n"),
        "{heads}"
    );
    assert!(!heads.contains("authorization"), "{heads}");
}

#[test]
fn the_proxy_wants_a_password() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| {
        Verdict::Answer(407, "Proxy-Authenticate: Basic\r\n", "")
    });
    for url in ["http://prometheus.test", "https://prometheus.test"] {
        let agent = Agent::new().reading(&server.url()).writing(url);
        agent.write_settings(&format!("remote-write.proxy-url = '{}'", proxy.url()));
        let run = agent.run(&["sync"]);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        let complaint = complaint(&run, &[]);
        assert!(
            complaint
                .ends_with("hint: set user and password in `proxy-url` to what the proxy expects"),
            "{complaint}"
        );
    }
}
