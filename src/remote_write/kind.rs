use reqwest::header::HeaderMap;
use reqwest::{Method, Response};

use super::Client;

/// What every answer of VictoriaMetrics and vmagent carries, and no other receiver's.
const VICTORIA_HEADER: &str = "x-server-hostname";

/// The setting of VictoriaMetrics with which equal samples count once.
const DEDUP: &str = "dedup.minScrapeInterval";

/// How much of a list of flags is looked at; it has some 20 kB.
const MAX_BYTES: usize = 1 << 20;

/// What a receiver does with a sample that it gets twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is of VictoriaMetrics's family, and counts it twice.
    Appending,
    /// It is of VictoriaMetrics's family, and was started with `-dedup.minScrapeInterval`.
    Deduplicating,
    /// What answered does not bear the mark of VictoriaMetrics. It may be something in front of it.
    Other,
}

impl Client {
    /// Asks what kind the receiver is, by its list of flags; `None` if nobody answers.
    pub async fn kind(&self) -> Option<Kind> {
        let mut url = self.url().clone();
        let before = url.path().split("/api/v1/").next().unwrap_or_default();
        let path = format!("{}/flags", before.trim_end_matches('/'));
        url.set_path(&path);
        url.set_query(None);
        let request = self.request(Method::GET, url).ok()?;
        let mut response = request.send().await.ok()?;
        if !is_victoria_that_answers(&response)? {
            return Some(Kind::Other);
        }
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BYTES {
                break;
            }
        }
        Some(if dedups(&String::from_utf8_lossy(&body)) {
            Kind::Deduplicating
        } else {
            Kind::Appending
        })
    }

    /// Asks whether what takes samples is of VictoriaMetrics's family, by a request of no series: something in front may
    /// let nothing else through. `None` if nobody answers.
    pub async fn is_victoria(&self) -> Option<bool> {
        let request = self.empty_request().ok()?;
        is_victoria_that_answers(&request.send().await.ok()?)
    }
}

/// Whether VictoriaMetrics or vmagent has answered; `None` if it was something in front of the receiver in its place.
fn is_victoria_that_answers(response: &Response) -> Option<bool> {
    if is_victoria(response.headers()) {
        return Some(true);
    }
    let is_nobody = matches!(response.status().as_u16(), 401 | 403 | 408 | 429 | 500..);
    (!is_nobody).then_some(false)
}

/// Whether VictoriaMetrics or vmagent has answered.
pub(super) fn is_victoria(headers: &HeaderMap) -> bool {
    headers.contains_key(VICTORIA_HEADER)
}

/// Whether a list of flags, one a line as in `-dedup.minScrapeInterval="1ms"`, has an interval that is not zero.
fn dedups(flags: &str) -> bool {
    flags.lines().any(|line| {
        let Some((name, value)) = line.trim().trim_start_matches('-').split_once('=') else {
            return false;
        };
        name == DEDUP && value.contains(|digit| matches!(digit, '1'..='9'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_with_an_interval_dedups() {
        let flags =
            |value: &str| format!("-a=\"1s\"\n-dedup.minScrapeInterval={value}\n-z=\"2\"\n");
        for (value, expected) in [
            ("\"1ms\"", true),
            ("30s", true),
            ("\"0s\"", false),
            ("0", false),
            ("", false),
        ] {
            assert_eq!(dedups(&flags(value)), expected, "{value}");
        }
        assert!(!dedups("404 page not found"));
    }
}
