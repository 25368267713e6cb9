//! Whether what was acknowledged has arrived: receivers lose what they had in memory when they crash, and drop some of
//! what they say they have taken.

use std::time::Duration;

use tokio::time::sleep;

use super::unclear::{SECOND_LOOK, unseen};
use super::{Flow, PassReport, Synchronizer};
use crate::checkpoint::{StoreError, Stretch};
use crate::query_api::QueryError;
use crate::remote_write::{Parcel, Patience, batches};
use crate::timeline::{Interval, Time, utc_day_end};

/// How long after it was acknowledged something must have arrived: VictoriaMetrics loses up to 13 s in a crash.
const SURE_AFTER: Duration = Duration::from_mins(1);

impl Synchronizer {
    /// Looks for what was acknowledged at least a minute ago, and sends again what is not there.
    ///
    /// Of a receiver that answers no queries nothing can be known, so what it has acknowledged counts.
    pub(super) async fn confirm(
        &mut self,
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        let now = self.now;
        let unconfirmed = std::mem::take(&mut self.endpoint_mut().unconfirmed);
        let (due, young): (Vec<_>, Vec<_>) = unconfirmed
            .into_iter()
            .partition(|stretch| now.since(stretch.at) >= SURE_AFTER || stretch.at > now);
        let mut left = young;
        let mut due = joined(due).into_iter();
        while let Some(range) = due.next() {
            let missing = match self.not_there(range).await? {
                Ok(missing) => missing,
                Err(QueryError::NoQueryApi { .. }) => break,
                Err(_) => {
                    // The next pass asks again.
                    let stretch = |range: Interval| Stretch {
                        from: range.start(),
                        until: range.end(),
                        at: Time::EPOCH,
                    };
                    left.extend([range].into_iter().chain(due).map(stretch));
                    break;
                }
            };
            let Some(missing) = missing else {
                continue;
            };
            log::warn!(
                "{}: {} samples that it had acknowledged are not there; they are sent again",
                self.destination.shown(),
                missing.samples()
            );
            for batch in batches(missing.series()) {
                let stretch = (range.start(), range.end());
                if let Flow::Stop = self
                    .send(batch, stretch, Vec::new(), patience, report)
                    .await?
                {
                    self.endpoint_mut().unconfirmed.extend(left);
                    return Ok(Flow::Stop);
                }
            }
        }
        self.endpoint_mut().unconfirmed.extend(left);
        Ok(Flow::Continue)
    }

    /// Returns what of a stretch that was sent is not there, also after a second look.
    async fn not_there(
        &self,
        range: Interval,
    ) -> Result<Result<Option<Parcel>, QueryError>, StoreError> {
        let sent = self.sent(range)?;
        let missing = match unseen(self, &sent).await {
            Ok(Some(missing)) => missing,
            other => return Ok(other),
        };
        sleep(SECOND_LOOK).await;
        Ok(unseen(self, missing.series()).await)
    }
}

/// Returns the time of stretches, those that touch within a UTC day as one.
fn joined(mut stretches: Vec<Stretch>) -> Vec<Interval> {
    stretches.sort_by_key(|stretch| (stretch.from, stretch.until));
    let mut joined: Vec<Interval> = Vec::new();
    for stretch in stretches {
        let range = Interval::new(stretch.from, stretch.until);
        match joined.last_mut() {
            Some(last)
                if range.start() <= last.end() && range.end() <= utc_day_end(last.start()) =>
            {
                *last = last.hull(range);
            }
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_of_a_day_are_joined() {
        let minutes = |from: i64, until: i64| {
            Interval::new(
                Time::from_millis(from * 60_000),
                Time::from_millis(until * 60_000),
            )
        };
        let stretches = [(5, 10), (0, 5), (20, 30), (1430, 1440), (1440, 1445)];
        let stretches = stretches.map(|(from, until)| Stretch {
            from: minutes(from, until).start(),
            until: minutes(from, until).end(),
            at: Time::EPOCH,
        });
        assert_eq!(
            joined(stretches.into()),
            [
                minutes(0, 10),
                minutes(20, 30),
                minutes(1430, 1440),
                minutes(1440, 1445)
            ]
        );
    }
}
