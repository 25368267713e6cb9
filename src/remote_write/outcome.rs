use std::time::{Duration, SystemTime};

use super::error::ClientError;

/// What became of a request, as far as its sender has to act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered,
    /// Nobody could take it now: send the same bytes again, not before `retry_after` if that is set.
    Unavailable {
        /// Whether the receiver may have stored it all the same: the answer got lost, or came from something in
        /// between. An answer of its own means that it has stored nothing.
        maybe_stored: bool,
        /// What the receiver wishes.
        retry_after: Option<Duration>,
        /// What happened.
        reason: String,
    },
    /// The receiver takes nothing as old as this.
    TooOld {
        /// Whether it takes late samples at all: then what is a little newer can be tried without harm to what is
        /// older. Otherwise it refuses all that is an hour behind its newest sample.
        takes_late: bool,
        /// The receiver's words.
        reason: String,
    },
    /// The receiver finds fault with a sample, and has stored none.
    Refused {
        /// Whether this is how Prometheus refuses what it has, when it keeps no out-of-order window. Only of use for
        /// bytes that were sent before: it takes or refuses a request as a whole, so the first sample that is there
        /// already says that all are.
        says_stored_before: bool,
        /// Whether the fault lies in the labels, so that no sample of the same series is taken either.
        is_of_series: bool,
        /// The receiver's words.
        reason: String,
    },
    /// Nothing is wrong but the size: send less at once.
    TooLarge {
        /// The receiver's words.
        reason: String,
    },
    /// Nothing has reached the receiver, and nothing will: a person has to act.
    NotSent(ClientError),
    /// This is no receiver, or it does not let us in: a person has to act.
    Misconfigured {
        /// The receiver's words.
        reason: String,
        /// What the person can do.
        hint: &'static str,
    },
}

/// Samples that come too late, in the words of Prometheus and of Mimir.
const TOO_OLD: &[&str] = &[OUT_OF_BOUNDS, "too old sample", "timestamp-too-old"];

/// What Prometheus says that keeps no out-of-order window.
const OUT_OF_BOUNDS: &str = "out of bounds";

/// Samples that are there already or come after newer ones.
const ORDER: &[&str] = &[
    "out of order",
    "out-of-order",
    "duplicate sample",
    "duplicate-timestamp",
];

/// Other faults of a sample, as Prometheus, Mimir, Thanos and VictoriaMetrics word them.
const FAULTS: &[&str] = &["too far in the future", "invalid sample"];

/// Faults of a series.
const SERIES_FAULTS: &[&str] = &["label", "max series", "max-series", "maximum active series"];

/// What to do about a proxy that does not let us through.
pub(super) const PROXY_HINT: &str =
    "set user and password in `proxy-url` to what the proxy expects";

/// Returns what an answer means. `body` is its beginning, `retry_after` the header of that name, as it came.
///
/// A receiver's status alone does not tell: 400 stands for one old sample, for a request that is too large and for a
/// wrong path, and older versions answer 500 to what will never be taken. So the text decides where the status leaves
/// it open, and a text that nobody knows gives nothing up.
pub fn classify(status: u16, body: &str, retry_after: Option<&str>, now: SystemTime) -> Outcome {
    let text = body.to_lowercase();
    let mentions = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let reason = if body.trim().is_empty() {
        format!("HTTP {status}")
    } else {
        format!("HTTP {status}: {}", body.trim())
    };
    // The words of a web page are nobody's words about a sample.
    let is_page = mentions(&["<html", "<!doctype"]);
    let names_fault =
        |words| !is_page && matches!(status, 400 | 409 | 422 | 500..=599) && mentions(words);
    match status {
        200..=299 if !is_page => Outcome::Delivered,
        413 => Outcome::TooLarge { reason },
        _ if names_fault(TOO_OLD) && !mentions(&["too far in the future"]) => Outcome::TooOld {
            takes_late: !text.contains(OUT_OF_BOUNDS),
            reason,
        },
        _ if names_fault(ORDER) => Outcome::Refused {
            says_stored_before: matches!(status, 400 | 409),
            is_of_series: false,
            reason,
        },
        _ if names_fault(SERIES_FAULTS) => Outcome::Refused {
            says_stored_before: false,
            is_of_series: true,
            reason,
        },
        _ if names_fault(FAULTS) => Outcome::Refused {
            says_stored_before: false,
            is_of_series: false,
            reason,
        },
        400 if !is_page && mentions(&["too big", "too large", "exceeds"]) => {
            Outcome::TooLarge { reason }
        }
        408 | 429 | 500..=599 => Outcome::Unavailable {
            maybe_stored: matches!(status, 408 | 502 | 504),
            retry_after: retry_after.and_then(|value| parse_retry_after(value, now)),
            reason,
        },
        _ => Outcome::Misconfigured {
            hint: if is_page {
                "a web page answered; check `prometheus-url`"
            } else {
                hint(status, &text)
            },
            reason,
        },
    }
}

/// Reads `Retry-After`, seconds or an HTTP date (RFC 9110 §10.2.3); a date that has passed is no wait.
fn parse_retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value.trim()).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

fn hint(status: u16, text: &str) -> &'static str {
    match status {
        300..=399 => "this address leads elsewhere; set `prometheus-url` to the final one",
        401 | 403 => {
            "set `basic-auth` or `authorization` under `[remote-write]` to what the receiver expects"
        }
        407 => PROXY_HINT,
        400 if text.contains("http request to an https server") => {
            "the receiver speaks TLS at this port; write https:// in `prometheus-url`"
        }
        404 if text.contains("remote-write-receiver") || text.contains("remote write receiver") => {
            "start Prometheus with `--web.enable-remote-write-receiver`"
        }
        404 => {
            "check the path of `prometheus-url`: Prometheus takes `/api/v1/write`, Mimir `/api/v1/push`"
        }
        405 | 415 => "this is no remote-write 1.0 endpoint; check the path of `prometheus-url`",
        _ => "check that `prometheus-url` is a remote-write 1.0 endpoint",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(status: u16, body: &str) -> &'static str {
        match classify(status, body, None, SystemTime::UNIX_EPOCH) {
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
            assert_eq!(class(status, body), expected, "{status} {body}");
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
            let Outcome::Unavailable { retry_after, .. } = classify(429, "", header, now) else {
                unreachable!("429")
            };
            assert_eq!(retry_after, seconds.map(Duration::from_secs), "{header:?}");
        }
    }

    #[test]
    fn the_receivers_own_words_are_kept() {
        let outcome = classify(401, "Unauthorized\n", None, SystemTime::UNIX_EPOCH);
        let Outcome::Misconfigured { reason, hint } = outcome else {
            unreachable!("401")
        };
        assert_eq!(reason, "HTTP 401: Unauthorized");
        assert!(hint.contains("basic-auth"));
    }
}
