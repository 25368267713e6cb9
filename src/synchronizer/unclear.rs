//! What becomes of a request whose end nobody saw.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::sleep;

use super::delivery::{Settled, parcel, part};
use super::{Problem, Synchronizer};
use crate::checkpoint::{Cause, Part};
use crate::metrics::{Labels, Series};
use crate::query_api::{self, QueryError};
use crate::remote_write::{Outcome, Parcel, Patience};
use crate::timeline::{Interval, Time};

/// How long the fence may take to be seen. It is sent after the request, so the request was stored by then or never will.
const FENCE_PATIENCE: Duration = Duration::from_mins(1);

/// In how many passes, one after the other, a fence may be acknowledged and not be seen. A receiver shows it within
/// seconds, and a relay that has much to bring within minutes; after these, what is asked is another store.
const MOST_UNSEEN: u64 = 5;

/// How long after the fence was seen all that came before it is visible: VictoriaMetrics shows new series within 5 s,
/// unless it remembers that it had none, which it forgets after 10 s.
const AFTER_FENCE: Duration = Duration::from_secs(15);

/// How long to the second look: longer than VictoriaMetrics remembers an answer.
pub(super) const SECOND_LOOK: Duration = Duration::from_secs(11);

/// How far after a part newer samples are looked for.
const NEWER: Duration = Duration::from_hours(48);

/// How often something is sent again that does not turn up.
pub(super) const MOST_RESENT: u32 = 2;

/// Why it is given up then.
pub(super) const NEVER_SHOWN: &str = "it acknowledges these samples and does not show them";

impl Synchronizer {
    /// Returns whether a receiver that takes or refuses a request as a whole says that it has the one whose end was not
    /// seen; `None` if its answer is to be taken as it is.
    pub(super) async fn stored_before(&self, first: &Part, outcome: &Outcome) -> Option<Settled> {
        let says_stored_before = match outcome {
            Outcome::Refused {
                says_stored_before, ..
            } => *says_stored_before,
            // Without an out-of-order window, what is stored is too old to be stored again.
            Outcome::TooOld { .. } => false,
            _ => return None,
        };
        let content = match self.content(first) {
            Ok(content) => content,
            Err(problem) => return Some(Settled::Wait(problem)),
        };
        match unseen(self, content.series()).await {
            Ok(None) => Some(Settled::Delivered),
            Ok(Some(missing)) if missing.samples() < first.samples => {
                Some(Settled::Split(vec![part(missing.batch())]))
            }
            // It takes all of a request or nothing, so the first sample that it has says that it has all.
            Err(_) if says_stored_before => Some(Settled::Delivered),
            Ok(Some(_)) | Err(_) => None,
        }
    }

    /// Finds out whether a receiver that counts twice what it gets twice has a request whose end was not seen, and
    /// returns what is left to be sent of it.
    pub(super) async fn settle_unclear(
        &mut self,
        first: &Part,
        patience: Patience,
    ) -> Result<Settled, Problem> {
        let url = self.destination.shown();
        log::info!("{url}: finding out whether a request arrived whose answer was not seen");
        let content = self.content(first)?;
        if let Some(error) = self.show_all(patience).await? {
            return Ok(Settled::Refused(Cause::Unclear, error.to_string()));
        }
        let ask = |error: QueryError| unclear(self.destination.shown(), error.to_string());
        let look = || unseen(self, content.series());
        if look().await.map_err(ask)?.is_none() {
            return Ok(Settled::Delivered);
        }
        sleep(SECOND_LOOK).await;
        let Some(missing) = look().await.map_err(ask)? else {
            return Ok(Settled::Delivered);
        };
        if first.resent >= MOST_RESENT {
            return Ok(Settled::Refused(Cause::Fault, NEVER_SHOWN.to_owned()));
        }
        let again = Part {
            resent: first.resent + 1,
            ..part(missing.batch())
        };
        Ok(Settled::Split(vec![again]))
    }

    /// Waits until a receiver shows all that was sent to it before; returns why nobody can tell, if that is so.
    pub(super) async fn show_all(
        &mut self,
        patience: Patience,
    ) -> Result<Option<QueryError>, Problem> {
        if self.findings.shows_all {
            return Ok(None);
        }
        if self.findings.hides_fence {
            return self.unseen();
        }
        let fence = self.fence();
        let url = &self.destination.shown().to_owned();
        let Some(body) = Parcel::new([fence.clone()]).map(|fence| fence.batch().body) else {
            return Err(unclear(url, "there is no fence".to_owned()));
        };
        // One sample of no account, which may be there twice.
        let delivery = self.deliver(&body, Some(false), patience).await;
        match delivery.outcome {
            Outcome::Delivered => {}
            Outcome::NotSent(error) => return Err(Problem::Destination(error)),
            Outcome::Misconfigured { reason, .. }
            | Outcome::Unavailable { reason, .. }
            | Outcome::TooOld { reason, .. }
            | Outcome::Refused { reason, .. }
            | Outcome::TooLarge { reason } => return Err(unclear(url, reason)),
        }
        match self.wait_for(&fence).await {
            Ok(true) => {
                self.endpoint_mut().unseen_fences = 0;
                self.asks_elsewhere = false;
            }
            Ok(false) => {
                self.findings.hides_fence = true;
                self.endpoint_mut().unseen_fences += 1;
                return self.unseen();
            }
            Err(error @ QueryError::NoQueryApi { .. }) => return Ok(Some(error)),
            Err(error) => return Err(unclear(url, error.to_string())),
        }
        sleep(AFTER_FENCE).await;
        self.findings.shows_all = true;
        Ok(None)
    }

    /// Returns what follows from a fence that was acknowledged and is not to be seen: it may need longer, and after many
    /// passes nobody tells what the receiver has.
    fn unseen(&mut self) -> Result<Option<QueryError>, Problem> {
        let url = self.destination.shown().to_owned();
        let passes = self.endpoint_mut().unseen_fences;
        if passes < MOST_UNSEEN {
            let reason = "what was sent last is not to be seen yet".to_owned();
            return Err(unclear(&url, reason));
        }
        self.asks_elsewhere = true;
        let asked = self.queries.shown();
        self.notify([format!(
            "{asked} answers, but does not come to show what {url} has acknowledged, as if it told of another store\nhint: set `query-url` under `[remote-write]` to that of the store that {url} writes to"
        )]);
        Ok(Some(QueryError::NoQueryApi {
            reason: format!("{asked} does not show what {url} acknowledges"),
        }))
    }

    /// Waits until a sample is to be seen; returns whether it is.
    async fn wait_for(&self, fence: &Series) -> Result<bool, QueryError> {
        const LOOK_EVERY: Duration = Duration::from_secs(1);
        let looks = FENCE_PATIENCE.as_secs() / LOOK_EVERY.as_secs();
        for _ in 0..looks {
            if unseen(self, std::slice::from_ref(fence)).await?.is_none() {
                return Ok(true);
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(false)
    }

    /// Returns what a kept request holds. One that makes no sense is neither delivered nor sent.
    fn content(&self, part: &Part) -> Result<Parcel, Problem> {
        let unreadable = || "the request under way cannot be read".to_owned();
        parcel(part).ok_or_else(|| unclear(self.destination.shown(), unreadable()))
    }
}

impl Synchronizer {
    /// Returns what of a part cannot be stored beside what is there, and the rest: samples in whose place there are
    /// others, or else those before newer ones of their series. `None` if nobody tells, or there is nothing of either.
    pub(super) async fn in_the_way(&mut self, first: &Part) -> Option<(Parcel, Option<Parcel>)> {
        if self.findings.nobody_tells {
            return None;
        }
        let content = parcel(first)?;
        let range = Interval::new(
            Time::from_millis(first.oldest_ms),
            Time::from_millis(first.newest_ms) + NEWER,
        );
        let selector = selector(content.series(), &nonce());
        let stored = self.queries.raw(&selector, range).await;
        self.findings.nobody_tells = stored.is_err();
        let stored = stored.ok()?;
        let stored = timestamps_of(&stored);
        let divided = |is_in_the_way: &dyn Fn(&BTreeSet<i64>, i64) -> bool| {
            let divided = content.series().iter().map(|series| {
                let known = stored.get(&series.labels);
                let (refused, rest): (Vec<_>, Vec<_>) = series.samples.iter().partition(|sample| {
                    known.is_some_and(|known| is_in_the_way(known, sample.timestamp_ms))
                });
                let of = |samples| Series {
                    labels: series.labels.clone(),
                    samples,
                };
                (of(refused), of(rest))
            });
            let (refused, rest): (Vec<_>, Vec<_>) = divided.unzip();
            Some((Parcel::new(refused)?, Parcel::new(rest)))
        };
        divided(&|known, timestamp_ms| known.contains(&timestamp_ms)).or_else(|| {
            divided(&|known, timestamp_ms| known.last().is_some_and(|last| timestamp_ms < *last))
        })
    }
}

pub(super) fn unclear(url: &str, reason: String) -> Problem {
    Problem::Unavailable {
        url: url.to_owned(),
        reason,
        maybe_stored: true,
    }
}

/// Returns what of `series` the receiver does not show. Values are not compared: one that differs cannot be corrected.
pub(super) async fn unseen(
    synchronizer: &Synchronizer,
    series: &[Series],
) -> Result<Option<Parcel>, QueryError> {
    let timestamps = || series.iter().flat_map(|series| &series.samples);
    let timestamps = || timestamps().map(|sample| sample.timestamp_ms);
    let (Some(oldest), Some(newest)) = (timestamps().min(), timestamps().max()) else {
        return Ok(None);
    };
    let range = Interval::new(Time::from_millis(oldest), Time::from_millis(newest + 1));
    let shown = synchronizer
        .queries
        .raw(&selector(series, &nonce()), range)
        .await?;
    let stored = timestamps_of(&shown);
    let missing = series.iter().map(|series| {
        let known = stored.get(&series.labels);
        let is_missing = |timestamp| !known.is_some_and(|known| known.contains(timestamp));
        Series {
            labels: series.labels.clone(),
            samples: series
                .samples
                .iter()
                .filter(|sample| is_missing(&sample.timestamp_ms))
                .copied()
                .collect(),
        }
    });
    Ok(Parcel::new(missing))
}

/// Returns when each label set has samples.
fn timestamps_of(shown: &[query_api::Series]) -> BTreeMap<&Labels, BTreeSet<i64>> {
    let mut stored = BTreeMap::<&Labels, BTreeSet<i64>>::new();
    for series in shown {
        let timestamps = series.samples.iter().map(|sample| sample.timestamp_ms);
        stored.entry(&series.labels).or_default().extend(timestamps);
    }
    stored
}

/// Returns a selector that matches all of `series`, and nobody has used before: VictoriaMetrics remembers which series
/// a selector had, and that it had none.
pub(super) fn selector(series: &[Series], nonce: &str) -> String {
    let values = |name: &str| -> Option<BTreeSet<String>> {
        series
            .iter()
            .map(|series| series.labels.get(name).map(regex::escape))
            .collect()
    };
    let matchers = ["__name__", "user", "host"].into_iter().filter_map(|name| {
        let values: Vec<String> = values(name)?.into_iter().collect();
        let pattern = values.join("|").replace('\\', r"\\").replace('"', "\\\"");
        Some(format!("{name}=~\"{pattern}\""))
    });
    let matchers: Vec<String> = matchers.chain([format!("aw_nonce!=\"{nonce}\"")]).collect();
    format!("{{{}}}", matchers.join(","))
}

pub(super) fn nonce() -> String {
    format!("{:016x}", fastrand::u64(..))
}
