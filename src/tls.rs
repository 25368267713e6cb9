//! TLS for the HTTP clients, made once: to read all the certificates that a machine trusts takes longer than many
//! requests, and each client would read them for itself.

use std::sync::OnceLock;

use native_tls::{Protocol, TlsConnector};
use reqwest::Url;

/// The least that is spoken unless settings say otherwise.
const LEAST: Protocol = Protocol::Tlsv12;

/// Returns a connector for a client of the server at `url`, which is reached without a proxy if `is_direct`.
///
/// It trusts whom the machine trusts, as of the first call; or nobody, where only plain HTTP will be spoken: a client wants
/// one all the same. `None` on a machine without a working TLS library; who makes a client without it learns what is wrong.
pub fn connector(url: &Url, is_direct: bool) -> Option<TlsConnector> {
    if is_direct && url.scheme() == "http" {
        of_nobody()
    } else {
        of_machine()
    }
}

fn of_machine() -> Option<TlsConnector> {
    static MADE: OnceLock<Option<TlsConnector>> = OnceLock::new();
    MADE.get_or_init(|| make(false)).clone()
}

fn of_nobody() -> Option<TlsConnector> {
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
