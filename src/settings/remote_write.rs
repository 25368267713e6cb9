//! Where samples are sent, and how the agent proves who it is; the words are Prometheus's own.

use std::{collections::BTreeMap, fmt, time::Duration};

use percent_encoding::percent_decode_str;
use reqwest::Url;
use serde::Deserialize;

use super::{
    duration,
    error::{Fault, Problem},
    headers,
    secret::Secret,
    shown, url,
};

/// The key that names the address, whichever of its two names was used.
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
    /// How long a request may take; more than zero.
    pub remote_timeout: Duration,
}

impl fmt::Debug for RemoteWrite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_map()
            .entries(shown::remote_write(self))
            .finish()
    }
}

/// User and password.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table", rename_all = "kebab-case")]
pub struct BasicAuth {
    /// The user.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// The header `Authorization` in two parts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table", rename_all = "kebab-case")]
pub struct Authorization {
    /// The scheme, `Bearer` unless said otherwise.
    #[serde(rename = "type", default = "bearer")]
    pub scheme: String,
    /// The token.
    pub credentials: Secret,
}

fn bearer() -> String {
    "Bearer".to_owned()
}

/// A table `[[remote-write]]` as written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PartialRemoteWrite {
    /// Address of the destination.
    pub url: Option<Secret>,
    /// Address of its query API.
    pub query_url: Option<Secret>,
    /// User and password.
    pub basic_auth: Option<BasicAuth>,
    /// A token.
    pub authorization: Option<Authorization>,
    /// Further headers; a value may be a token.
    pub headers: Option<BTreeMap<String, Secret>>,
    /// How long a request may take.
    pub remote_timeout: Option<String>,
}

/// Validates one destination; `prometheus_url` comes before the table's own `url`.
pub(super) fn resolve(
    table: PartialRemoteWrite,
    prometheus_url: Option<&Secret>,
) -> Result<RemoteWrite, Fault> {
    let address = prometheus_url.or(table.url.as_ref());
    let (url, userinfo) = destination(address.map_or(DEFAULT_URL, Secret::expose))?;
    let credentials = [
        userinfo.is_some(),
        table.basic_auth.is_some(),
        table.authorization.is_some(),
    ];
    if credentials.into_iter().filter(|given| *given).count() > 1 {
        let key = if userinfo.is_some() {
            URL_KEY
        } else {
            "remote-write"
        };
        return Err(Problem::TwoCredentials.of(key));
    }
    if let Some(authorization) = &table.authorization {
        headers::check_authorization(authorization)?;
    }
    let extra = table.headers.unwrap_or_default();
    for (name, value) in &extra {
        headers::check_header(name, value)?;
    }
    let timeout = table.remote_timeout.as_deref().unwrap_or(DEFAULT_TIMEOUT);
    let query_url = match &table.query_url {
        Some(address) => Some(query_api(address)?),
        None => derived_query_api(&url),
    };
    Ok(RemoteWrite {
        url,
        query_url,
        basic_auth: userinfo.or(table.basic_auth),
        authorization: table.authorization,
        headers: extra
            .into_iter()
            .map(|(name, value)| (name, value.expose().to_owned()))
            .collect(),
        remote_timeout: duration::positive("remote-write.remote-timeout", timeout)?,
    })
}

/// Returns the address that requests are posted to, and what its userinfo said.
fn destination(address: &str) -> Result<(Url, Option<BasicAuth>), Fault> {
    let mut url = url::parse(URL_KEY, address)?;
    if url.path() == "/" {
        url.set_path(WRITE_PATH);
    }
    let has_userinfo = !url.username().is_empty() || url.password().is_some();
    let basic_auth = has_userinfo.then(|| BasicAuth {
        username: decoded(url.username()),
        password: decoded(url.password().unwrap_or_default()).into(),
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
mod tests {
    use super::*;

    fn with_url(url: &str) -> Result<RemoteWrite, String> {
        resolved(&format!("url = '{url}'"))
    }

    fn resolved(table: &str) -> Result<RemoteWrite, String> {
        resolve(toml::from_str(table).unwrap(), None)
            .map_err(|fault| format!("{} | {}", fault.key, fault.problem))
    }

    #[test]
    fn a_url_without_a_path_gets_the_write_path() {
        for (given, expected) in [
            ("http://host:9090", "http://host:9090/api/v1/write"),
            ("http://host:9090/", "http://host:9090/api/v1/write"),
            (
                "https://host?tenant=a",
                "https://host/api/v1/write?tenant=a",
            ),
            ("http://host/api/v1/push", "http://host/api/v1/push"),
            ("http://host/prefix/", "http://host/prefix/"),
        ] {
            assert_eq!(with_url(given).unwrap().url.as_str(), expected);
        }
    }

    #[test]
    fn the_query_api_is_where_the_path_says() {
        let queried = |table: &str| resolved(table).unwrap().query_url.map(String::from);
        for (written_to, asked) in [
            ("http://host:9090", Some("http://host:9090/api/v1")),
            (
                "http://ada:b@host/p/api/v1/write",
                Some("http://host/p/api/v1"),
            ),
            (
                "http://host/api/v1/write?t=a",
                Some("http://host/api/v1?t=a"),
            ),
            (
                "http://host/api/v1/push",
                Some("http://host/prometheus/api/v1"),
            ),
            ("http://host/api/v1/receive", None),
            ("http://host/write", None),
        ] {
            assert_eq!(queried(&format!("url = '{written_to}'")).as_deref(), asked);
        }
        for (told, asked) in [
            ("http://host:9091", "http://host:9091/api/v1"),
            (
                "http://host/select/0/prometheus/api/v1/",
                "http://host/select/0/prometheus/api/v1",
            ),
        ] {
            assert_eq!(
                queried(&format!("query-url = '{told}'")).as_deref(),
                Some(asked)
            );
        }
    }

    #[test]
    fn the_query_api_has_no_credentials_of_its_own() {
        insta::assert_snapshot!(message("query-url = 'http://ada:hunter2@host'"), @"
        remote-write.query-url | `remote-write.query-url` has a user or a password in it
        hint: remove them: queries are sent with the credentials of `remote-write`
        ");
    }

    #[test]
    fn userinfo_becomes_basic_auth() {
        let destination = with_url("http://ada:p%40ss@host").unwrap();
        let expected = BasicAuth {
            username: "ada".to_owned(),
            password: "p@ss".into(),
        };
        assert_eq!(destination.basic_auth, Some(expected));
        assert_eq!(destination.url.as_str(), "http://host/api/v1/write");
    }

    #[test]
    fn the_strongest_address_is_taken() {
        let table: PartialRemoteWrite = toml::from_str("url = 'http://table'").unwrap();
        let strong = Secret::from("http://flag");
        assert_eq!(
            resolve(table, Some(&strong)).unwrap().url.host_str(),
            Some("flag")
        );
    }

    #[test]
    fn a_token_is_a_bearer_token_unless_said_otherwise() {
        let destination = resolved("authorization.credentials = 'token'").unwrap();
        assert_eq!(destination.authorization.unwrap().scheme, "Bearer");
    }

    #[test]
    fn no_secret_is_shown_when_formatted() {
        let destination = resolved(
            "basic-auth = { username = 'ada', password = 'hunter2' }\nheaders = { X-Key = 'hunter2' }",
        )
        .unwrap();
        assert!(!format!("{destination:?}").contains("hunter2"));
    }

    fn message(table: &str) -> String {
        resolved(table).unwrap_err()
    }

    #[test]
    fn there_is_one_way_to_prove_who_is_sending() {
        insta::assert_snapshot!(message("url = 'http://ada@a'\nbasic-auth = { username = 'b', password = 'c' }"), @"
        prometheus-url | `remote-write` has more than one of userinfo in its URL, `basic-auth` and `authorization`
        hint: keep the one that the receiver expects
        ");
        for table in [
            "url = 'http://ada@a'\nauthorization.credentials = 'c'",
            "basic-auth = { username = 'b', password = 'c' }\nauthorization.credentials = 'c'",
        ] {
            assert!(message(table).contains("more than one"), "{table}");
        }
    }

    #[test]
    fn a_request_needs_time() {
        insta::assert_snapshot!(message("remote-timeout = '0s'"), @"
        remote-write.remote-timeout | `remote-write.remote-timeout`: `0s` is not a length of time: it must be more than zero
        hint: write a number with its unit, like `90s`, `5m`, `12h` or `30d`
        ");
    }
}
