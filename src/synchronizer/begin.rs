//! Where a device begins of which the checkpoint knows nothing: it may be new, or the checkpoint may be.

use std::collections::BTreeSet;
use std::time::Duration;

use super::focus::Carried;
use super::plan::Target;
use super::series::sources;
use super::unclear::nonce;
use super::{PassReport, Problem, Synchronizer};
use crate::activitywatch::{ReadError, ReadPlan, Start};
use crate::metrics::Budget;
use crate::query_api::QueryError;
use crate::remote_write::ClientError;
use crate::timeline::{STEP, Step, Time};

/// How far back samples are looked for.
const LONGEST: Duration = Duration::from_hours(20 * 366 * 24);

/// How far back they are looked for first. Most that come back were not away for long, and some receivers refuse to look
/// through years of samples at once.
const SHORTEST: Duration = Duration::from_hours(24);

/// Name, user and host of samples, as they leave.
type Names = BTreeSet<[String; 3]>;

impl Synchronizer {
    /// Lets devices that are new to the checkpoint begin after what the receiver has of them: a lost checkpoint, or
    /// another name for the same receiver, must not count everything twice.
    ///
    /// A receiver that answers no queries is taken to have nothing. One that cannot be asked now, or does not answer this
    /// question, keeps its devices waiting.
    pub(super) async fn begin_after_what_is_there(
        &mut self,
        targets: &mut Vec<Target>,
        until: Time,
        report: &mut PassReport,
    ) {
        let mut waiting = Vec::new();
        for target in targets.iter_mut().filter(|target| target.is_new()) {
            let host = target.state.host.clone();
            let names = match self.names_of(target, until).await {
                Ok(names) => names,
                Err(error) => {
                    report.add(error);
                    waiting.push(host);
                    continue;
                }
            };
            let newest = self.newest_stored(&names, target.state.watermark, until);
            match newest.await {
                Ok(Some(newest)) => {
                    log::info!(
                        "{} has samples of `{host}` until {newest}; going on from there",
                        self.destination.shown()
                    );
                    target.begin_at(newest);
                }
                Ok(None) => {}
                Err(error @ QueryError::NoQueryApi { .. }) => {
                    if self.appends() {
                        self.notify([format!(
                            "whether {} has samples of `{host}` already is not known; if it has, they are sent again and count twice: {error}",
                            self.destination.shown()
                        )]);
                    }
                }
                Err(error) => {
                    report.add(self.could_not_ask(error));
                    waiting.push(host);
                }
            }
        }
        targets.retain(|target| !waiting.contains(&target.state.host));
    }

    /// Returns the names under which the samples of a device leave. Rules may give them any, so where there are some it
    /// takes those of its last day and of the first day that it has. The names without rules may be another machine's then.
    async fn names_of(&mut self, target: &Target, until: Time) -> Result<Names, ReadError> {
        let state = &target.state;
        let plain = ["aw_.+".to_owned(), state.user.clone(), state.host.clone()];
        if self.settings.relabel.is_empty() {
            return Ok([plain].into());
        }
        let mut names = Names::new();
        let begin = state.watermark;
        for start in [
            Start::At(begin.max(until - SHORTEST)),
            Start::FirstAfter(begin),
        ] {
            let devices = vec![target.all(start)];
            let mut slices = self.reader.read(ReadPlan { devices, until });
            let mut found = false;
            while !found && let Some(slice) = slices.recv().await {
                for device in slice.devices {
                    if let Some(error) = device.lost {
                        return Err(error);
                    }
                    let day = device.range.start();
                    let mut carried = Carried {
                        budget: Budget::new(self.settings.series_budget, day, [].into()),
                        // Streaks and the like have the names of windows.
                        focus: None,
                    };
                    for series in self.series(target, sources(target, &device), &mut carried) {
                        let label = |name| series.labels.get(name).unwrap_or_default().to_owned();
                        let name = label("__name__");
                        let name = if name.starts_with("aw_") {
                            "aw_.+".to_owned()
                        } else {
                            name
                        };
                        names.insert([name, label("user"), label("host")]);
                        found = true;
                    }
                }
            }
        }
        if names.is_empty() {
            names.insert(plain);
        }
        Ok(names)
    }

    /// Returns the end of the newest step between `since` and `until` that the receiver has a sample of, whatever the
    /// activity; `None` if it has none.
    async fn newest_stored(
        &self,
        names: &Names,
        since: Time,
        until: Time,
    ) -> Result<Option<Time>, QueryError> {
        let earliest = since
            .max(until - LONGEST)
            .max(Time::EPOCH + Duration::from_hours(24));
        let (mut from, mut length) = (until, SHORTEST);
        let mut to = loop {
            if from <= earliest {
                return Ok(None);
            }
            let to = from;
            from = (to - length).max(earliest);
            if self.has_samples(names, from, to).await? {
                break to;
            }
            length *= 2;
        };
        while to.since(from) > STEP {
            let middle = Step::containing(from + to.since(from) / 2).start();
            if middle <= from {
                break;
            }
            if self.has_samples(names, middle, to).await? {
                from = middle;
            } else {
                to = middle;
            }
        }
        Ok(Some(to))
    }

    /// Returns what keeps a device waiting.
    fn could_not_ask(&self, error: QueryError) -> Problem {
        match error {
            QueryError::NotSent(error) => Problem::Destination(self.as_of_destination(error)),
            QueryError::Unavailable { reason, .. } => Problem::Unavailable {
                url: self.destination.shown().to_owned(),
                reason,
                maybe_stored: false,
            },
            error => Problem::Query(error),
        }
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

    async fn has_samples(&self, names: &Names, from: Time, to: Time) -> Result<bool, QueryError> {
        let quoted = |text: &str| text.replace('\\', r"\\").replace('"', "\\\"");
        let counts = names.iter().map(|[name, user, host]| {
            format!(
                "count(last_over_time({{__name__=~\"{name}\",__name__!~\"aw_sync_.+\",user=\"{}\",host=\"{}\",aw_nonce!=\"{}\"}}[{}s]))",
                quoted(user),
                quoted(host),
                nonce(),
                to.since(from).as_secs()
            )
        });
        let query = counts.collect::<Vec<_>>().join(" or ");
        let found = self.queries.instant(&query, to).await?;
        Ok(!found.is_empty())
    }
}
