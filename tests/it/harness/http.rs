//! HTTP to the servers under test: every status is an answer, no proxy, no connection kept. By TLS any certificate will
//! do, and that of the tests is shown.

use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;
use ureq::http;

use super::certificates::CERTIFICATES;

static AGENT: LazyLock<ureq::Agent> = LazyLock::new(|| {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .max_idle_connections(0) // a server that was restarted would find the old connection dead
        .timeout_global(Some(Duration::from_mins(2)))
        .build()
        .into()
});

pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Reply {
    /// Returns the body of a 2xx answer; `what` was asked.
    ///
    /// # Panics
    /// On any other answer, which it shows.
    pub(super) fn json(self, what: &str) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{what}: HTTP {}: {}",
            self.status,
            self.body
        );
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{what}: {error}: {}", self.body))
    }
}

/// Sends one request, with `body` as JSON where there is one.
///
/// # Errors
/// When there was no HTTP answer, as from a server that is starting or stopped.
pub(super) fn request(
    method: &str,
    url: &str,
    authorization: Option<&str>,
    body: Option<&Value>,
) -> Result<Reply, ureq::Error> {
    let mut request = http::Request::builder().method(method).uri(url);
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    if url.starts_with("https://") {
        return by_tls(request.body(reqwest::Body::from(
            body.map(Value::to_string).unwrap_or_default(),
        ))?);
    }
    let answer = match body {
        Some(body) => AGENT.run(
            request
                .header("Content-Type", "application/json")
                .body(body.to_string())?,
        ),
        None => AGENT.run(request.body(())?),
    };
    read(answer?)
}

/// Posts `body`, said to be JSON.
///
/// # Errors
/// As [`request`].
pub(super) fn post_json(url: &str, body: &str) -> Result<Reply, ureq::Error> {
    read(
        AGENT
            .post(url)
            .header("Content-Type", "application/json")
            .send(body)?,
    )
}

/// Posts `body` as a remote write of plain HTTP.
///
/// # Errors
/// As [`request`].
pub(super) fn post_samples(url: &str, body: &[u8]) -> Result<Reply, ureq::Error> {
    let request = AGENT.post(url).header("Content-Encoding", "snappy");
    read(request.send(body)?)
}

/// Posts the fields of a form.
///
/// # Errors
/// As [`request`].
pub(super) fn post_form(
    url: &str,
    authorization: Option<&str>,
    fields: &[(&str, &str)],
) -> Result<Reply, ureq::Error> {
    if url.starts_with("https://") {
        let body = reqwest::Url::parse_with_params(url, fields).expect("the harness makes URLs");
        let mut request =
            http::Request::post(url).header("Content-Type", "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        let body = body.query().unwrap_or_default().to_owned();
        return by_tls(request.body(reqwest::Body::from(body))?);
    }
    let mut request = AGENT.post(url);
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    read(request.send_form(fields.iter().copied())?)
}

fn by_tls(request: http::Request<reqwest::Body>) -> Result<Reply, ureq::Error> {
    let client = &CERTIFICATES.client;
    let identity =
        reqwest::Identity::from_pkcs8_pem(client.certificate.as_bytes(), client.key.as_bytes())
            .expect("the harness makes certificates");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system has a poller");
    let answer = runtime.block_on(async {
        let client = reqwest::Client::builder()
            .no_proxy()
            .identity(identity)
            .tls_danger_accept_invalid_certs(true)
            .build()?;
        let answer = client.execute(request.try_into()?).await?;
        let status = answer.status().as_u16();
        let body = answer.text().await?;
        Ok(Reply { status, body })
    });
    answer.map_err(|error: reqwest::Error| ureq::Error::Other(error.into()))
}

fn read(mut answer: http::Response<ureq::Body>) -> Result<Reply, ureq::Error> {
    let status = answer.status().as_u16();
    // The default limit is 10 MB, less than a few weeks of events.
    let body = answer
        .body_mut()
        .with_config()
        .limit(u64::MAX)
        .read_to_string()?;
    Ok(Reply { status, body })
}
