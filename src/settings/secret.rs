//! Text that must not reach a log, a terminal or an error message.

use std::fmt;

use reqwest::Url;
use serde::Deserialize;

const MASK: &str = "[redacted]";

/// A password, a token, or an address that can carry one; masked wherever it is formatted.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Returns the text itself; only for what goes over the wire or is parsed.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

/// Returns `url` with its userinfo and its query, if it has any, as `***`: both can hold a token.
pub fn masked_url(url: &Url) -> String {
    let mut masked = url.clone();
    if url.query().is_some() {
        masked.set_query(Some("***"));
    }
    let has_userinfo = !url.username().is_empty() || url.password().is_some();
    // Both setters fail only for a URL without a host, which has no userinfo either.
    if has_userinfo
        && masked
            .set_password(None)
            .and_then(|()| masked.set_username("***"))
            .is_err()
    {
        return MASK.to_owned();
    }
    masked.into()
}

/// Returns an address that is not a URL, with all that could be userinfo as `***`.
///
/// Everything up to the last `@` goes: where an address is malformed, nobody can say where its password ends.
pub(super) fn masked_address(text: &str) -> String {
    let Some((userinfo, rest)) = text.rsplit_once('@') else {
        return text.to_owned();
    };
    match userinfo.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://***@{rest}"),
        None => format!("***@{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_never_shows_the_secret() {
        let secret = Secret::from("hunter2");
        assert_eq!(
            format!("{secret} {secret:?} {:?}", Some(&secret)),
            "[redacted] [redacted] Some([redacted])"
        );
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn userinfo_is_masked_in_an_url() {
        for (url, masked) in [
            (
                "http://ada:pw@host:9090/a@b?c",
                "http://***@host:9090/a@b?***",
            ),
            ("http://token@host/", "http://***@host/"),
            ("http://:pw@host/", "http://***@host/"),
            ("http://host/a@b", "http://host/a@b"),
        ] {
            assert_eq!(masked_url(&Url::parse(url).unwrap()), masked);
        }
    }

    #[test]
    fn all_that_could_be_userinfo_is_masked_in_an_address() {
        for (text, masked) in [
            ("http://ada:p/w@d@host:x", "http://***@host:x"),
            ("ada:pw@host", "***@host"),
            ("host:9090", "host:9090"),
        ] {
            assert_eq!(masked_address(text), masked);
        }
    }
}
