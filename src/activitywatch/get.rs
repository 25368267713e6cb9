//! The requests that the official client cannot make, or whose status it hides.

use std::time::{Duration, SystemTime};

use reqwest::header::{AUTHORIZATION, DATE, HeaderValue, LOCATION};
use reqwest::{RequestBuilder, Response, Url};

use crate::tls;

/// The client's own time-out.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long a query may take: the Python server needs seconds for a busy day.
const QUERY_TIMEOUT: Duration = Duration::from_mins(2);

/// What a server answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// What the server's clock said, in whole seconds.
    pub(super) date: Option<SystemTime>,
    /// Where a redirect leads, without userinfo and query: both can hold a token.
    pub(super) location: Option<Url>,
}

/// Makes requests to one server.
pub(super) struct Http(reqwest::Client);

impl Http {
    /// Returns what makes requests to the server at `url`.
    ///
    /// Loopback is never asked through a proxy, and nothing is asked where a redirect leads: the key is for one server.
    ///
    /// # Errors
    /// If the machine has no working TLS library.
    pub(super) fn new(url: &Url) -> Result<Self, reqwest::Error> {
        let mut client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            // Each request has a runtime of its own, and a connection ends with its runtime.
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none());
        let is_loopback = is_loopback(url);
        if is_loopback {
            client = client.no_proxy();
        }
        if let Some(tls) = tls::connector(url, is_loopback) {
            client = client.tls_backend_preconfigured(tls);
        }
        client.build().map(Self)
    }

    /// Returns the answer to a GET of `url`, whatever its status.
    ///
    /// Blocks, so it must not be called from asynchronous code.
    ///
    /// # Errors
    /// If there is no answer.
    pub(super) fn get(
        &self,
        url: &str,
        authorization: Option<HeaderValue>,
    ) -> Result<Reply, reqwest::Error> {
        exchange(self.0.get(url), authorization)
    }

    /// Returns the answer to a POST of a JSON `body` to `url`, whatever its status. Otherwise as [`Self::get`].
    ///
    /// # Errors
    /// If there is no answer.
    pub(super) fn post(
        &self,
        url: &str,
        body: String,
        authorization: Option<HeaderValue>,
    ) -> Result<Reply, reqwest::Error> {
        let request = self.0.post(url).timeout(QUERY_TIMEOUT);
        let request = request.header("content-type", "application/json");
        exchange(request.body(body), authorization)
    }
}

fn exchange(
    mut request: RequestBuilder,
    authorization: Option<HeaderValue>,
) -> Result<Reply, reqwest::Error> {
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system has a poller");
    runtime.block_on(async {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let date = response
            .headers()
            .get(DATE)
            .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        let location = location(&response);
        let body = response.bytes().await?.into();
        Ok(Reply {
            status,
            body,
            date,
            location,
        })
    })
}

fn location(response: &Response) -> Option<Url> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let mut url = response.url().join(location).ok()?;
    url.set_query(None);
    url.set_username("")
        .and_then(|()| url.set_password(None))
        .ok()?;
    Some(url)
}

/// Whether `url` names this very machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}
