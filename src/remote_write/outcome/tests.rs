use super::*;

fn said(status: u16, body: &str) -> Answer<'_> {
    Answer {
        status,
        body,
        ..Answer::default()
    }
}

fn class(answer: &Answer) -> &'static str {
    match classify(answer, SystemTime::UNIX_EPOCH) {
        Outcome::Delivered => "delivered",
        Outcome::Unavailable {
            maybe_stored: false,
            ..
        } => "unavailable",
        Outcome::Unavailable {
            maybe_stored: true, ..
        } => "unclear",
        Outcome::TooOld { .. } => "too old",
        Outcome::Refused { .. } => "refused",
        Outcome::TooLarge { .. } => "too large",
        Outcome::Misconfigured { .. } => "misconfigured",
        Outcome::NotSent(_) => "not sent",
    }
}

#[test]
fn answers_of_real_receivers_are_told_apart() {
    let cases = [
        // Prometheus
        (204, "", "delivered"),
        (200, "", "delivered"),
        (
            200,
            "<!doctype html><title>Welcome to the hotel</title>",
            "misconfigured",
        ),
        (400, "out of order sample", "refused"),
        (400, "out of bounds", "too old"),
        (
            400,
            "out of bounds: timestamp is too far in the future",
            "refused",
        ),
        (400, "too old sample", "too old"),
        (500, "too old sample", "too old"),
        (400, "duplicate sample for timestamp", "refused"),
        (500, "empty labelset: invalid sample", "refused"),
        (
            500,
            r#"label name "a" is not unique: invalid sample"#,
            "refused",
        ),
        (400, "snappy: corrupt input", "misconfigured"),
        (400, "proto: illegal wireType 7", "misconfigured"),
        (
            400,
            "snappy: decoded length 36700160 exceeds limit 33554432",
            "too large",
        ),
        (
            404,
            "remote write receiver needs to be enabled with --web.enable-remote-write-receiver",
            "misconfigured",
        ),
        (404, "404 page not found", "misconfigured"),
        (405, "", "misconfigured"),
        (415, "", "misconfigured"),
        (500, "no space left on device", "unavailable"),
        // VictoriaMetrics
        (
            400,
            "unsupported path requested: \"/write\"",
            "misconfigured",
        ),
        (
            400,
            "too big packed request; mustn't exceed `-maxInsertRequestSize=33554432` bytes",
            "too large",
        ),
        (
            503,
            "cannot handle more than 8 concurrent inserts during 1m0s",
            "unavailable",
        ),
        // Mimir and Thanos
        (
            400,
            "received a series whose number of labels exceeds the limit; max label names per series",
            "refused",
        ),
        (422, "max series per user exceeded", "refused"),
        (
            409,
            "store locally for endpoint : conflict: out of order",
            "refused",
        ),
        (
            400,
            "out-of-order samples are not allowed (err-mimir-sample-out-of-order)",
            "refused",
        ),
        (
            400,
            "its timestamp is too old (err-mimir-sample-timestamp-too-old)",
            "too old",
        ),
        // what stands in between
        (301, "", "misconfigured"),
        (302, "<html>Log in to this network</html>", "misconfigured"),
        (400, "<html>Bad Request</html>", "misconfigured"),
        (502, "<html><label>Bad Gateway</label></html>", "unclear"),
        (400, "", "misconfigured"),
        (401, "Unauthorized", "misconfigured"),
        (403, "", "misconfigured"),
        (408, "", "unclear"),
        (413, "", "too large"),
        (429, "", "unavailable"),
        (502, "<html>Bad Gateway</html>", "unclear"),
        (503, "", "unavailable"),
        (504, "", "unclear"),
        (599, "", "unavailable"),
        (600, "", "misconfigured"),
    ];
    for (status, body, expected) in cases {
        assert_eq!(class(&said(status, body)), expected, "{status} {body}");
    }
}

#[test]
fn the_wish_for_a_later_retry_is_read_in_both_forms() {
    let now = httpdate::parse_http_date("Tue, 24 Nov 2026 12:00:00 GMT").unwrap();
    let cases = [
        (Some("120"), Some(120)),
        (Some(" 5 "), Some(5)),
        (Some("Tue, 24 Nov 2026 12:01:30 GMT"), Some(90)),
        (Some("Tue, 24 Nov 2026 11:00:00 GMT"), Some(0)),
        (Some("soon"), None),
        (Some("-1"), None),
        (Some("1.5"), None),
        (None, None),
    ];
    for (header, seconds) in cases {
        let answer = Answer {
            retry_after: header,
            ..said(429, "")
        };
        let Outcome::Unavailable { retry_after, .. } = classify(&answer, now) else {
            unreachable!("429")
        };
        assert_eq!(retry_after, seconds.map(Duration::from_secs), "{header:?}");
    }
}

#[test]
fn the_receivers_own_words_are_kept() {
    let outcome = classify(&said(401, "Unauthorized\n"), SystemTime::UNIX_EPOCH);
    let Outcome::Misconfigured { reason, hint } = outcome else {
        unreachable!("401")
    };
    assert_eq!(reason, "HTTP 401: Unauthorized");
    assert!(hint.contains("basic-auth"));
}
#[test]
fn a_page_is_known_by_its_text_or_by_what_it_is_said_to_be() {
    let cases = [
        ("<script>location = '/login'</script>", "misconfigured"),
        ("\u{feff} <meta http-equiv=refresh>", "misconfigured"),
        // What Flask says of anything.
        ("", "delivered"),
        ("OK", "delivered"),
    ];
    for (body, expected) in cases {
        let answer = Answer {
            content_type: Some("Text/HTML; charset=utf-8"),
            ..said(200, body)
        };
        assert_eq!(class(&answer), expected, "{body}");
    }
    assert_eq!(class(&said(200, "<ok/>")), "delivered");
}

#[test]
fn where_a_redirect_leads_is_told_in_place_of_its_page() {
    let answer = Answer {
        location: Some("https://other.test/api/v1/write"),
        ..said(308, "<html>Permanent Redirect</html>")
    };
    let outcome = classify(&answer, SystemTime::UNIX_EPOCH);
    let Outcome::Misconfigured { reason, hint } = outcome else {
        unreachable!("308")
    };
    assert_eq!(
        (reason.as_str(), hint),
        (
            "HTTP 308: it leads to https://other.test/api/v1/write",
            REDIRECT_HINT
        )
    );
}
