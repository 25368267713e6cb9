use super::*;

#[test]
fn the_window_is_set_against_the_age_of_what_waits() {
    let yaml = |days| format!("storage:\n  tsdb:\n    out_of_order_time_window: {days}d");
    let sent = Ages {
        waiting_is_new: false,
        ..new_history(400 * DAY)
    };
    for (window, ages, expected) in [
        (3650 * DAY, new_history(400 * DAY), vec![]),
        (30 * DAY, new_history(29 * DAY), vec![]),
        // As old as `history` lets in, and a little older by now.
        (
            30 * DAY,
            new_history(30 * DAY + Duration::from_mins(1)),
            vec![],
        ),
        (
            Duration::ZERO,
            new_history(400 * DAY),
            vec![format!(
                "warn old samples: {} | history = \"1h\"",
                yaml(401)
            )],
        ),
        (
            30 * DAY,
            new_history(400 * DAY),
            vec![format!(
                "warn old samples: {} | history = \"720h\"",
                yaml(401)
            )],
        ),
        // What has begun to be sent goes on where it was, whatever `history` says.
        (
            Duration::ZERO,
            sent,
            vec![format!("warn old samples: {}", yaml(401))],
        ),
        (
            Duration::ZERO,
            new_history(HOUR),
            vec![format!("warn old samples: {}", yaml(30))],
        ),
        (
            Duration::ZERO,
            Ages::default(),
            vec![format!("warn old samples: {}", yaml(30))],
        ),
    ] {
        let facts = ReceiverFacts {
            window: Some(window),
            ..prometheus()
        };
        assert_eq!(of_receiver(&facts, ages), expected, "{window:?} {ages:?}");
    }
    // Nothing newer is there, so nothing is too old.
    let quiet = ReceiverFacts {
        window: Some(2 * HOUR),
        head_max: Some(now() - 400 * DAY),
        ..prometheus()
    };
    assert_eq!(of_receiver(&quiet, new_history(400 * DAY)), [""; 0]);
    let old = ReceiverFacts {
        window: Some(Duration::ZERO),
        build: Some(BuildInfo {
            application: None,
            version: Some("2.38.0".to_owned()),
        }),
        ..prometheus()
    };
    assert_eq!(of_receiver(&old, Ages::default()), ["warn old samples:"]);
}

#[test]
fn a_newest_sample_that_is_still_to_come_shuts_all_others_out() {
    for (window, ahead, expected) in [
        (Duration::ZERO, 2 * HOUR, "fail newest sample:"),
        (3650 * DAY, 2 * HOUR, "warn newest sample:"),
        (3650 * DAY, Duration::from_mins(4), ""),
    ] {
        let facts = ReceiverFacts {
            window: Some(window),
            head_max: Some(now() + ahead),
            ..prometheus()
        };
        let found = of_receiver(&facts, Ages::default());
        assert_eq!(found.first().map_or("", String::as_str), expected);
    }
}

#[test]
fn a_prometheus_that_only_passes_on_is_named() {
    for set in [
        flags(&[("agent", "true")]),
        flags(&[("enable-feature", "x,agent")]),
    ] {
        let facts = ReceiverFacts {
            flags: Some(set),
            ..prometheus()
        };
        assert_eq!(of_receiver(&facts, Ages::default()), ["warn mode:"]);
    }
}

#[test]
fn retention_is_set_against_history() {
    let of_prometheus = |kept: &str| {
        let retention = Some(kept.to_owned());
        ReceiverFacts {
            retention,
            ..prometheus()
        }
    };
    let of_victoria = |kept: &str| {
        victoria_metrics(&[
            ("retentionPeriod", kept),
            ("dedup.minScrapeInterval", "1ms"),
        ])
    };
    let long = new_history(400 * DAY);
    let prometheus_fix = "--storage.tsdb.retention.time=3650d";
    let victoria_fix = "-retentionPeriod=3650d";
    for (facts, ages, expected) in [
        (of_prometheus("15d"), long, Some((prometheus_fix, 15))),
        (
            of_prometheus("1y or 5GiB"),
            long,
            Some((prometheus_fix, 365)),
        ),
        (of_prometheus("5GiB"), long, None),
        (of_prometheus("15d"), new_history(15 * DAY), None),
        (of_prometheus("15d"), Ages::default(), None),
        (of_victoria("1"), long, Some((victoria_fix, 31))),
        (of_victoria("12"), long, Some((victoria_fix, 372))),
        (of_victoria("12"), new_history(370 * DAY), None),
        (of_victoria("1.5y"), long, None),
    ] {
        let expected =
            expected.map(|(fix, days)| format!("warn retention: {fix} | history = \"{days}d\""));
        assert_eq!(
            of_receiver(&facts, ages),
            Vec::from_iter(expected),
            "{facts:?}"
        );
    }
    let facts = victoria_metrics(&[("dedup.minScrapeInterval", "1ms")]);
    assert_eq!(of_receiver(&facts, long).len(), 1, "a month is the default");
}

#[test]
fn flags_of_victoria_metrics_that_lose_or_double_are_named() {
    let kept = ("retentionPeriod", "100y");
    let fix = "-dedup.minScrapeInterval=1ms";
    for (pairs, expected) in [
        (vec![kept], format!("warn duplicates: {fix}")),
        (
            vec![kept, ("dedup.minScrapeInterval", "0s")],
            format!("warn duplicates: {fix}"),
        ),
        (
            vec![kept, ("dedup.minScrapeInterval", "1m0s")],
            String::new(),
        ),
        (
            vec![kept, ("dedup.minScrapeInterval", "5m0s")],
            format!("fail duplicates: {fix}"),
        ),
        (
            vec![
                kept,
                ("dedup.minScrapeInterval", "1ms"),
                ("maxLabelsPerTimeseries", "6"),
            ],
            "fail labels: -maxLabelsPerTimeseries=30".to_owned(),
        ),
        (
            vec![
                kept,
                ("dedup.minScrapeInterval", "1ms"),
                ("maxLabelsPerTimeseries", "7"),
            ],
            String::new(),
        ),
        (
            vec![
                kept,
                ("dedup.minScrapeInterval", "1ms"),
                ("maxLabelValueLen", "512"),
            ],
            "fail labels: -maxLabelValueLen=1024".to_owned(),
        ),
    ] {
        let found = of_receiver(&victoria_metrics(&pairs), Ages::default());
        assert_eq!(found.join(""), expected, "{pairs:?}");
    }
    let hidden = ReceiverFacts {
        asked: None,
        written_to: None,
        ..victoria_metrics(&[])
    };
    assert_eq!(of_receiver(&hidden, Ages::default()).len(), 1);
    // Of one that only passes on, its own limits count, and the flags of whoever stores.
    let relayed = ReceiverFacts {
        written_to: Some(flags(&[
            ("remoteWrite.url", "secret"),
            ("maxLabelsPerTimeseries", "5"),
        ])),
        ..victoria_metrics(&[kept])
    };
    let expected = [
        "fail labels: -maxLabelsPerTimeseries=30".to_owned(),
        format!("warn duplicates: {fix}"),
    ];
    assert_eq!(of_receiver(&relayed, Ages::default()), expected);
}
