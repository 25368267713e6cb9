//! Whom the agent trusts, and the certificate that it shows.

use std::path::{Path, PathBuf};

use reqwest::{Url, tls::Version};
use serde::Deserialize;

use super::{DestinationProblem, Fault, Secret, SecretSource};

const TABLE: &str = "remote-write.tls-config";

/// Prometheus's names of the versions.
const VERSIONS: [(&str, Version); 4] = [
    ("TLS10", Version::TLS_1_0),
    ("TLS11", Version::TLS_1_1),
    ("TLS12", Version::TLS_1_2),
    ("TLS13", Version::TLS_1_3),
];

/// How a connection is secured.
#[derive(Clone, Debug, PartialEq)]
pub struct TlsConfig {
    /// The only certificates that may have signed the receiver's, in PEM; `None` trusts whom the system trusts.
    pub ca: Option<SecretSource>,
    /// The agent's own certificate with those that lead to its signer, and its key, in PEM.
    pub identity: Option<(SecretSource, SecretSource)>,
    /// The name that the receiver's certificate must have, in place of the host's in its address; a DNS name.
    pub server_name: Option<String>,
    /// Whether any certificate will do.
    pub insecure_skip_verify: bool,
    /// The oldest version of TLS that will do.
    pub min_version: Version,
}

/// The table `tls-config` as written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table",
    rename_all = "kebab-case"
)]
pub struct PartialTlsConfig {
    ca: Option<Secret>,
    ca_file: Option<PathBuf>,
    cert: Option<Secret>,
    cert_file: Option<PathBuf>,
    key: Option<Secret>,
    key_file: Option<PathBuf>,
    server_name: Option<String>,
    insecure_skip_verify: Option<bool>,
    min_version: Option<String>,
}

impl TlsConfig {
    pub(super) fn resolve(table: PartialTlsConfig, directory: &Path) -> Result<Self, Fault> {
        let part = |name, inline, file| {
            SecretSource::of(&format!("{TABLE}.{name}"), inline, file, directory)
        };
        let cert = part("cert", table.cert, table.cert_file)?;
        let key = part("key", table.key, table.key_file)?;
        let identity = match (cert, key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            (cert, _) => {
                let name = if cert.is_some() { "key" } else { "cert" };
                return Err(DestinationProblem::Missing { table: TABLE, name }.of(TABLE));
            }
        };
        Ok(Self {
            ca: part("ca", table.ca, table.ca_file)?,
            identity,
            server_name: table.server_name.map(dns_name).transpose()?,
            insecure_skip_verify: table.insecure_skip_verify.unwrap_or(false),
            min_version: version(table.min_version.as_deref())?,
        })
    }

    /// Whether it wants nothing but what any client does: to trust whom the system trusts, from TLS 1.2 on.
    pub fn is_usual(&self) -> bool {
        self.ca.is_none()
            && self.identity.is_none()
            && !self.insecure_skip_verify
            && self.min_version == Version::TLS_1_2
    }

    /// Returns Prometheus's name of the oldest version.
    pub fn min_version_name(&self) -> &'static str {
        let mut versions = VERSIONS.into_iter();
        versions
            .find_map(|(name, version)| (version == self.min_version).then_some(name))
            .unwrap_or("TLS12")
    }
}

/// Checks that `name` can stand in an address: that is how it gets into the handshake.
fn dns_name(name: String) -> Result<String, Fault> {
    let address = Url::parse(&format!("https://{name}/"));
    if address.is_ok_and(|url| url.domain() == Some(&name) && url.path() == "/") {
        return Ok(name);
    }
    Err(DestinationProblem::ServerName(name).of(format!("{TABLE}.server-name")))
}

/// Go's own default is 1.2, and so Prometheus's.
fn version(name: Option<&str>) -> Result<Version, Fault> {
    let name = name.unwrap_or("TLS12");
    let mut versions = VERSIONS.into_iter();
    versions
        .find_map(|(known, version)| (known == name).then_some(version))
        .ok_or_else(|| {
            DestinationProblem::TlsVersion(name.to_owned()).of(format!("{TABLE}.min-version"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(table: &str) -> String {
        TlsConfig::resolve(toml::from_str(table).unwrap(), Path::new("/dir"))
            .unwrap_err()
            .problem
            .to_string()
    }

    #[test]
    fn what_cannot_be_a_secure_connection_is_named() {
        insta::assert_snapshot!(message("cert-file = 'a'"), @"
        `remote-write.tls-config` has no `key`
        hint: add `key`, or `key-file` with the path of a file that holds it
        ");
        insta::assert_snapshot!(message("key = 'a'"), @"
        `remote-write.tls-config` has no `cert`
        hint: add `cert`, or `cert-file` with the path of a file that holds it
        ");
        insta::assert_snapshot!(message("ca = 'a'\nca-file = 'a'"), @"
        `remote-write.tls-config.ca` and `remote-write.tls-config.ca-file` are two places of one value
        hint: remove one of them
        ");
        insta::assert_snapshot!(message("min-version = '1.2'"), @"
        `remote-write.tls-config.min-version`: `1.2` is not a version
        hint: write one of TLS10, TLS11, TLS12, TLS13
        ");
        for name in ["10.0.0.1", "[::1]", "a:1", "a/b", "A.b", "u@a", ""] {
            let expected = format!("`{name}` is not a DNS name in lower case");
            let message = message(&format!("server-name = '{name}'"));
            assert!(message.contains(&expected), "{message}");
        }
    }

    #[test]
    fn tls_before_1_2_is_refused_unless_it_is_named() {
        let min = |table: &str| {
            let table = toml::from_str(table).unwrap();
            TlsConfig::resolve(table, Path::new("/dir")).unwrap()
        };
        assert_eq!(min("").min_version, Version::TLS_1_2);
        for (name, _) in VERSIONS {
            let table = format!("min-version = '{name}'");
            assert_eq!(min(&table).min_version_name(), name);
        }
    }
}
