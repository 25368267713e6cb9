use crate::settings::{error, error::Fault};

/// What is wrong with the table `remote-write` beside what any setting can be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DestinationProblem {
    /// A value of which only one half is there.
    #[error(
        "`{table}` has no `{name}`\n\
         hint: add `{name}`, or `{name}-file` with the path of a file that holds it"
    )]
    Missing {
        /// The table.
        table: &'static str,
        /// The key that it lacks.
        name: &'static str,
    },
    /// A further destination without an address.
    #[error(
        "table {0} of `remote-write` has no `url`\n\
         hint: add it: `prometheus-url` is the address of the first table only"
    )]
    NoUrl(usize),
    /// Two destinations with one address.
    #[error(
        "`{url}` is the address of two destinations\n\
         hint: remove one of them; `prometheus-url`, by flag and variable too, takes the place of the first one's `url`"
    )]
    SameUrl {
        /// The address, without what may be a secret.
        url: String,
    },
    /// A value that stands in the settings and in a file.
    #[error("`{0}` and `{0}-file` are two places of one value\nhint: remove one of them")]
    TwoPlaces(String),
    /// A password or a token that anybody on the way could read.
    #[error(
        "`{key}`: {way} is not encrypted, so whoever is on the way could read the password or token\n\
         hint: use https://, or, if that network is safe, set `insecure-credentials = true` under `[remote-write]`"
    )]
    InsecureCredentials {
        /// The key that sets the password or token.
        key: &'static str,
        /// Where they would go, without userinfo.
        way: String,
    },
    /// A name that no address can hold.
    #[error(
        "`remote-write.tls-config.server-name`: `{0}` is not a DNS name in lower case\n\
         hint: write it as the receiver's certificate has it, without scheme and port"
    )]
    ServerName(String),
    /// A server's name together with a proxy.
    #[error(
        "`remote-write.tls-config.server-name` and a proxy do not go together\n\
         hint: write a `url` with the name that the receiver's certificate has"
    )]
    ServerNameByProxy,
    /// Not a version of TLS.
    #[error(
        "`remote-write.tls-config.min-version`: `{0}` is not a version\n\
         hint: write one of TLS10, TLS11, TLS12, TLS13"
    )]
    TlsVersion(String),
    /// Two ways to name a proxy.
    #[error(
        "`remote-write.proxy-url` and `remote-write.proxy-from-environment` do not go together\n\
         hint: remove one of them"
    )]
    TwoProxies,
    /// Exceptions to nothing.
    #[error(
        "`remote-write.no-proxy` goes only with `proxy-url`\n\
         hint: for the proxy of the environment, set the variable NO_PROXY"
    )]
    NoProxyAlone,
}

impl DestinationProblem {
    pub(super) fn of(self, key: impl Into<String>) -> Fault {
        error::Problem::Destination(self).of(key)
    }
}
