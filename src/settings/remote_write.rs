//! Where samples are sent, and how the agent proves who it is; the words are Prometheus's own.

mod credentials;
mod error;
mod proxy;
mod shown;
mod source;
mod tables;
mod tls;

use std::{collections::BTreeMap, fmt, path::Path, time::Duration};

use percent_encoding::percent_decode_str;
use reqwest::Url;
use serde::Deserialize;

use super::{
    duration,
    error::{Fault, Problem},
    headers,
    one_or_many::one_or_many,
    relabel,
    secret::{Secret, masked_url},
    url,
};

use crate::metrics::relabel::{RelabelConfig, Rules};

pub use self::{
    credentials::{Authorization, BasicAuth},
    error::DestinationProblem,
    proxy::Proxy,
    source::{Place, SecretError, SecretSource},
    tls::TlsConfig,
};

use self::{
    credentials::{PartialAuthorization, PartialBasicAuth},
    tls::PartialTlsConfig,
};
pub(super) use self::{
    shown::shown,
    tables::{TABLE, key_in_table, resolve_all},
};

/// The key that names the address of the first destination, whichever of its two names was used.
const URL_KEY: &str = "prometheus-url";

/// Where Prometheus listens if nobody says otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:9090";

/// Where Prometheus and VictoriaMetrics take remote write.
const WRITE_PATH: &str = "/api/v1/write";

/// What the address of the query API begins with, where it is not told.
const QUERY_PATH: &str = "/api/v1";

/// Prometheus's own default of `remote_timeout`.
const DEFAULT_TIMEOUT: &str = "30s";

/// One destination of remote write.
#[derive(Clone, PartialEq)]
pub struct RemoteWrite {
    /// The address that requests are posted to, without userinfo.
    pub url: Url,
    /// Where what is stored can be asked about, without userinfo and without a slash at its end; `None` if nobody says.
    pub query_url: Option<Url>,
    /// User and password; never together with `authorization`.
    pub basic_auth: Option<BasicAuth>,
    /// A token; never together with `basic_auth`.
    pub authorization: Option<Authorization>,
    /// Further headers of each request, such as a tenant's name; each is valid and none is one of the agent's own.
    pub headers: BTreeMap<String, String>,
    /// Whom to trust, and the certificate to show.
    pub tls_config: TlsConfig,
    /// Which proxy requests take.
    pub proxy: Proxy,
    /// Whether a password or token may go out unencrypted.
    pub insecure_credentials: bool,
    /// How long a request may take; more than zero.
    pub remote_timeout: Duration,
    /// Rules on labels for this destination only, which come after those for all.
    pub relabel: Rules,
}

impl fmt::Debug for RemoteWrite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(shown(self)).finish()
    }
}

/// A table `[[remote-write]]` as written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table",
    rename_all = "kebab-case"
)]
pub struct PartialRemoteWrite {
    /// Address of the destination.
    pub url: Option<Secret>,
    /// Address of its query API.
    pub query_url: Option<Secret>,
    /// User and password.
    pub basic_auth: Option<PartialBasicAuth>,
    /// A token.
    pub authorization: Option<PartialAuthorization>,
    /// Further headers; a value may be a token.
    pub headers: Option<BTreeMap<String, Secret>>,
    /// Whom to trust, and the certificate to show.
    pub tls_config: Option<PartialTlsConfig>,
    /// Address of a proxy.
    pub proxy_url: Option<Secret>,
    /// Hosts that the proxy is not asked for.
    pub no_proxy: Option<String>,
    /// Whether the environment may name a proxy.
    pub proxy_from_environment: Option<bool>,
    /// Whether a password or token may go out unencrypted.
    pub insecure_credentials: Option<bool>,
    /// How long a request may take.
    pub remote_timeout: Option<String>,
    /// Rules on labels for this destination.
    #[serde(deserialize_with = "one_or_many")]
    pub relabel: Option<Vec<RelabelConfig>>,
}

/// Validates one destination at `address`, which `url_key` names. Relative paths begin at `directory`.
fn resolve(
    table: PartialRemoteWrite,
    (url_key, address): (&'static str, &str),
    directory: &Path,
) -> Result<RemoteWrite, Fault> {
    let (url, userinfo) = destination(url_key, address)?;
    let credentials = [
        (userinfo.is_some(), url_key),
        (table.basic_auth.is_some(), "remote-write.basic-auth"),
        (table.authorization.is_some(), "remote-write.authorization"),
    ];
    let mut credentials = credentials
        .into_iter()
        .filter_map(|(is_given, key)| is_given.then_some(key));
    let credentials_key = credentials.next();
    if credentials.next().is_some() {
        let key = if userinfo.is_some() { url_key } else { TABLE };
        return Err(Problem::TwoCredentials.of(key));
    }
    let basic_auth = table
        .basic_auth
        .map(|basic_auth| BasicAuth::resolve(basic_auth, directory))
        .transpose()?;
    let authorization = table
        .authorization
        .map(|authorization| Authorization::resolve(authorization, directory))
        .transpose()?;
    let extra = table.headers.unwrap_or_default();
    for (name, value) in &extra {
        headers::check_header(name, value)?;
    }
    let tls_config = TlsConfig::resolve(table.tls_config.unwrap_or_default(), directory)?;
    let from_environment = table.proxy_from_environment;
    let mut proxy = proxy::resolve(table.proxy_url.as_ref(), table.no_proxy, from_environment)?;
    if tls_config.server_name.is_some() {
        // A proxy would be asked for that name, which only we can lead to the host.
        if matches!(proxy, Proxy::Explicit { .. }) || from_environment == Some(true) {
            let key = "remote-write.tls-config.server-name";
            return Err(DestinationProblem::ServerNameByProxy.of(key));
        }
        proxy = Proxy::Direct;
    }
    let query_url = match &table.query_url {
        Some(address) => Some(query_api(address)?),
        None => derived_query_api(&url),
    };
    let insecure_credentials = table.insecure_credentials.unwrap_or(false);
    if let (Some(key), false) = (credentials_key, insecure_credentials) {
        for url in [Some(&url), query_url.as_ref()].into_iter().flatten() {
            check_encrypted(key, url, &proxy)?;
        }
    }
    let timeout = table.remote_timeout.as_deref().unwrap_or(DEFAULT_TIMEOUT);
    Ok(RemoteWrite {
        url,
        query_url,
        basic_auth: userinfo.or(basic_auth),
        authorization,
        headers: extra
            .into_iter()
            .map(|(name, value)| (name, value.expose().to_owned()))
            .collect(),
        tls_config,
        proxy,
        insecure_credentials,
        remote_timeout: duration::positive("remote-write.remote-timeout", timeout)?,
        relabel: relabel::rules("remote-write.relabel", table.relabel.unwrap_or_default())?,
    })
}

/// Checks that nobody on the way can read the credentials of `key`. If the receiver is here and the proxy is not, the way
/// is that to the proxy.
fn check_encrypted(key: &'static str, url: &Url, proxy: &Proxy) -> Result<(), Fault> {
    let way = match proxy {
        Proxy::Explicit { url: proxy, .. } if url.scheme() == "http" && url::is_loopback(url) => {
            proxy
        }
        _ => url,
    };
    if way.scheme() == "https" || url::is_loopback(way) {
        return Ok(());
    }
    let way = masked_url(way);
    Err(DestinationProblem::InsecureCredentials { key, way }.of(key))
}

/// Returns the address that requests are posted to, and what its userinfo said.
fn destination(key: &'static str, address: &str) -> Result<(Url, Option<BasicAuth>), Fault> {
    let mut url = url::parse(key, address)?;
    if url.path() == "/" {
        url.set_path(WRITE_PATH);
    }
    let has_userinfo = !url.username().is_empty() || url.password().is_some();
    let basic_auth = has_userinfo.then(|| {
        let password = decoded(url.password().unwrap_or_default());
        BasicAuth::of_userinfo(decoded(url.username()), password)
    });
    url.set_username("")
        .and_then(|()| url.set_password(None))
        .expect("an http URL has a host, and so can do without userinfo");
    Ok((url, basic_auth))
}

/// Returns the address of a query API that somebody has named.
fn query_api(address: &Secret) -> Result<Url, Fault> {
    const KEY: &str = "remote-write.query-url";
    let mut url = url::parse(KEY, address.expose())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Problem::QueryCredentials.of(KEY));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(if path.is_empty() { QUERY_PATH } else { &path });
    Ok(url)
}

/// Returns where the receiver at `write` answers queries, if its path tells: that of Prometheus and VictoriaMetrics, and
/// that of Mimir, which answers below another one.
fn derived_query_api(write: &Url) -> Option<Url> {
    let path = if let Some(before) = write.path().strip_suffix(WRITE_PATH) {
        format!("{before}{QUERY_PATH}")
    } else {
        let before = write.path().strip_suffix("/api/v1/push")?;
        format!("{before}/prometheus{QUERY_PATH}")
    };
    let mut url = write.clone();
    url.set_path(&path);
    Some(url)
}

fn decoded(userinfo: &str) -> String {
    percent_decode_str(userinfo)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests;
