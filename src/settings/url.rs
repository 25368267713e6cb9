//! Addresses of servers.

use std::net::IpAddr;

use reqwest::Url;

use super::{
    error::{Fault, Problem},
    secret::masked_address,
};

/// Parses an HTTP address.
pub(super) fn parse(key: &'static str, address: &str) -> Result<Url, Fault> {
    match Url::parse(address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Err(reason) if address.contains("://") => {
            let (url, reason) = (masked_address(address), reason.to_string());
            Err(Problem::Url { key, url, reason }.of(key))
        }
        // What lacks its scheme fails to parse, or not: in `desk:9090`, `desk` is one.
        Ok(_) | Err(_) => {
            let url = masked_address(address);
            let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            let suggestion = format!("http://{rest}");
            Err(Problem::Scheme {
                key,
                url,
                suggestion,
            }
            .of(key))
        }
    }
}

/// Whether `url` names this very machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(address: &str) -> String {
        parse("aw-url", address).unwrap_err().problem.to_string()
    }

    #[test]
    fn what_is_not_an_http_address_is_named_without_its_userinfo() {
        insta::assert_snapshot!(message("localhost:5600"), @"
        `aw-url`: `localhost:5600` does not begin with http:// or https://
        hint: write it like `http://localhost:5600`
        ");
        insta::assert_snapshot!(message("127.0.0.1:5600"), @"
        `aw-url`: `127.0.0.1:5600` does not begin with http:// or https://
        hint: write it like `http://127.0.0.1:5600`
        ");
        insta::assert_snapshot!(message("http://ada:hunter2@host:port"), @"
        `aw-url`: `http://***@host:port` is not a URL: invalid port number
        hint: a URL is a scheme, a host and maybe a port, as in `http://127.0.0.1:9090`
        ");
        insta::assert_snapshot!(message("ftp://ada:hunter2@host"), @"
        `aw-url`: `ftp://***@host` does not begin with http:// or https://
        hint: write it like `http://***@host`
        ");
    }

    #[test]
    fn this_machine_has_several_names() {
        for (host, expected) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.8.0.1", true),
            ("[::1]", true),
            ("10.0.0.1", false),
            ("localhost.lan", false),
        ] {
            let url = Url::parse(&format!("http://{host}:9090")).unwrap();
            assert_eq!(is_loopback(&url), expected, "{host}");
        }
    }
}
