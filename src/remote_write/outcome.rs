use std::time::{Duration, SystemTime};

use super::answer::Answer;
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

/// What to do about a redirect.
const REDIRECT_HINT: &str = "samples are not sent after a redirect; set `prometheus-url` to the final address, or log in first if this is the page of a network";

/// What to do about a page in place of an answer.
const PAGE_HINT: &str =
    "a web page answered; check `prometheus-url`, or log in first if this is the page of a network";

/// What to do about a proxy that does not let us through.
pub(super) const PROXY_HINT: &str =
    "set user and password in `proxy-url` to what the proxy expects";

/// Returns what an answer means.
///
/// A receiver's status alone does not tell: 400 stands for one old sample, for a request that is too large and for a
/// wrong path, and older versions answer 500 to what will never be taken. So the text decides where the status leaves
/// it open, and a text that nobody knows gives nothing up.
pub fn classify(answer: &Answer, now: SystemTime) -> Outcome {
    let status = answer.status;
    let text = answer.body.to_lowercase();
    let mentions = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_page = answer.is_page();
    let reason = answer.reason();
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
            retry_after: answer.wait(now),
            reason,
        },
        _ => Outcome::Misconfigured {
            hint: match status {
                300..=399 => REDIRECT_HINT,
                _ if is_page => PAGE_HINT,
                _ => hint(status, &text),
            },
            reason,
        },
    }
}

fn hint(status: u16, text: &str) -> &'static str {
    match status {
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
mod tests;
