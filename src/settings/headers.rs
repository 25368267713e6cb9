//! Headers that settings may add to a request.

use reqwest::header::{HeaderName, HeaderValue};

use super::{
    error::{Fault, Problem},
    secret::Secret,
};

/// Headers that remote write or HTTP itself defines; a second value would break the request.
const OWN_HEADERS: [&str; 9] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "user-agent",
    "x-prometheus-remote-write-version",
];

/// Checks that scheme and token make a header, and that `basic-auth` is used where it is meant. A token in a file is
/// checked when it is read.
pub(super) fn check_authorization(
    table: &str,
    scheme: &str,
    credentials: Option<&Secret>,
) -> Result<(), Fault> {
    if scheme.eq_ignore_ascii_case("basic") {
        return Err(Problem::BasicScheme.of(table));
    }
    let parts = [
        ("type", Some(scheme)),
        ("credentials", credentials.map(Secret::expose)),
    ];
    for (name, part) in parts {
        let Some(part) = part else { continue };
        let key = format!("{table}.{name}");
        if part.trim().is_empty() {
            return Err(Problem::Empty(key.clone()).of(key));
        }
        if HeaderValue::from_str(part).is_err() {
            return Err(Problem::NotAHeaderValue(key.clone()).of(key));
        }
    }
    Ok(())
}

/// Checks a header that is sent along; what the agent or HTTP sets itself is not for settings.
pub(super) fn check_header(name: &str, value: &Secret) -> Result<(), Fault> {
    let key = format!("remote-write.headers.{name}");
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(Problem::HeaderName(name.to_owned()).of(key));
    }
    if name.eq_ignore_ascii_case("authorization") {
        return Err(Problem::AuthorizationHeader.of(key));
    }
    if OWN_HEADERS.iter().any(|own| name.eq_ignore_ascii_case(own)) {
        return Err(Problem::HeaderTaken(name.to_owned()).of(key));
    }
    if HeaderValue::from_str(value.expose()).is_err() {
        return Err(Problem::NotAHeaderValue(key.clone()).of(key));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorization(scheme: &str, credentials: &str) -> String {
        let credentials = Secret::from(credentials);
        check_authorization("remote-write.authorization", scheme, Some(&credentials))
            .unwrap_err()
            .problem
            .to_string()
    }

    fn header(name: &str, value: &str) -> String {
        check_header(name, &Secret::from(value))
            .unwrap_err()
            .problem
            .to_string()
    }

    #[test]
    fn what_cannot_be_sent_in_a_header_is_named() {
        insta::assert_snapshot!(authorization("basic", "a"), @"
        `remote-write.authorization`: the type `Basic` has a key of its own
        hint: use `basic-auth` with `username` and `password`
        ");
        insta::assert_snapshot!(authorization("Bearer", ""), @"
        `remote-write.authorization.credentials` is empty
        hint: give it a value, or remove it
        ");
        insta::assert_snapshot!(authorization("Bearer", "hunter2\u{7f}"), @"
        `remote-write.authorization.credentials` has characters that a header cannot carry
        hint: look for a line break or a control character
        ");
        insta::assert_snapshot!(header("X Key", "a"), @"
        `remote-write.headers`: `X Key` is not a header name
        hint: use letters, digits and `-`, as in `X-Scope-OrgID`
        ");
        insta::assert_snapshot!(header("Authorization", "a"), @"
        `remote-write.headers`: `authorization` has a key of its own
        hint: use `authorization` or `basic-auth` of `remote-write`
        ");
        insta::assert_snapshot!(header("Content-Type", "a"), @"
        `remote-write.headers`: `Content-Type` is a header that the agent sets itself
        hint: remove it
        ");
        insta::assert_snapshot!(header("X-Key", "hunter2\n"), @"
        `remote-write.headers.X-Key` has characters that a header cannot carry
        hint: look for a line break or a control character
        ");
    }
}
