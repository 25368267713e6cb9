use super::{Flow, PassReport, Problem, Synchronizer};
use crate::checkpoint::{self, Sending, StoreError};
use crate::remote_write::{Batch, Delivery, Outcome, Patience, deliver};
use crate::timeline::Step;

const TOO_OLD_HINT: &str = "Prometheus takes late samples only if `storage.tsdb.out_of_order_time_window` in its config file covers their age; set it";
const TOO_OLD_AT_FIRST_HINT: &str = "Prometheus takes late samples only if `storage.tsdb.out_of_order_time_window` in its config file covers their age; set it, or set `history` to less";
const REFUSED_HINT: &str = "nothing is lost: the samples stay in ActivityWatch and are tried again; look for what the receiver says against them";
const TOO_LARGE_HINT: &str = "raise the receiver's or its proxy's limit for the size of a request";

impl Synchronizer {
    /// Sends what was under way when the agent ended, before anything else.
    pub(super) async fn resend(
        &mut self,
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        let Some(sending) = self.store.sending().map_err(StoreError::set_aside)? else {
            return Ok(Flow::Continue);
        };
        let is_recorded = |device: &checkpoint::Device| {
            self.endpoint()
                .is_some_and(|endpoint| endpoint.device(&device.user, &device.host) == Some(device))
        };
        if sending.endpoint != self.destination.url().as_str() {
            log::warn!("a request was under way to another destination; it is dropped");
            self.store.forget()?;
            return Ok(Flow::Continue);
        }
        // Killed after the checkpoint and before the file was removed.
        if sending.devices.iter().all(is_recorded) {
            self.store.forget()?;
            return Ok(Flow::Continue);
        }
        log::info!(
            "{}: sending again what was under way, {} samples",
            self.destination.shown(),
            sending.samples
        );
        self.post(sending, true, patience, report).await
    }

    /// Sends one request; `devices` is what the checkpoint says of them once it has been delivered.
    pub(super) async fn send(
        &mut self,
        batch: Batch,
        devices: Vec<checkpoint::Device>,
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        let endpoint = self.destination.url().to_string();
        let sending = Sending {
            endpoint,
            samples: batch.samples,
            until: Step::of_timestamp_ms(batch.newest_ms).end(),
            devices,
            body: batch.body,
        };
        self.store.keep(&sending)?;
        self.post(sending, false, patience, report).await
    }

    /// Posts a request that is kept on disk, and records what became of it.
    async fn post(
        &mut self,
        sending: Sending,
        maybe_stored: bool,
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        let Delivery {
            outcome,
            maybe_stored,
        } = deliver(&self.destination, &sending.body, maybe_stored, patience).await;
        let url = self.destination.shown().to_owned();
        let refused = |reason, hint| Problem::Refused {
            url: url.clone(),
            until: sending.until,
            reason,
            hint,
        };
        let problem = match outcome {
            Outcome::Delivered => {
                report.samples += sending.samples;
                report.requests += 1;
                self.endpoint_mut().put_all(sending.devices);
                self.store.save(&self.checkpoint)?;
                self.store.forget()?;
                return Ok(Flow::Continue);
            }
            Outcome::Unavailable { reason, .. } => Problem::Unavailable { url, reason },
            Outcome::NotSent(error) => Problem::Destination(error),
            Outcome::Misconfigured { reason, hint } => Problem::Misconfigured { url, reason, hint },
            Outcome::TooOld { reason } => {
                let is_recorded = |device: &checkpoint::Device| {
                    self.endpoint().is_some_and(|endpoint| {
                        endpoint.device(&device.user, &device.host).is_some()
                    })
                };
                let has_begun = sending.devices.iter().any(is_recorded);
                refused(
                    reason,
                    if has_begun {
                        TOO_OLD_HINT
                    } else {
                        TOO_OLD_AT_FIRST_HINT
                    },
                )
            }
            Outcome::Refused { reason, .. } => refused(reason, REFUSED_HINT),
            Outcome::TooLarge { reason } => refused(reason, TOO_LARGE_HINT),
        };
        report.add(problem);
        // What may have been stored goes out again as it is; anything else is made anew, from events that may be newer.
        if !maybe_stored {
            self.store.forget()?;
        }
        Ok(Flow::Stop)
    }

    /// Returns whether others may still be caught up after a request that was not delivered: not if it has to go out
    /// first, and not if nothing can be.
    pub(super) fn after_stop(&self, report: &PassReport) -> Result<Flow, StoreError> {
        let is_refused = matches!(report.problems.last(), Some(Problem::Refused { .. }));
        let may_go_on = is_refused && self.store.sending()?.is_none();
        Ok(if may_go_on {
            Flow::Continue
        } else {
            Flow::Stop
        })
    }
}
