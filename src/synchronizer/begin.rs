//! Where a device begins of which the checkpoint knows nothing: it may be new, or the checkpoint may be.

use std::time::Duration;

use super::plan::Target;
use super::unclear::nonce;
use super::{PassReport, Problem, Synchronizer};
use crate::query_api::QueryError;
use crate::remote_write::ClientError;
use crate::timeline::{STEP, Step, Time};

/// How far back samples are looked for.
const LONGEST: Duration = Duration::from_hours(20 * 366 * 24);

impl Synchronizer {
    /// Lets devices that are new to the checkpoint begin after what the receiver has of them: a lost checkpoint, or
    /// another name for the same receiver, must not count everything twice.
    ///
    /// A receiver that answers no queries is taken to have nothing. One that cannot be asked now keeps its devices
    /// waiting.
    pub(super) async fn begin_after_what_is_there(
        &mut self,
        targets: &mut Vec<Target>,
        until: Time,
        report: &mut PassReport,
    ) {
        let mut waiting = Vec::new();
        for target in targets.iter_mut().filter(|target| target.is_new()) {
            let host = target.state.host.clone();
            match self
                .newest_stored(&host, target.state.watermark, until)
                .await
            {
                Ok(Some(newest)) => {
                    log::info!(
                        "{} has samples of `{host}` until {newest}; going on from there",
                        self.destination.shown()
                    );
                    target.begin_at(newest);
                }
                Ok(None) => {}
                Err(error @ (QueryError::NoQueryApi { .. } | QueryError::Rejected { .. })) => {
                    if self.appends() {
                        self.notify([format!(
                            "whether {} has samples of `{host}` already is not known; if it has, they are sent again and count twice: {error}",
                            self.destination.shown()
                        )]);
                    }
                }
                Err(QueryError::NotSent(error)) => {
                    report.add(Problem::Destination(self.as_of_destination(error)));
                    waiting.push(host);
                }
                Err(QueryError::Unavailable { reason, .. }) => {
                    report.add(Problem::Unavailable {
                        url: self.destination.shown().to_owned(),
                        reason,
                        maybe_stored: false,
                    });
                    waiting.push(host);
                }
            }
        }
        targets.retain(|target| !waiting.contains(&target.state.host));
    }

    /// Returns the end of the newest step between `since` and `until` that the receiver has a sample of, whatever the
    /// activity; `None` if it has none.
    async fn newest_stored(
        &self,
        host: &str,
        since: Time,
        until: Time,
    ) -> Result<Option<Time>, QueryError> {
        let mut from = since
            .max(until - LONGEST)
            .max(Time::EPOCH + Duration::from_hours(24));
        let mut to = until;
        if from >= to || !self.has_samples(host, from, to).await? {
            return Ok(None);
        }
        while to.since(from) > STEP {
            let middle = Step::containing(from + to.since(from) / 2).start();
            if middle <= from {
                break;
            }
            if self.has_samples(host, middle, to).await? {
                from = middle;
            } else {
                to = middle;
            }
        }
        Ok(Some(to))
    }

    /// Returns why nobody could be asked as if samples had been sent: a person knows the receiver by that address.
    fn as_of_destination(&self, error: ClientError) -> ClientError {
        match error {
            ClientError::Tls { reason, hint, .. } => ClientError::Tls {
                url: self.destination.shown().to_owned(),
                reason,
                hint,
            },
            error => error,
        }
    }

    async fn has_samples(&self, host: &str, from: Time, to: Time) -> Result<bool, QueryError> {
        let quoted = |text: &str| text.replace('\\', r"\\").replace('"', "\\\"");
        let query = format!(
            "count(last_over_time({{__name__=~\"aw_.+\",__name__!~\"aw_sync_.+\",user=\"{}\",host=\"{}\",aw_nonce!=\"{}\"}}[{}s]))",
            quoted(&self.settings.user),
            quoted(host),
            nonce(),
            to.since(from).as_secs()
        );
        let found = self.queries.instant(&query, to).await?;
        Ok(!found.is_empty())
    }
}
