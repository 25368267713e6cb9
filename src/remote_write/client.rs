mod probe;

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use log::debug;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, Url};

use super::answer::Answer;
use super::error::ClientError;
use super::kind::is_victoria;
use super::no_answer;
use super::outcome::{Outcome, classify};
use super::transport::Transport;
use crate::message::one_line;
use crate::settings::{RemoteWrite, masked_url};

pub use probe::Probe;

/// How much of an answer is read. The reason stands at its beginning; a receiver that lists each bad sample can send
/// hundreds of kilobytes.
const MAX_REASON_BYTES: usize = 1024;

/// The headers that remote write 1.0 wants.
const HEADERS: [(&str, &str); 3] = [
    ("content-encoding", "snappy"),
    ("content-type", "application/x-protobuf"),
    ("x-prometheus-remote-write-version", "0.1.0"),
];

/// A little more than the minute for which VictoriaMetrics keeps a request waiting before it answers 503.
const PATIENT_TIMEOUT: Duration = Duration::from_secs(75);

/// Set from the second attempt on, as Prometheus does.
const RETRY_ATTEMPT: &str = "retry-attempt";

/// How an attempt to deliver a request ended.
#[derive(Debug)]
pub struct Attempt {
    /// What it means.
    pub outcome: Outcome,
    /// Whether it bears the mark of VictoriaMetrics; `None` if there was no answer.
    pub is_victoria: Option<bool>,
}

/// One destination. One request is under way at a time, so that samples arrive in order.
pub struct Client {
    transport: Transport,
    /// The address as it may be shown.
    shown: String,
    /// Why nothing could be taken last, until something is.
    reason: RefCell<Option<String>>,
}

impl Client {
    /// Returns a client for `destination`. Sends nothing yet, and reads none of the files that it names.
    pub fn new(destination: &RemoteWrite) -> Self {
        Self {
            shown: masked_url(&destination.url),
            reason: RefCell::default(),
            transport: Transport::new(destination.clone()),
        }
    }

    /// The address that requests go to, without any user or password.
    pub fn url(&self) -> &Url {
        &self.transport.destination().url
    }

    /// The address as it may be shown: a token may stand in its query.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Notes why nothing could be taken, or that something was; returns whether that is another reason than before.
    pub(super) fn is_new_reason(&self, reason: Option<&str>) -> bool {
        let before = self.reason.replace(reason.map(str::to_owned));
        before.as_deref() != reason
    }

    /// Returns a request to `url`, which is of the destination's host, with all that the settings say about requests to
    /// it: credentials, headers, time-out.
    ///
    /// # Errors
    /// Any [`ClientError`] but [`ClientError::Tls`].
    pub fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, ClientError> {
        self.transport.request(method, url)
    }

    /// Posts `body`, a snappy block, once. `attempt` counts from 0. An answer is waited for as long as the settings say;
    /// one of a receiver that `appends` for longer, until VictoriaMetrics gives up by itself and says so.
    ///
    /// Unless the receiver is known not to append, what is no answer of VictoriaMetrics itself says nothing of what it
    /// has stored.
    ///
    /// An answer that does not come, or not whole, is [`Outcome::Unavailable`]: the receiver may have stored the samples.
    pub async fn post(&self, body: &[u8], attempt: usize, appends: Option<bool>) -> Attempt {
        let mut request = match self.request(Method::POST, self.url().clone()) {
            Ok(request) => request.body(body.to_vec()),
            Err(error) => {
                return Attempt {
                    outcome: Outcome::NotSent(error),
                    is_victoria: None,
                };
            }
        };
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        if appends == Some(true) {
            let timeout = self.transport.destination().remote_timeout;
            request = request.timeout(timeout.max(PATIENT_TIMEOUT));
        }
        if attempt > 0 {
            request = request.header(RETRY_ATTEMPT, attempt);
        }
        let response = request.send().await;
        let headers = response.as_ref().ok().map(Response::headers);
        let is_victoria = headers.map(is_victoria);
        let outcome = match response {
            Ok(response) if appends != Some(false) && is_victoria == Some(false) => {
                unclear(outcome(response).await)
            }
            Ok(response) => outcome(response).await,
            Err(error) => no_answer::outcome(&error, &self.shown),
        };
        debug!("{}: {} bytes: {outcome:?}", self.shown, body.len());
        Attempt {
            outcome,
            is_victoria,
        }
    }
}

async fn outcome(mut response: Response) -> Outcome {
    let status = response.status().as_u16();
    let [retry_after, content_type, location] =
        [RETRY_AFTER, CONTENT_TYPE, LOCATION].map(|name| text(response.headers(), &name));
    let location = location.and_then(|location| response.url().join(&location).ok());
    let location = location.map(|url| one_line(&masked_url(&url), MAX_REASON_BYTES));
    let mut body = Vec::new();
    // The status says what became of the request; a reason that breaks off is still a reason.
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= MAX_REASON_BYTES {
            body.truncate(MAX_REASON_BYTES);
            break;
        }
    }
    let body = without_label_sets(&one_line(&String::from_utf8_lossy(&body), MAX_REASON_BYTES));
    let answer = Answer {
        status,
        body: &body,
        content_type: content_type.as_deref(),
        retry_after: retry_after.as_deref(),
        location: location.as_deref(),
    };
    classify(&answer, SystemTime::now())
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Returns what an answer means that came from something in front of the receiver.
fn unclear(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Unavailable {
            retry_after,
            reason,
            ..
        } => Outcome::Unavailable {
            maybe_stored: true,
            retry_after,
            reason,
        },
        outcome => outcome,
    }
}

/// Returns a receiver's words without the labels of the series that it may name: what somebody did is not for a log.
fn without_label_sets(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once('{') {
        kept += before;
        match after.split_once('}') {
            Some((labels, after)) if labels.contains('=') => {
                kept += "{…}";
                rest = after;
            }
            // Cut off in the middle.
            None if after.contains('=') => return kept + "{…",
            _ => {
                kept.push('{');
                rest = after;
            }
        }
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_receiver_lose_their_labels() {
        let cases = [
            (
                r#"series aw_window_seconds{app="vim", host="x"} is out of order"#,
                "series aw_window_seconds{…} is out of order",
            ),
            (r#"{"status":"error"}"#, r#"{"status":"error"}"#),
            (r#"cut off {app="vim"#, "cut off {…"),
            ("plain", "plain"),
        ];
        for (said, shown) in cases {
            assert_eq!(without_label_sets(said), shown);
        }
    }
}
