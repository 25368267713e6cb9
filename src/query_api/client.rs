use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;

use super::answer::{Answer, InMatrix, InVector, QueryData, TsdbData};
use super::{QueryError, Series, Value};
use crate::message::{innermost, one_line};
use crate::metrics::Sample;
use crate::remote_write::{self, Outcome, without_answer};
use crate::settings::{RemoteWrite, masked_url};
use crate::timeline::{Interval, Time};

/// The longest answer that is taken: some two million samples, where a busy device has ten thousand a day.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// How much of a foreign answer goes into a message.
const MAX_QUOTED_CHARS: usize = 300;

/// Why there is nobody to ask.
const NOT_TOLD: &str =
    "the address that samples are sent to does not tell where they can be asked for";

/// The query API of one destination.
///
/// Every question says `nocache=1`: without it VictoriaMetrics hides the newest 30 s, and remembers answers.
pub struct Client {
    /// Asks with the credentials that samples are sent with.
    destination: remote_write::Client,
    url: Option<Url>,
}

impl Client {
    /// Returns a client of the query API of `destination`, whether or not it has one. Asks nothing yet.
    pub fn new(destination: &RemoteWrite) -> Self {
        let url = destination.query_url.clone();
        // It may be another host's than the one that samples are sent to.
        let asked = RemoteWrite {
            url: url.clone().unwrap_or_else(|| destination.url.clone()),
            ..destination.clone()
        };
        Self {
            destination: remote_write::Client::new(&asked),
            url,
        }
    }

    /// Returns what `query` yields at `time`, which counts in whole milliseconds.
    ///
    /// # Errors
    /// Any [`QueryError`].
    pub async fn instant(&self, query: &str, time: Time) -> Result<Vec<Value>, QueryError> {
        let data: QueryData<InVector> = self.query(query, time).await?;
        Ok(data.values())
    }

    /// Returns every stored sample of `range` that `selector` matches; what is stored twice comes twice.
    ///
    /// Unlike those of PromQL, which differ from version to version, the range is half-open as any [`Interval`].
    ///
    /// # Errors
    /// Any [`QueryError`].
    pub async fn raw(&self, selector: &str, range: Interval) -> Result<Vec<Series>, QueryError> {
        let end = range.end().millis() + 1;
        // Prometheus 3 leaves out what lies on the early bound.
        let millis = end - range.start().millis() + 1;
        let query = format!("{selector}[{millis}ms]");
        let data: QueryData<InMatrix> = self.query(&query, Time::from_millis(end)).await?;
        let is_inside = |sample: &Sample| {
            let time = Time::from_millis(sample.timestamp_ms);
            range.start() <= time && time < range.end()
        };
        Ok(data.series(is_inside))
    }

    /// Returns the time of the newest sample that Prometheus holds in memory, in milliseconds since the Unix epoch;
    /// `None` if it holds none, and of receivers that do not tell.
    ///
    /// # Errors
    /// [`QueryError::Unavailable`].
    pub async fn head_max_time(&self) -> Result<Option<i64>, QueryError> {
        let Some(api) = &self.url else {
            return Ok(None);
        };
        let request = self.request(Method::GET, api, "status/tsdb")?;
        match self.answer::<TsdbData>(request).await {
            Ok(data) => Ok(data.head_max_time()),
            Err(QueryError::NoQueryApi { .. } | QueryError::Rejected { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn query<T: DeserializeOwned>(&self, query: &str, time: Time) -> Result<T, QueryError> {
        let api = self.api()?;
        let millis = time.millis();
        let body = format!(
            "query={}&time={}.{:03}&nocache=1",
            utf8_percent_encode(query, NON_ALPHANUMERIC),
            millis.div_euclid(1000),
            millis.rem_euclid(1000),
        );
        // Selectors can be longer than what servers take in an address.
        let request = self
            .request(Method::POST, api, "query")?
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        self.answer(request).await
    }

    /// The address that questions begin with.
    pub(super) fn api(&self) -> Result<&Url, QueryError> {
        self.url.as_ref().ok_or_else(|| QueryError::NoQueryApi {
            reason: NOT_TOLD.to_owned(),
        })
    }

    /// What requests are made by.
    pub(super) fn requests(&self) -> &remote_write::Client {
        &self.destination
    }

    pub(super) fn request(
        &self,
        method: Method,
        api: &Url,
        path: &str,
    ) -> Result<RequestBuilder, QueryError> {
        let mut url = api.clone();
        url.set_path(&format!("{}/{path}", api.path()));
        Ok(self.destination.request(method, url)?)
    }

    /// Returns what an answer of the API carries.
    pub(super) async fn answer<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, QueryError> {
        let url = self.shown();
        let (status, body) = self.exchange(request).await?;
        let said = || said(status, &body);
        let Answer { data, error } = Answer::read(&body);
        match (status, data, error) {
            (200, Some(data), _) => Ok(data),
            (200 | 400 | 422, _, Some(error)) => Err(QueryError::Rejected {
                url,
                reason: one_line(&error, MAX_QUOTED_CHARS),
            }),
            (408 | 429 | 500.., ..) => Err(QueryError::Unavailable {
                url,
                reason: said(),
            }),
            _ => Err(QueryError::NoQueryApi {
                reason: format!("{url} answered {}", said()),
            }),
        }
    }

    /// Returns an answer that is plain text; `None` if its status is not 200.
    pub(super) async fn text(&self, request: RequestBuilder) -> Result<Option<String>, QueryError> {
        let (status, body) = self.exchange(request).await?;
        Ok((status == 200).then(|| String::from_utf8_lossy(&body).into_owned()))
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<(u16, Vec<u8>), QueryError> {
        let url = self.shown();
        let unanswered = |error: reqwest::Error| match without_answer(&error, &url) {
            Outcome::NotSent(error) => QueryError::NotSent(error),
            Outcome::Unavailable { reason, .. } => QueryError::Unavailable {
                url: url.clone(),
                reason,
            },
            _ => QueryError::Unavailable {
                url: url.clone(),
                reason: innermost(&error),
            },
        };
        let response = request.send().await.map_err(unanswered)?;
        let status = response.status().as_u16();
        let Some(body) = bounded_body(response).await.map_err(unanswered)? else {
            let reason = format!("its answer is longer than {MAX_ANSWER_BYTES} bytes");
            return Err(QueryError::Rejected { url, reason });
        };
        Ok((status, body))
    }

    /// The address that is asked, as it may be shown; empty if there is none.
    pub fn shown(&self) -> String {
        self.url.as_ref().map(masked_url).unwrap_or_default()
    }
}

/// Returns what was answered, for a message.
fn said(status: u16, body: &[u8]) -> String {
    let body = one_line(&String::from_utf8_lossy(body), MAX_QUOTED_CHARS);
    format!("{status} {body}")
}

/// Returns the whole body; `None` if it is too long.
async fn bounded_body(mut response: Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER_BYTES {
            return Ok(None);
        }
    }
    Ok(Some(body))
}
