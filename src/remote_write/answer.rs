use std::time::{Duration, SystemTime};

/// What came back, as far as it tells what it means.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The beginning of the body.
    pub body: &'a str,
    /// `Content-Type`, as it came.
    pub content_type: Option<&'a str>,
    /// `Retry-After`, as it came.
    pub retry_after: Option<&'a str>,
    /// Where a redirect leads, as it may be shown.
    pub location: Option<&'a str>,
}

impl Answer<'_> {
    /// Whether it is a web page, whose words are nobody's words about a sample. That `Content-Type` says so is not
    /// enough: some frameworks say it of any answer.
    pub(super) fn is_page(&self) -> bool {
        let text = self.body.trim_start_matches('\u{feff}').to_lowercase();
        let is_said = self
            .content_type
            .is_some_and(|kind| kind.to_lowercase().contains("html"));
        text.contains("<html")
            || text.contains("<!doctype")
            || is_said && text.trim_start().starts_with('<')
    }

    /// Returns what to tell of it.
    pub(super) fn reason(&self) -> String {
        let (status, body) = (self.status, self.body.trim());
        match self.location {
            Some(location) if matches!(status, 300..=399) => {
                format!("HTTP {status}: it leads to {location}")
            }
            _ if body.is_empty() => format!("HTTP {status}"),
            _ => format!("HTTP {status}: {body}"),
        }
    }

    /// Returns how long the receiver wishes to be left alone. `Retry-After` is seconds or an HTTP date (RFC 9110 §10.2.3);
    /// a date that has passed is no wait.
    pub(super) fn wait(&self, now: SystemTime) -> Option<Duration> {
        let value = self.retry_after?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        Some(date.duration_since(now).unwrap_or(Duration::ZERO))
    }
}
