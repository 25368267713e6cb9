use thiserror::Error;

use crate::settings::SecretError;

/// Why a request does not reach a receiver, whoever is there: the settings, or the files that they name, have to change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClientError {
    /// A file has no password, token or certificate.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A header cannot be sent.
    #[error(
        "{0} has characters that a header cannot carry\nhint: look for a line break or a control character"
    )]
    Header(String),
    /// What should be a certificate or a key is none.
    #[error("{source_of_it}: {reason}\nhint: {hint}")]
    Pem {
        /// The key, with the path of the file if it is in one.
        source_of_it: String,
        /// What is wrong.
        reason: &'static str,
        /// What the person can do.
        hint: &'static str,
    },
    /// The HTTP library does not take what it was given.
    #[error(
        "the HTTP client does not start: {0}\nhint: check `tls-config` and `proxy-url` under `[remote-write]`; a key has to be that of its certificate"
    )]
    Start(String),
    /// The two ends do not trust each other, or do not speak the same TLS.
    #[error("{url}: no secure connection: {reason}\nhint: {hint}")]
    Tls {
        /// The receiver's address.
        url: String,
        /// What the TLS library says.
        reason: String,
        /// What the person can do.
        hint: &'static str,
    },
}
