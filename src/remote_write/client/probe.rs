use std::time::SystemTime;

use reqwest::header::{DATE, HeaderMap};
use reqwest::{Method, RequestBuilder};

use super::{Client, HEADERS, no_answer, outcome};
use crate::remote_write::encode::compress;
use crate::remote_write::{ClientError, Outcome};

/// What a receiver did with a request that holds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What it means; [`Outcome::Delivered`] if samples would be taken.
    pub outcome: Outcome,
    /// Whether the answer bears the mark of VictoriaMetrics's family, which every one of their answers does.
    pub is_victoria_metrics: bool,
    /// What the receiver's clock said, in whole seconds, if it answered and told.
    pub date: Option<SystemTime>,
}

impl Client {
    /// Posts a request of no series once. Nothing is stored, but whoever takes it would take samples.
    pub async fn probe(&self) -> Probe {
        let mut probe = Probe {
            outcome: Outcome::Delivered,
            is_victoria_metrics: false,
            date: None,
        };
        let request = match self.empty_request() {
            Ok(request) => request,
            Err(error) => {
                probe.outcome = Outcome::NotSent(error);
                return probe;
            }
        };
        probe.outcome = match request.send().await {
            Ok(response) => {
                probe.is_victoria_metrics = response.headers().contains_key("x-server-hostname");
                probe.date = date(response.headers());
                outcome(response).await
            }
            Err(error) => no_answer::outcome(&error, self.shown()),
        };
        probe
    }

    /// Returns a request of no series.
    pub(in crate::remote_write) fn empty_request(&self) -> Result<RequestBuilder, ClientError> {
        let request = self.request(Method::POST, self.url().clone())?;
        let headers = HEADERS.into_iter();
        Ok(
            headers.fold(request.body(compress(&[])), |request, (name, value)| {
                request.header(name, value)
            }),
        )
    }
}

fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}
