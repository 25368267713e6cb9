//! A destination as it may be shown.

use super::{Place, Proxy, RemoteWrite, Secret, SecretSource, TABLE};
use crate::settings::{
    duration, masked_url,
    shown::{entry, nested, quoted, rules},
};

/// Returns each key of one destination with its value, both as the settings file would have them.
pub(in crate::settings) fn shown(destination: &RemoteWrite) -> Vec<(String, String)> {
    let mut entries = vec![entry(
        "prometheus-url",
        quoted(&masked_url(&destination.url)),
    )];
    entries.extend(
        destination
            .query_url
            .as_ref()
            .map(|url| nested(TABLE, "query-url", &masked_url(url))),
    );
    if let Some(basic_auth) = &destination.basic_auth {
        entries.push(match &basic_auth.username.place {
            // Who sends is no secret.
            Place::Inline(username) => entry(&basic_auth.username.key, quoted(username.expose())),
            Place::File(_) => source(&basic_auth.username),
        });
        entries.push(source(&basic_auth.password));
    }
    if let Some(authorization) = &destination.authorization {
        entries.push(nested(
            "remote-write.authorization",
            "type",
            &authorization.scheme,
        ));
        entries.push(source(&authorization.credentials));
    }
    // A header may be a token, and nothing in its name says so.
    let masked = |(name, value): (&String, &String)| {
        nested(
            "remote-write.headers",
            name,
            &Secret::from(value.as_str()).to_string(),
        )
    };
    entries.extend(destination.headers.iter().map(masked));
    entries.extend(tls_config(destination));
    entries.extend(proxy(&destination.proxy));
    entries.push(flag(
        "remote-write.insecure-credentials",
        destination.insecure_credentials,
    ));
    entries.push(nested(
        TABLE,
        "remote-timeout",
        &duration::text(destination.remote_timeout),
    ));
    entries.extend(rules("remote-write.relabel", &destination.relabel));
    entries
}

fn tls_config(RemoteWrite { tls_config, .. }: &RemoteWrite) -> Vec<(String, String)> {
    const TABLE: &str = "remote-write.tls-config";
    let identity = tls_config
        .identity
        .iter()
        .flat_map(|(cert, key)| [cert, key]);
    let sources = tls_config.ca.iter().chain(identity).map(source);
    let server_name = tls_config.server_name.iter();
    sources
        .chain(server_name.map(|name| nested(TABLE, "server-name", name)))
        .chain([
            flag(
                "remote-write.tls-config.insecure-skip-verify",
                tls_config.insecure_skip_verify,
            ),
            nested(TABLE, "min-version", tls_config.min_version_name()),
        ])
        .collect()
}

fn proxy(proxy: &Proxy) -> Vec<(String, String)> {
    const FROM_ENVIRONMENT: &str = "remote-write.proxy-from-environment";
    match proxy {
        Proxy::Environment => vec![flag(FROM_ENVIRONMENT, true)],
        Proxy::Direct => vec![flag(FROM_ENVIRONMENT, false)],
        Proxy::Explicit { url, no_proxy } => vec![
            nested(TABLE, "proxy-url", &masked_url(url)),
            nested(TABLE, "no-proxy", no_proxy),
        ],
    }
}

/// Returns a value by the path of its file, or masked: a certificate is no secret, but a page of it helps nobody.
fn source(source: &SecretSource) -> (String, String) {
    let value = match &source.place {
        Place::Inline(secret) => secret.to_string(),
        Place::File(path) => path.display().to_string(),
    };
    entry(&source.key, quoted(&value))
}

fn flag(key: &str, value: bool) -> (String, String) {
    entry(key, value.to_string())
}
