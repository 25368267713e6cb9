//! One stretch of samples, from the request to its end: delivered, refused in part, or kept for later.

use std::time::SystemTime;

use super::findings::{Findings, refuse_parcel};
use super::{Flow, PassReport, Problem, Synchronizer};
use crate::checkpoint::{self, Cause, Entry, Fate, Part, Refused, Sending, StoreError};
use crate::remote_write::{Batch, Delivery, Outcome, Parcel, Patience};
use crate::timeline::Time;

const REFUSES_ALL_HINT: &str =
    "it has taken nothing at all, so nothing is given up: look for what it says against them";

/// What is to be done with the part that was under way.
pub(super) enum Settled {
    /// The receiver has it.
    Delivered,
    /// These are sent in its place.
    Split(Vec<Part>),
    /// It comes after the others.
    Defer,
    /// Some of it is given up as faulty, the rest is sent.
    Partly {
        given_up: Parcel,
        reason: String,
        rest: Option<Parcel>,
    },
    /// It is given up.
    Refused(Cause, String),
    /// It waits.
    Wait(Problem),
}

impl Synchronizer {
    /// Brings to its end what was under way when the agent ended, before anything else.
    pub(super) async fn resend(
        &mut self,
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        let sending = match self.under_way() {
            Ok(None) => return Ok(Flow::Continue),
            Ok(Some(sending)) => sending,
            Err(error) => return Err(self.in_doubt_for(error)?),
        };
        // Killed after the checkpoint and before the file was removed.
        let is_settled = match sending.number {
            0 => self.is_recorded(&sending),
            number => self
                .endpoint()
                .is_some_and(|endpoint| endpoint.settled == number),
        };
        if is_settled {
            self.store.forget()?;
            return Ok(Flow::Continue);
        }
        log::info!(
            "{}: going on with what was under way, {} samples",
            self.destination.shown(),
            sending.samples()
        );
        // Of what was only given up there is nothing left to send.
        let maybe_stored = !sending.parts.is_empty();
        self.settle(sending, maybe_stored, patience, report).await
    }

    /// Whether the checkpoint says of the devices of a request what it does once that is settled.
    fn is_recorded(&self, sending: &Sending) -> bool {
        let is_recorded = |device: &checkpoint::Device| {
            self.endpoint()
                .is_some_and(|endpoint| endpoint.device(&device.user, &device.host) == Some(device))
        };
        !sending.devices.is_empty() && sending.devices.iter().all(is_recorded)
    }

    /// The number of the next request.
    pub(super) fn next_number(&self) -> u64 {
        self.endpoint().map_or(0, |endpoint| endpoint.settled) + 1
    }

    /// Sends the stretch of time from `from` until `until`; `devices` is what the checkpoint says of them afterwards.
    pub(super) async fn send(
        &mut self,
        batch: Batch,
        (from, until): (Time, Time),
        devices: Vec<checkpoint::Device>,
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        let sending = Sending {
            number: self.next_number(),
            endpoint: self.destination.url().to_string(),
            from,
            until,
            devices,
            retried: Vec::new(),
            delivered: 0,
            refused: Vec::new(),
            done: Vec::new(),
            parts: vec![part(batch)],
        };
        let maybe_stored = self.is_in_doubt(&sending.parts[0]);
        if maybe_stored {
            self.store.keep(&sending)?;
        }
        self.settle(sending, maybe_stored, patience, report).await
    }

    /// Sends one part after the other until none is left, and records what became of the stretch.
    ///
    /// `maybe_stored` tells that the first part may have been sent already; it is on disk then.
    pub(super) async fn settle(
        &mut self,
        mut sending: Sending,
        mut maybe_stored: bool,
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        self.findings.was_unclear = maybe_stored;
        loop {
            if !maybe_stored {
                self.findings.take_out(&mut sending);
                if sending.parts.is_empty() {
                    break;
                }
                self.store.keep(&sending)?;
            }
            let settled = match self.settle_first(&sending, maybe_stored, patience).await {
                Ok(settled) => settled,
                Err(problem) => Settled::Wait(problem),
            };
            maybe_stored = false;
            let first = sending.parts.remove(0);
            match settled {
                Settled::Delivered => {
                    self.findings.taken();
                    report.samples += first.samples;
                    report.requests += 1;
                    sending.delivered += first.samples;
                    sending.done.push(Entry {
                        body: first.body,
                        fate: Fate::Delivered,
                    });
                }
                Settled::Split(parts) => _ = sending.parts.splice(..0, parts),
                Settled::Defer => sending.parts.push(first),
                Settled::Partly {
                    given_up,
                    reason,
                    rest,
                } => {
                    refuse_parcel(&mut sending, Some(given_up), Cause::Fault, &reason);
                    let rest = rest.map(|rest| part(rest.batch()));
                    sending.parts.splice(..0, rest);
                }
                Settled::Refused(cause, reason) => {
                    if cause == Cause::Unclear {
                        self.gave_up_for_doubt();
                    }
                    Findings::refuse(&mut sending, &first, cause, &reason);
                }
                Settled::Wait(problem) => {
                    // What may have been stored is settled first next time; so is the rest of what has been delivered in
                    // part. Anything else is made anew, from events that may be newer.
                    if !self.findings.was_unclear && sending.delivered == 0 {
                        self.store.forget()?;
                    }
                    report.add(problem);
                    return Ok(Flow::Stop);
                }
            }
        }
        self.finish(sending, report)?;
        Ok(Flow::Continue)
    }

    fn finish(&mut self, mut sending: Sending, report: &mut PassReport) -> Result<(), StoreError> {
        if sending.delivered == 0 {
            // Then there was nothing newer in it either.
            let too_old = |refused: &&mut Refused| refused.cause == Cause::TooOld;
            for refused in sending.refused.iter_mut().filter(too_old) {
                refused.until = sending.until;
            }
        }
        for refused in &sending.refused {
            report.refuse(refused);
        }
        self.write_down(&sending)?;
        let endpoint = self.endpoint_mut();
        endpoint.settled = sending.number.max(endpoint.settled);
        endpoint.samples_sent += sending.delivered as u64;
        endpoint.put_all(sending.devices);
        endpoint.retry(&sending.retried, &sending.refused);
        self.save()?;
        self.store.forget()
    }

    /// Sends the first part and returns what is to be done with it.
    async fn settle_first(
        &mut self,
        sending: &Sending,
        maybe_stored: bool,
        patience: Patience,
    ) -> Result<Settled, Problem> {
        let first = &sending.parts[0];
        let mut maybe_stored = maybe_stored;
        if maybe_stored && self.is_known_to_append(patience).await? {
            return self.settle_unclear(first, patience).await;
        }
        let delivery = loop {
            let appends = self.known_appends();
            let delivery = self.deliver(&first.body, appends, patience).await;
            maybe_stored |= delivery.maybe_stored;
            self.findings.was_unclear |= maybe_stored;
            // It may have told by now.
            if maybe_stored && self.is_known_to_append(patience).await? {
                // This was sent after anything that has been seen.
                self.findings.shows_all = false;
                return self.settle_unclear(first, patience).await;
            }
            // One of which nobody knew has been sent this only once.
            if appends.is_some() || !delivery.maybe_stored {
                break delivery;
            }
        };
        if maybe_stored && let Some(settled) = self.stored_before(first, &delivery.outcome).await {
            return Ok(settled);
        }
        let others = sending.parts.len() - 1;
        self.judge(first, others, delivery, maybe_stored).await
    }

    /// Returns what an answer means for bytes that nobody has stored; `others` come after them.
    async fn judge(
        &mut self,
        first: &Part,
        others: usize,
        Delivery { outcome, at, .. }: Delivery,
        maybe_stored: bool,
    ) -> Result<Settled, Problem> {
        let url = self.destination.shown().to_owned();
        match outcome {
            Outcome::Delivered => Ok(Settled::Delivered),
            Outcome::Unavailable { reason, .. } => Err(Problem::Unavailable {
                url,
                reason,
                maybe_stored,
            }),
            Outcome::Misconfigured { reason, hint } => {
                Err(Problem::Misconfigured { url, reason, hint })
            }
            Outcome::NotSent(error) => Err(Problem::Destination(error)),
            Outcome::TooOld { takes_late, reason } => {
                let oldest_taken = self.oldest_taken(takes_late, at).await;
                Ok(self.findings.too_old(first, oldest_taken, reason))
            }
            Outcome::Refused {
                says_stored_before: true,
                ref reason,
                ..
            } if let Some((given_up, rest)) = self.in_the_way(first).await => Ok(Settled::Partly {
                given_up,
                reason: reason.clone(),
                rest,
            }),
            Outcome::Refused {
                is_of_series,
                reason,
                ..
            } => match self.findings.refused(first, others, is_of_series, &reason) {
                Some(settled) => Ok(settled),
                None => Err(Problem::Misconfigured {
                    url,
                    reason,
                    hint: REFUSES_ALL_HINT,
                }),
            },
            Outcome::TooLarge { reason } => Ok(Findings::too_large(first, reason)),
        }
    }

    /// Returns the timestamp before which the receiver takes nothing, in milliseconds since the Unix epoch, as far as it
    /// can be known; `at` is when it said so.
    async fn oldest_taken(&mut self, takes_late: bool, at: SystemTime) -> Option<i64> {
        const HOUR_MS: i64 = 3_600_000;
        const TWO_STEPS_MS: i64 = 120_000;
        let newest = if self.findings.nobody_tells {
            None
        } else {
            self.queries.head_max_time().await.ok().flatten()
        };
        self.findings.nobody_tells = newest.is_none();
        if takes_late {
            let newest = newest?;
            let window = self.queries.out_of_order_window().await.ok();
            let window = window.filter(|window| !window.is_zero())?;
            let window_ms = i64::try_from(window.as_millis()).ok()?;
            return Some(newest.saturating_sub(window_ms));
        }
        // Prometheus takes what is less than an hour behind its newest sample: half of the time that its memory holds.
        // If nobody tells how new that is, it is as new as can be.
        let now = Time::from(chrono::DateTime::<chrono::Utc>::from(at)).millis();
        Some(newest.map_or(now + TWO_STEPS_MS, |newest| newest) - HOUR_MS)
    }
}

/// Returns a request as it is kept.
pub(super) fn part(batch: Batch) -> Part {
    Part {
        body: batch.body,
        samples: batch.samples,
        oldest_ms: batch.oldest_ms,
        newest_ms: batch.newest_ms,
        resent: 0,
    }
}

/// Returns what a kept request holds.
pub(super) fn parcel(part: &Part) -> Option<Parcel> {
    parcel_of(&part.body)
}

/// Returns what the body of a request of our own holds; it was read or made by us when it was written.
pub(super) fn parcel_of(body: &[u8]) -> Option<Parcel> {
    Parcel::of_body(body)
        .inspect_err(|error| log::error!("a request of our own cannot be read: {error}"))
        .ok()
}
