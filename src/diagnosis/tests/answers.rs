use super::*;

#[test]
fn a_receiver_that_bears_everything_is_well() {
    for facts in [
        prometheus(),
        victoria_metrics(&[
            ("retentionPeriod", "100y"),
            ("dedup.minScrapeInterval", "1ms"),
        ]),
    ] {
        assert_eq!(of_receiver(&facts, new_history(1000 * DAY)), [""; 0]);
    }
}

#[test]
fn who_takes_samples_is_told_by_what_it_answers() {
    let silent = ReceiverFacts {
        written_to: None,
        asked: None,
        ..victoria_metrics(&[])
    };
    let unasked = ReceiverFacts {
        query: Err(QueryError::NoQueryApi {
            reason: String::new(),
        }),
        ..silent.clone()
    };
    let mimir = ReceiverFacts {
        flags: None,
        build: Some(BuildInfo {
            application: Some("Grafana Mimir".to_owned()),
            version: Some("2.14.0".to_owned()),
        }),
        ..prometheus()
    };
    for (facts, kind, name) in [
        (prometheus(), Kind::Prometheus, "Prometheus 3.5.3+ds1"),
        (
            victoria_metrics(&[]),
            Kind::VictoriaMetrics,
            "VictoriaMetrics",
        ),
        (silent, Kind::VictoriaMetrics, "VictoriaMetrics"),
        (
            unasked,
            Kind::Vmagent,
            "vmagent, or another relay of VictoriaMetrics",
        ),
        (
            victoria_metrics(&[("remoteWrite.url", "secret")]),
            Kind::Vmagent,
            "vmagent, or another relay of VictoriaMetrics",
        ),
        (mimir, Kind::Other, "Grafana Mimir 2.14.0"),
    ] {
        assert_eq!(facts.kind(), kind);
        let checks = receiver::checks(&facts, Ages::default(), now());
        assert_eq!(
            (checks[0].name, checks[0].found.as_str()),
            ("reachable", name)
        );
    }
}

#[test]
fn an_answer_to_the_empty_request_says_what_to_type() {
    let page = "<!doctype html><title>Welcome to the hotel</title>";
    for (outcome, expected) in [
        (
            unavailable(),
            "fail reachable: prometheus-url = \"http://127.0.0.1:9090\"",
        ),
        (
            answered(
                404,
                "remote write receiver needs to be enabled with --enable-feature=remote-write-receiver",
            ),
            "fail write path: --web.enable-remote-write-receiver",
        ),
        (answered(404, "404 page not found"), "fail write path:"),
        (
            answered(401, "Unauthorized"),
            "fail write path: [remote-write]\nbasic-auth = { username = \"ada\", password-file = \"prometheus.password\" }",
        ),
        (answered(302, ""), "fail write path:"),
        (answered(200, page), "fail write path:"),
        (answered(415, ""), "fail write path:"),
        (answered(400, "out of order"), "warn write path:"),
    ] {
        assert_eq!(
            of_receiver(&with_outcome(outcome), Ages::default()),
            [expected]
        );
    }
    // Whoever has given a password is not told to give one.
    let mut facts = with_outcome(answered(401, "Unauthorized"));
    facts.has_credentials = true;
    assert_eq!(of_receiver(&facts, Ages::default()), ["fail write path:"]);
}

#[test]
fn a_receiver_that_is_away_is_judged_no_further() {
    let facts = ReceiverFacts {
        window: Some(Duration::ZERO),
        ..with_outcome(unavailable())
    };
    let checks = receiver::checks(&facts, new_history(400 * DAY), now());
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].verdict, Verdict::Fail(Fault::Unreachable));
}

#[test]
fn who_can_read_along_is_told() {
    for (way, has_credentials, expected) in [
        (Way::Tls, true, ""),
        (Way::Here, true, ""),
        (Way::Plain, false, ""),
        (Way::Plain, true, "warn encryption:"),
        (
            Way::AnyCertificate,
            false,
            "warn encryption: [remote-write]\ntls-config.ca-file = \"ca.pem\"",
        ),
    ] {
        let facts = ReceiverFacts {
            way,
            has_credentials,
            ..prometheus()
        };
        assert_eq!(of_receiver(&facts, Ages::default()).join(""), expected);
    }
}

#[test]
fn a_receiver_that_cannot_be_asked_is_no_failure() {
    let facts = ReceiverFacts {
        query: Err(QueryError::NoQueryApi {
            reason: "404".to_owned(),
        }),
        flags: None,
        ..prometheus()
    };
    let expected = "warn query API: [remote-write]\nquery-url = \"http://127.0.0.1:9090/api/v1\"";
    assert_eq!(of_receiver(&facts, Ages::default()), [expected]);
}
