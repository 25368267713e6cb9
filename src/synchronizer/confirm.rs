//! Whether what was acknowledged has arrived: receivers lose what they had in memory when they crash, and drop some of
//! what they say they have taken.

use std::time::Duration;

use tokio::time::sleep;

use super::findings::refuse_parcel;
use super::unclear::{MOST_RESENT, NEVER_SHOWN, SECOND_LOOK, unseen};
use super::{Flow, PassReport, Synchronizer};
use crate::checkpoint::{Cause, Sending, StoreError, Stretch};
use crate::query_api::QueryError;
use crate::remote_write::{Parcel, Patience, batches};
use crate::timeline::{Interval, utc_day_end};

/// How long after it was acknowledged something must have arrived: VictoriaMetrics loses up to 13 s in a crash.
const SURE_AFTER: Duration = Duration::from_mins(1);

/// How much is kept in mind while nobody can be asked: a day of passes.
const MOST_UNCONFIRMED: usize = 300;

impl Synchronizer {
    /// Looks for what was acknowledged at least a minute ago, and sends again what is not there.
    ///
    /// Of a receiver that answers no queries nothing can be known, so what it has acknowledged counts.
    pub(super) async fn confirm(
        &mut self,
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        if !self.journal_has_names() {
            // What was sent under other names, or by an older version, is not looked up.
            self.endpoint_mut().unconfirmed.clear();
        }
        let now = self.now;
        let is_due = |stretch: &Stretch| now.since(stretch.at) >= SURE_AFTER || stretch.at > now;
        let unconfirmed = self.endpoint_mut().unconfirmed.iter();
        let due: Vec<Stretch> = unconfirmed
            .filter(|stretch| is_due(stretch))
            .cloned()
            .collect();
        if self.asks_elsewhere {
            self.forget_unconfirmed();
            return Ok(Flow::Continue);
        }
        for (range, resent) in joined(due.clone()) {
            let missing = match self.not_there(range).await? {
                Ok(missing) => missing,
                // The rest may be asked for all the same.
                Err(QueryError::Rejected { .. }) => {
                    self.forget_unconfirmed();
                    continue;
                }
                // The next pass asks again, if there is anybody to ask.
                Err(_) => {
                    self.forget_unconfirmed();
                    return Ok(Flow::Continue);
                }
            };
            if let Some(missing) = missing {
                // Without seeing what was sent last, nothing can be said of what was sent before.
                let Ok(None) = self.show_all(patience).await else {
                    self.notify([format!(
                        "{} does not show what it has taken, so what it may have lost is not found\nhint: check `query-url` under `[remote-write]`",
                        self.destination.shown()
                    )]);
                    self.forget_unconfirmed();
                    return Ok(Flow::Continue);
                };
                let sent = self.send_again(range, missing, resent, patience, report);
                if let Flow::Stop = sent.await? {
                    return Ok(Flow::Stop);
                }
            }
            let is_settled = |stretch: &Stretch| {
                due.contains(stretch)
                    && range.start() <= stretch.from
                    && stretch.until <= range.end()
            };
            self.endpoint_mut()
                .unconfirmed
                .retain(|stretch| !is_settled(stretch));
        }
        Ok(Flow::Continue)
    }

    /// Forgets what has waited longest to be seen, where nobody answers for it.
    fn forget_unconfirmed(&mut self) {
        let unconfirmed = &mut self.endpoint_mut().unconfirmed;
        unconfirmed.drain(..unconfirmed.len().saturating_sub(MOST_UNCONFIRMED));
    }

    /// Sends what is not there, unless that was of no use before.
    async fn send_again(
        &mut self,
        range: Interval,
        missing: Parcel,
        resent: u32,
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        let url = self.destination.shown().to_owned();
        if resent >= MOST_RESENT {
            return self.give_up(range, missing, patience, report).await;
        }
        log::warn!(
            "{url}: {} samples that it had acknowledged are not there; they are sent again",
            missing.samples()
        );
        self.findings.resent = resent + 1;
        let mut flow = Flow::Continue;
        for batch in batches(missing.series()) {
            let stretch = (range.start(), range.end());
            flow = self
                .send(batch, stretch, Vec::new(), patience, report)
                .await?;
            if let Flow::Stop = flow {
                break;
            }
        }
        self.findings.resent = 0;
        Ok(flow)
    }

    /// Gives up what a receiver acknowledges each time and never shows, as if it had refused it.
    async fn give_up(
        &mut self,
        range: Interval,
        missing: Parcel,
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        let mut sending = Sending {
            number: self.next_number(),
            endpoint: self.destination.url().to_string(),
            from: range.start(),
            until: range.end(),
            devices: Vec::new(),
            retried: Vec::new(),
            delivered: 0,
            refused: Vec::new(),
            done: Vec::new(),
            parts: Vec::new(),
        };
        refuse_parcel(&mut sending, Some(missing), Cause::Fault, NEVER_SHOWN);
        // There is nothing to send, but a kill in between must not forget it.
        self.store.keep(&sending)?;
        self.settle(sending, false, patience, report).await
    }

    /// Returns what of a stretch that was delivered is not there, also after a second look. What is not known to have
    /// been sent cannot be missed.
    async fn not_there(
        &mut self,
        range: Interval,
    ) -> Result<Result<Option<Parcel>, QueryError>, StoreError> {
        let Some(delivered) = self.delivered(range)? else {
            return Ok(Ok(None));
        };
        let missing = match unseen(self, &delivered).await {
            Ok(Some(missing)) => missing,
            other => return Ok(other),
        };
        sleep(SECOND_LOOK).await;
        Ok(unseen(self, missing.series()).await)
    }
}

/// Returns the time of stretches, and how often each was sent again; those that touch within a UTC day, and were sent
/// again as often, as one.
fn joined(mut stretches: Vec<Stretch>) -> Vec<(Interval, u32)> {
    stretches.sort_by_key(|stretch| (stretch.from, stretch.until));
    let mut joined: Vec<(Interval, u32)> = Vec::new();
    for stretch in stretches {
        let range = Interval::new(stretch.from, stretch.until);
        match joined.last_mut() {
            Some((last, resent))
                if range.start() <= last.end()
                    && range.end() <= utc_day_end(last.start())
                    && *resent == stretch.resent =>
            {
                *last = last.hull(range);
            }
            _ => joined.push((range, stretch.resent)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Time;

    #[test]
    fn stretches_of_a_day_that_were_sent_as_often_are_joined() {
        let minutes = |from: i64, until: i64| {
            Interval::new(
                Time::from_millis(from * 60_000),
                Time::from_millis(until * 60_000),
            )
        };
        let stretches = [
            (5, 10, 1),
            (0, 5, 1),
            (10, 15, 0),
            (20, 30, 1),
            (1430, 1440, 1),
            (1440, 1445, 1),
        ];
        let stretches = stretches.map(|(from, until, resent)| Stretch {
            from: minutes(from, until).start(),
            until: minutes(from, until).end(),
            at: Time::EPOCH,
            resent,
        });
        assert_eq!(
            joined(stretches.into()),
            [
                (minutes(0, 10), 1),
                (minutes(10, 15), 0),
                (minutes(20, 30), 1),
                (minutes(1430, 1440), 1),
                (minutes(1440, 1445), 1)
            ]
        );
    }
}
