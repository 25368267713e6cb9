//! What it means that there is no answer.

use std::error::Error;
use std::iter::successors;

use super::error::ClientError;
use super::outcome::{Outcome, PROXY_HINT};
use crate::message::innermost;

const CA: &str = "set `tls-config.ca-file` under `[remote-write]` to the certificate of whoever signed the receiver's";
const SERVER_NAME: &str = "use the name that the receiver's certificate has in `prometheus-url`, or set `tls-config.server-name` under `[remote-write]` to it";
const RENEW: &str = "renew the receiver's certificate, or set the clock of this machine";
const IDENTITY: &str = "set `tls-config.cert-file` and `tls-config.key-file` under `[remote-write]` to a certificate that the receiver takes, and its key";
const VERSION: &str = "the two ends have no version of TLS in common; see `tls-config.min-version` under `[remote-write]`";
const PLAIN: &str =
    "the receiver does not speak TLS at this port; write http:// in `prometheus-url`";

/// What TLS libraries, and tunnels through a proxy, say of faults that stay until a person does something, the more special before the more general.
const FAULTS: [(&str, &str); 14] = [
    ("hostname mismatch", SERVER_NAME),
    ("IP address mismatch", SERVER_NAME),
    ("certificate has expired", RENEW),
    ("certificate is not yet valid", RENEW),
    ("certificate verify failed", CA),
    // What the other end says of ours.
    ("alert certificate", IDENTITY),
    ("alert bad certificate", IDENTITY),
    ("alert unknown ca", IDENTITY),
    ("alert protocol version", VERSION),
    ("unsupported protocol", VERSION),
    ("wrong version number", PLAIN),
    ("packet length too long", PLAIN),
    ("proxy authorization required", PROXY_HINT),
    // Systems whose TLS is not OpenSSL have other words, but for this one.
    ("certificate", CA),
];

/// Returns what became of a request to `shown` that ended in `error`.
pub fn outcome(error: &reqwest::Error, shown: &str) -> Outcome {
    if error.is_timeout() {
        return unavailable(error, "no answer in time".to_owned());
    }
    // The outermost repeats the address, which could be taken for a fault.
    match tls_fault(error.source()) {
        Some((reason, hint)) => Outcome::NotSent(ClientError::Tls {
            url: shown.to_owned(),
            reason,
            hint,
        }),
        None => unavailable(error, innermost(error)),
    }
}

fn unavailable(error: &reqwest::Error, reason: String) -> Outcome {
    Outcome::Unavailable {
        maybe_stored: !error.is_connect(),
        retry_after: None,
        reason,
    }
}

/// Returns what the TLS library says, and what can be done, if that is why there is no connection. No other sign tells
/// it from a receiver that is away, and the handshake comes before anything can be stored.
fn tls_fault(error: Option<&(dyn Error + 'static)>) -> Option<(String, &'static str)> {
    successors(error, |&error| error.source()).find_map(|error| {
        let text = error.to_string();
        let mut faults = FAULTS.iter();
        let (_, hint) = faults.find(|(words, _)| text.contains(words))?;
        Some((plain(&text), *hint))
    })
}

/// Returns the words of OpenSSL without its numbers and the places in its code: an error reads
/// `error:<number>:<library>:<function>:<words>:<file>:<line>:<more>`, with the certificate's fault in parentheses.
pub(super) fn plain(text: &str) -> String {
    let words = text
        .strip_prefix("error:")
        .and_then(|rest| rest.split(':').nth(3));
    match (words, text.rsplit_once(" (")) {
        (Some(words), Some((_, fault))) => format!("{words} ({fault}"),
        (Some(words), None) => words.to_owned(),
        (None, _) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Said(&'static str);

    #[test]
    fn a_fault_of_tls_is_named_in_its_own_words_with_its_cure() {
        let verify = "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:../ssl/statem/statem_clnt.c:1889:";
        let alert = "error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../ssl/record/rec_layer_s3.c:1584:SSL alert number 116";
        let with = |fault: &str| format!("{verify} ({fault})").leak() as &'static str;
        for (said, reason, hint) in [
            (
                with("self-signed certificate"),
                "certificate verify failed (self-signed certificate)",
                CA,
            ),
            (
                with("certificate has expired"),
                "certificate verify failed (certificate has expired)",
                RENEW,
            ),
            (
                with("IP address mismatch"),
                "certificate verify failed (IP address mismatch)",
                SERVER_NAME,
            ),
            (alert, "tlsv13 alert certificate required", IDENTITY),
            (
                "The certificate was not trusted.",
                "The certificate was not trusted.",
                CA,
            ),
        ] {
            let found = tls_fault(Some(&Said(said)));
            assert_eq!(found, Some((reason.to_owned(), hint)));
        }
        let refused = Said("Connection refused (os error 111)");
        assert_eq!(tls_fault(Some(&refused)), None);
    }
}
