//! The way to a receiver: TLS, proxies, and proof of who is sending.

use std::sync::{Mutex, PoisonError};

use native_tls::TlsConnector;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Method, NoProxy, RequestBuilder, Url};

use super::error::ClientError;
use super::no_answer::plain;
use super::pem::Pem;
use crate::message::innermost;
use crate::settings::{Proxy, RemoteWrite, is_loopback};
use crate::tls;

const USER_AGENT: &str = concat!("aw-sync-agent/", env!("CARGO_PKG_VERSION"));

/// Makes requests as the settings of a destination want them.
///
/// Files are read again for each request. They are small, and so a renewed password or certificate counts from the
/// next request on, whatever became of the one before.
pub(super) struct Transport {
    destination: RemoteWrite,
    made: Mutex<Option<Made>>,
}

/// An HTTP client, with what it was made of.
struct Made {
    pem: Pem,
    http: reqwest::Client,
}

impl Transport {
    pub(super) fn new(destination: RemoteWrite) -> Self {
        Self {
            destination,
            made: Mutex::new(None),
        }
    }

    /// The settings that it goes by.
    pub(super) fn destination(&self) -> &RemoteWrite {
        &self.destination
    }

    /// Returns a request to `url`, which is of the destination's host, with all that the settings put on it. Sends
    /// nothing yet.
    ///
    /// # Errors
    /// Any [`ClientError`] but [`ClientError::Tls`].
    pub(super) fn request(
        &self,
        method: Method,
        mut url: Url,
    ) -> Result<RequestBuilder, ClientError> {
        let http = self.http()?;
        let destination = &self.destination;
        let mut headers = extra_headers(destination)?;
        if let Some(name) = &destination.tls_config.server_name {
            headers.insert(HOST, host(&url)?);
            // The handshake takes the name from the address, and `Named` leads it back to the host.
            url.set_host(Some(name))
                .expect("a DNS name, which settings check, can be the host of an http URL");
        }
        if let Some(authorization) = &destination.authorization {
            let scheme = &authorization.scheme;
            let credentials = authorization.credentials.read()?;
            let value = secret_header(&format!("{scheme} {}", credentials.expose()))
                .ok_or_else(|| ClientError::Header(authorization.credentials.to_string()))?;
            headers.insert(AUTHORIZATION, value);
        }
        let mut request = http.request(method, url).headers(headers);
        if let Some(basic_auth) = &destination.basic_auth {
            let username = basic_auth.username.read()?;
            let password = basic_auth.password.read()?;
            request = request.basic_auth(username.expose(), Some(password.expose()));
        }
        Ok(request)
    }

    /// Returns the HTTP client, a new one if certificates have changed: the old one's connections were made with the
    /// old ones.
    fn http(&self) -> Result<reqwest::Client, ClientError> {
        let pem = Pem::read(&self.destination.tls_config)?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Made { http, .. }) = made.as_ref().filter(|made| made.pem == pem) {
            return Ok(http.clone());
        }
        if made.is_some() {
            log::info!("certificates have changed; connecting anew");
        }
        let http = self.make(&pem)?;
        *made = Some(Made {
            pem,
            http: http.clone(),
        });
        Ok(http)
    }

    /// Returns the TLS that need not be made for this destination alone; `None` if it wants its own.
    fn ready_made(&self) -> Option<TlsConnector> {
        let RemoteWrite {
            url,
            tls_config,
            proxy,
            ..
        } = &self.destination;
        if !tls_config.is_usual() {
            return None;
        }
        let is_direct = match proxy {
            Proxy::Environment => is_loopback(url),
            Proxy::Direct => true,
            Proxy::Explicit { .. } => false,
        };
        tls::connector(url, is_direct)
    }

    fn make(&self, pem: &Pem) -> Result<reqwest::Client, ClientError> {
        let start = |error| ClientError::Start(plain(&innermost(&error)));
        let RemoteWrite {
            url,
            tls_config,
            proxy,
            remote_timeout,
            ..
        } = &self.destination;
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .timeout(*remote_timeout)
            // A redirected POST arrives as a GET, or somewhere the person never named.
            .redirect(Policy::none())
            .tls_version_min(tls_config.min_version)
            .tls_danger_accept_invalid_certs(tls_config.insecure_skip_verify);
        builder = pem.trusted(builder, tls_config)?;
        if let Some(tls) = self.ready_made() {
            builder = builder.tls_backend_preconfigured(tls);
        }
        match proxy {
            Proxy::Environment if !is_loopback(url) => {}
            Proxy::Environment | Proxy::Direct => builder = builder.no_proxy(),
            Proxy::Explicit { url, no_proxy } => {
                let proxy = reqwest::Proxy::all(url.clone()).map_err(start)?;
                builder = builder.proxy(proxy.no_proxy(NoProxy::from_string(no_proxy)));
            }
        }
        if let (Some(_), Some(host)) = (&tls_config.server_name, url.host_str()) {
            builder = builder.dns_resolver(Named {
                host: host.trim_matches(['[', ']']).to_owned(),
            });
        }
        builder.build().map_err(start)
    }
}

/// Finds one host, whatever name is asked for.
struct Named {
    host: String,
}

impl Resolve for Named {
    fn resolve(&self, _name: Name) -> Resolving {
        let host = self.host.clone();
        Box::pin(async move {
            // The port of the URL is used in place of 0.
            let found = tokio::net::lookup_host((host, 0)).await?;
            let addresses: Addrs = Box::new(found.collect::<Vec<_>>().into_iter());
            Ok(addresses)
        })
    }
}

fn extra_headers(destination: &RemoteWrite) -> Result<HeaderMap, ClientError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &destination.headers {
        let invalid = || ClientError::Header(format!("`remote-write.headers.{name}`"));
        headers.insert(
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?,
            secret_header(value).ok_or_else(invalid)?,
        );
    }
    Ok(headers)
}

/// Returns a header that is not shown where requests are logged.
fn secret_header(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Returns what the header `Host` says of an address.
fn host(url: &Url) -> Result<HeaderValue, ClientError> {
    let host = url.host_str().unwrap_or_default();
    let host = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    HeaderValue::from_str(&host).map_err(|_| ClientError::Header("`prometheus-url`".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use reqwest::tls::Version;

    use super::*;
    use crate::metrics::Rules;
    use crate::settings::TlsConfig;

    fn named(url: &str) -> Transport {
        Transport::new(RemoteWrite {
            url: Url::parse(url).unwrap(),
            query_url: None,
            basic_auth: None,
            authorization: None,
            headers: BTreeMap::from([("X-Key".to_owned(), "hunter2".to_owned())]),
            tls_config: TlsConfig {
                ca: None,
                identity: None,
                server_name: Some("prometheus.test".to_owned()),
                insecure_skip_verify: false,
                min_version: Version::TLS_1_2,
            },
            proxy: Proxy::Direct,
            insecure_credentials: false,
            remote_timeout: Duration::from_secs(1),
            relabel: Rules::default(),
        })
    }

    #[test]
    fn a_server_name_changes_whom_to_trust_and_not_whom_to_ask() {
        for (url, asked) in [
            ("https://10.0.0.5:9090/write", "10.0.0.5:9090"),
            ("https://[::1]/write", "[::1]"),
        ] {
            let transport = named(url);
            let url = transport.destination().url.clone();
            let request = transport
                .request(Method::POST, url)
                .unwrap()
                .build()
                .unwrap();
            assert_eq!(request.headers()[HOST], asked);
            assert_eq!(request.url().host_str(), Some("prometheus.test"));
            assert_eq!(request.url().path(), "/write");
        }
    }

    #[test]
    fn headers_that_may_be_tokens_are_not_shown_when_formatted() {
        let transport = named("https://10.0.0.5/write");
        let request = transport.request(Method::POST, transport.destination().url.clone());
        let request = request.unwrap().build().unwrap();
        assert_eq!(request.headers()["X-Key"], "hunter2");
        assert!(!format!("{request:?}").contains("hunter2"));
    }
}
