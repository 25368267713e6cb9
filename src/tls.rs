//! TLS for the HTTP clients, made once: to read all the certificates that a machine trusts takes longer than many
//! requests, and each client would read them for itself.

use std::sync::OnceLock;

use native_tls::{Protocol, TlsConnector};

/// The least that is spoken unless settings say otherwise.
const LEAST: Protocol = Protocol::Tlsv12;

/// Returns a connector that trusts whom the machine trusts, as of the first call.
///
/// `None` on a machine without a working TLS library; who makes a client without it learns what is wrong.
pub fn of_machine() -> Option<TlsConnector> {
    static MADE: OnceLock<Option<TlsConnector>> = OnceLock::new();
    MADE.get_or_init(|| make(false)).clone()
}

/// Returns a connector that trusts nobody, for clients that will only speak plain HTTP: a client wants one all the same.
///
/// `None` as of [`of_machine`].
pub fn of_nobody() -> Option<TlsConnector> {
    static MADE: OnceLock<Option<TlsConnector>> = OnceLock::new();
    MADE.get_or_init(|| make(true)).clone()
}

fn make(trusts_nobody: bool) -> Option<TlsConnector> {
    TlsConnector::builder()
        .min_protocol_version(Some(LEAST))
        .disable_built_in_roots(trusts_nobody)
        .build()
        .ok()
}
