//! The way to a receiver.

use std::fmt;

use reqwest::Url;

use super::{DestinationProblem, Fault, Secret, masked_url, url};

/// Which proxy requests take.
#[derive(Clone, PartialEq)]
pub enum Proxy {
    /// That of `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, but never to a receiver on this machine.
    Environment,
    /// None, whatever the environment says.
    Direct,
    /// This one, also to a receiver on this machine.
    Explicit {
        /// Its address; may hold userinfo: show by [`masked_url`].
        url: Url,
        /// Hosts that it is not asked for, separated by commas, as in `NO_PROXY`; may be empty.
        no_proxy: String,
    },
}

impl fmt::Debug for Proxy {
    /// Formats what may be shown; the address of a proxy may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => formatter.write_str("Environment"),
            Self::Direct => formatter.write_str("Direct"),
            Self::Explicit { url, no_proxy } => formatter
                .debug_struct("Explicit")
                .field("url", &masked_url(url))
                .field("no_proxy", no_proxy)
                .finish(),
        }
    }
}

/// Validates `proxy-url`, `no-proxy` and `proxy-from-environment`.
pub(super) fn resolve(
    proxy_url: Option<&Secret>,
    no_proxy: Option<String>,
    from_environment: Option<bool>,
) -> Result<Proxy, Fault> {
    const KEY: &str = "remote-write.proxy-url";
    match (proxy_url, no_proxy, from_environment) {
        (Some(_), _, Some(true)) => {
            Err(DestinationProblem::TwoProxies.of("remote-write.proxy-from-environment"))
        }
        (Some(address), no_proxy, _) => Ok(Proxy::Explicit {
            url: url::parse(KEY, address.expose())?,
            no_proxy: no_proxy.unwrap_or_default(),
        }),
        (None, Some(_), _) => Err(DestinationProblem::NoProxyAlone.of("remote-write.no-proxy")),
        (None, None, Some(false)) => Ok(Proxy::Direct),
        (None, None, _) => Ok(Proxy::Environment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(
        proxy_url: Option<&str>,
        no_proxy: Option<&str>,
        from_environment: Option<bool>,
    ) -> String {
        let proxy_url = proxy_url.map(Secret::from);
        resolve(
            proxy_url.as_ref(),
            no_proxy.map(str::to_owned),
            from_environment,
        )
        .unwrap_err()
        .problem
        .to_string()
    }

    #[test]
    fn there_is_one_way() {
        insta::assert_snapshot!(message(Some("http://a"), None, Some(true)), @"
        `remote-write.proxy-url` and `remote-write.proxy-from-environment` do not go together
        hint: remove one of them
        ");
        insta::assert_snapshot!(message(None, Some("a"), None), @"
        `remote-write.no-proxy` goes only with `proxy-url`
        hint: for the proxy of the environment, set the variable NO_PROXY
        ");
        insta::assert_snapshot!(message(Some("socks5://ada:hunter2@a"), None, None), @"
        `remote-write.proxy-url`: `socks5://***@a` does not begin with http:// or https://
        hint: write it like `http://***@a`
        ");
    }
}
