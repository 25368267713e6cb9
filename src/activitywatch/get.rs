//! The few GETs that the official client cannot make, or whose status it hides.

use std::time::Duration;

use reqwest::Url;

/// The client's own time-out.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a server answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Returns the answer to a GET of `url`, whatever its status.
///
/// Blocks, so it must not be called from asynchronous code. The connection is not kept: this is for what happens once
/// a pass or when something is wrong. Loopback is never asked through a proxy.
///
/// # Errors
/// If there is no answer.
pub(super) fn get(url: &str, is_loopback: bool) -> Result<Reply, reqwest::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system has a poller");
    runtime.block_on(async {
        let mut client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        if is_loopback {
            client = client.no_proxy();
        }
        let response = client.build()?.get(url).send().await?;
        let status = response.status().as_u16();
        let body = response.bytes().await?.into();
        Ok(Reply { status, body })
    })
}

/// Whether `url` names this very machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}
