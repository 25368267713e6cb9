//! What a receiver tells of itself before the past is sent to it.

use std::time::Duration;

use super::{Problem, Synchronizer};
use crate::query_api::{QueryError, retention_period};
use crate::remote_write::{Batch, Patience};
use crate::timeline::{Step, Time};

const DAY: Duration = Duration::from_hours(24);

impl Synchronizer {
    /// Finds out whether the receiver can be asked what it has, and lets it come to show all of it; returns why it
    /// cannot, if that is so.
    ///
    /// One that counts twice what it gets twice has to prove that it shows what was sent to it.
    pub(super) async fn who_tells(
        &mut self,
        patience: Patience,
    ) -> Result<Option<QueryError>, Problem> {
        if self.appends() {
            log::info!(
                "{}: waiting until it shows all that it was sent",
                self.destination.shown()
            );
            return self.show_all(patience).await;
        }
        match self.queries.instant("vector(1)", self.now).await {
            Ok(_) => Ok(None),
            Err(error @ (QueryError::NoQueryApi { .. } | QueryError::Rejected { .. })) => {
                Ok(Some(error))
            }
            Err(error) => Err(Problem::Query(error)),
        }
    }

    /// Returns what has to change before the receiver takes samples as old as the oldest of `batch`; `None` if it does,
    /// or does not tell.
    ///
    /// Prometheus refuses what is too old for it, VictoriaMetrics acknowledges and drops it.
    pub(super) async fn not_accepted(&self, batch: &Batch) -> Option<Problem> {
        /// How far behind its newest sample Prometheus takes samples by itself.
        const IN_ORDER: Duration = Duration::from_hours(1);
        let oldest = Time::from_millis(batch.oldest_ms);
        if let Some(problem) = self.not_kept(oldest).await {
            return Some(problem);
        }
        let newest = self.queries.head_max_time().await.ok().flatten()?;
        let newest = Time::from_millis(newest);
        let window = self.queries.out_of_order_window().await.ok()?;
        if newest.since(oldest) <= window.max(IN_ORDER) {
            return None;
        }
        let age = newest.max(self.now).since(oldest);
        Some(Problem::WindowTooShort {
            url: self.destination.shown().to_owned(),
            oldest: Step::containing(oldest).start(),
            // One for the day that has begun, one to do it in.
            days: age.as_secs() / DAY.as_secs() + 2,
        })
    }

    /// Returns what has to change before a VictoriaMetrics keeps samples as old as `oldest`; `None` if it does, or it is
    /// none, or does not tell.
    async fn not_kept(&self, oldest: Time) -> Option<Problem> {
        let flags = self.queries.victoria_metrics_flags().await.ok()?;
        // In a cluster, how long is a setting of others than who is asked.
        if flags.contains_key("storageNode") {
            return None;
        }
        let (kept, length) = retention_period(&flags);
        let age = self.now.since(oldest);
        (age > length?).then(|| Problem::RetentionTooShort {
            url: self.destination.shown().to_owned(),
            kept: kept.to_owned(),
            oldest: Step::containing(oldest).start(),
            // What is sent now should stay for a while.
            days: age.as_secs() / DAY.as_secs() + 366,
        })
    }
}
