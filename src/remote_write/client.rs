use std::time::SystemTime;

use log::debug;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response, Url};
use thiserror::Error;

use super::outcome::{Outcome, classify};
use crate::message::{innermost, one_line};
use crate::settings::{RemoteWrite, masked_url};

/// How much of an answer is read. The reason stands at its beginning; a receiver that lists each bad sample can send
/// hundreds of kilobytes.
const MAX_REASON_BYTES: usize = 1024;

mod headers {
    pub(super) const USER_AGENT: &str = concat!("aw-sync-agent/", env!("CARGO_PKG_VERSION"));
    /// What remote write 1.0 wants.
    pub(super) const OF_SAMPLES: [(&str, &str); 3] = [
        ("content-encoding", "snappy"),
        ("content-type", "application/x-protobuf"),
        ("x-prometheus-remote-write-version", "0.1.0"),
    ];
    /// Set from the second attempt on, as Prometheus does.
    pub(super) const RETRY_ATTEMPT: &str = "retry-attempt";
}

/// The settings of a destination that no client can be made of.
#[derive(Debug, Error)]
pub enum ClientError {
    /// A header cannot be sent.
    #[error(
        "remote-write header `{0}` has a name or a value that HTTP does not allow\nhint: see `[remote-write.headers]`"
    )]
    Header(String),
    /// The HTTP library does not start, for example because the machine has no certificates.
    #[error("the HTTP client does not start: {0}")]
    Start(#[source] reqwest::Error),
}

/// One destination. One request is under way at a time, so that samples arrive in order.
pub struct Client {
    http: reqwest::Client,
    url: Url,
    /// The address as it may be shown.
    shown: String,
    basic_auth: Option<(String, String)>,
}

impl Client {
    /// Returns a client for `destination`. Sends nothing yet.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub fn new(destination: &RemoteWrite) -> Result<Self, ClientError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &destination.headers {
            let invalid = |_| ClientError::Header(name.clone());
            let value =
                HeaderValue::from_str(value).map_err(|_| ClientError::Header(name.clone()))?;
            headers.insert(
                HeaderName::from_bytes(name.as_bytes()).map_err(invalid)?,
                value,
            );
        }
        if let Some(authorization) = &destination.authorization {
            let value = format!(
                "{} {}",
                authorization.scheme,
                authorization.credentials.expose()
            );
            let mut value = HeaderValue::from_str(&value)
                .map_err(|_| ClientError::Header("authorization".to_owned()))?;
            value.set_sensitive(true);
            headers.insert("authorization", value);
        }
        let http = reqwest::Client::builder()
            .user_agent(headers::USER_AGENT)
            .default_headers(headers)
            .timeout(destination.remote_timeout)
            // A redirected POST arrives as a GET, or somewhere the person never named.
            .redirect(Policy::none())
            .build()
            .map_err(ClientError::Start)?;
        let basic_auth = destination
            .basic_auth
            .as_ref()
            .map(|auth| (auth.username.clone(), auth.password.expose().to_owned()));
        Ok(Self {
            http,
            shown: masked_url(&destination.url),
            url: destination.url.clone(),
            basic_auth,
        })
    }

    /// The address that requests go to, without any user or password.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The address as it may be shown: a token may stand in its query.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Returns a request to `url` with all that the settings say about requests to the destination: credentials,
    /// headers, time-out.
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.http.request(method, url);
        match &self.basic_auth {
            Some((username, password)) => request.basic_auth(username, Some(password)),
            None => request,
        }
    }

    /// Posts `body`, a snappy block, once. `attempt` counts from 0.
    ///
    /// An answer that does not come, or not whole, is [`Outcome::Unavailable`]: the receiver may have stored the samples.
    pub async fn post(&self, body: &[u8], attempt: usize) -> Outcome {
        let mut request = self
            .request(Method::POST, self.url.clone())
            .body(body.to_vec());
        for (name, value) in headers::OF_SAMPLES {
            request = request.header(name, value);
        }
        if attempt > 0 {
            request = request.header(headers::RETRY_ATTEMPT, attempt);
        }
        let outcome = match request.send().await {
            Ok(response) => outcome(response).await,
            Err(error) => Outcome::Unavailable {
                maybe_stored: !error.is_connect(),
                retry_after: None,
                reason: why_unanswered(&error),
            },
        };
        debug!("{}: {} bytes: {outcome:?}", self.shown, body.len());
        outcome
    }
}

async fn outcome(mut response: Response) -> Outcome {
    let status = response.status().as_u16();
    let retry_after = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
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
    classify(status, &body, retry_after.as_deref(), SystemTime::now())
}

/// Returns why there is no answer, without the address, which stands in the message around it.
pub fn why_unanswered(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    innermost(error)
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
