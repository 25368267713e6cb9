//! The past once more: what is missing there is sent, and nothing that the receiver has.

mod run;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::sleep;

use super::delivery::part;
use super::findings::Findings;
use super::focus::Carried;
use super::plan::Target;
use super::stored::Compared;
use super::{Flow, Now, Problem, Progress, Synchronizer};
use crate::activitywatch::{ReadError, Slice};
use crate::checkpoint::{Cause, Sending, StoreError};
use crate::metrics::Series;
use crate::remote_write::{Patience, batches};
use crate::timeline::{Interval, Step, Time, horizon};
use run::Run;

/// Which part of the past to go through once more.
#[derive(Debug, Clone, Copy)]
pub struct BackfillPlan {
    /// The time, on the step grid. What a pass has not reached yet is left to it.
    pub range: Interval,
    /// Whether only that of it which is remembered as refused.
    pub only_refused: bool,
    /// How many samples to send a second at most.
    pub rate: Option<NonZeroU32>,
}

/// What a backfill did.
#[derive(Debug, Default)]
pub struct BackfillReport {
    /// How many samples were delivered.
    pub samples: usize,
    /// How many requests they took.
    pub requests: usize,
    /// How many samples were there already.
    pub present: usize,
    /// How many steps of a metric would differ from what is stored. They stay as they are.
    pub changed_steps: usize,
    /// How many samples are still remembered as refused.
    pub left: u64,
    /// How many remembered stretches were left out because nobody tells what the receiver has of them.
    pub unasked: usize,
    /// How many were left out because their device is not there.
    pub elsewhere: usize,
    /// What went wrong. All that has been done is remembered, and the next run goes on from there.
    pub problems: Vec<Problem>,
}

impl Synchronizer {
    /// Goes through `plan` and sends what the receiver does not have of it; no watermark moves.
    ///
    /// A step of a metric is sent only if all that is stored of it is what would be sent now, so that nothing counts
    /// twice. May be dropped at any await, as [`Self::pass`] may; a later run finds what is still missing.
    ///
    /// # Errors
    /// Any [`StoreError`]. Whatever else goes wrong is in the report.
    pub async fn backfill(
        &mut self,
        now: Now,
        plan: BackfillPlan,
        patience: Patience,
        watch: impl Fn(Progress),
    ) -> Result<BackfillReport, StoreError> {
        (self.now, self.fences, self.findings) = (now.wall, 0, Findings::default());
        self.learn_receiver().await;
        let mut run = Run::new(plan, patience);
        if let Flow::Continue = self.resend(patience, &mut run.pass).await?
            && let Flow::Continue = self.ask(&mut run).await
        {
            let targets = self
                .targets(now.monotonic, Time::EPOCH, &mut run.pass)
                .await;
            self.choose(&targets, horizon(now.wall, self.settings.settle), &mut run);
            self.go_through(&targets, &mut run, watch).await?;
        }
        run.pass.conclude(self.destination.shown());
        let refused = self
            .endpoint()
            .map_or(&[][..], |endpoint| &endpoint.refused);
        Ok(BackfillReport {
            samples: run.pass.samples,
            requests: run.pass.requests,
            left: refused.iter().map(|refused| refused.samples).sum(),
            problems: run.pass.problems,
            ..run.report
        })
    }

    /// Finds out whether the receiver can be asked what it has, and with that what can be gone through.
    async fn ask(&mut self, run: &mut Run) -> Flow {
        match self.who_tells(run.patience).await {
            Ok(None) => {
                run.can_ask = true;
                run.causes = vec![Cause::TooOld, Cause::Fault, Cause::TooLarge, Cause::Unclear];
            }
            Ok(Some(error)) if !run.plan.only_refused => {
                run.pass.add(Problem::Query(error));
                return Flow::Stop;
            }
            // Nothing of what was too old has been stored, and what has been by chance counts once.
            Ok(Some(_)) if !self.appends() => run.causes = vec![Cause::TooOld],
            Ok(Some(_)) => {}
            Err(problem) => {
                run.pass.add(problem);
                return Flow::Stop;
            }
        }
        Flow::Continue
    }

    /// Chooses the stretches to go through; nothing is final after `end`.
    fn choose(&self, targets: &[Target], end: Time, run: &mut Run) {
        let range = Interval::new(run.plan.range.start(), run.plan.range.end().min(end));
        if run.plan.only_refused {
            let causes = &run.causes;
            let (stretches, elsewhere) =
                self.refused_stretches(targets, range, |refused| causes.contains(&refused.cause));
            run.stretches = stretches;
            run.report.elsewhere = elsewhere;
            let refused = self
                .endpoint()
                .map_or(&[][..], |endpoint| &endpoint.refused);
            let unasked = refused
                .iter()
                .filter(|refused| !causes.contains(&refused.cause));
            run.report.unasked = unasked.count();
        } else {
            for (place, target) in targets.iter().enumerate() {
                run.stretches.add(place, range, target.state.watermark);
            }
        }
    }

    async fn go_through(
        &mut self,
        targets: &[Target],
        run: &mut Run,
        watch: impl Fn(Progress),
    ) -> Result<(), StoreError> {
        let ranges = run.stretches.ranges();
        let Some(last) = ranges.last().copied() else {
            return Ok(());
        };
        let mut from = None;
        for range in ranges {
            let (places, plan) = run.stretches.plan(targets, range);
            run.at = range.start();
            let mut carried = BTreeMap::new();
            for (place, plan) in places.iter().zip(&plan.devices) {
                carried.insert(*place, self.carried_to(&targets[*place], plan).await);
            }
            let mut slices = self.reader.read(plan);
            let mut is_complete = false;
            while let Some(slice) = slices.recv().await {
                let at = slice.range.end();
                watch(Progress {
                    from: *from.get_or_insert(slice.range.start()),
                    at,
                    until: last.end(),
                });
                let slice = self.looked_at(targets, &places, slice, &mut carried, run);
                let Some(compared) = slice.await else {
                    return Ok(());
                };
                if let Flow::Stop = self.send_missing(targets, &compared, at, run).await? {
                    return Ok(());
                }
                is_complete = at >= range.end();
            }
            if !is_complete {
                run.pass.add(ReadError::BrokeOff);
            }
            for (place, carried) in &carried {
                self.tell_folded(&targets[*place], &carried.budget);
            }
        }
        Ok(())
    }

    /// Returns how the devices of a slice compare with what is stored, by place; `None` if nobody tells. A device that
    /// could not be read leaves `all_carried`, and is not looked at any more.
    async fn looked_at(
        &self,
        targets: &[Target],
        places: &[usize],
        slice: Slice,
        all_carried: &mut BTreeMap<usize, Carried>,
        run: &mut Run,
    ) -> Option<BTreeMap<usize, Compared>> {
        let mut all = BTreeMap::new();
        for device in &slice.devices {
            let place = places[device.device];
            let failed = device.failed.first().map(|(_, error)| error);
            // What is missing of a time cannot be told without all of it.
            if let Some(error) = device.lost.as_ref().or(failed) {
                if all_carried.remove(&place).is_some() {
                    run.pass.add(error.clone());
                }
                continue;
            }
            let Some(carried) = all_carried.get_mut(&place) else {
                continue;
            };
            let stretches = run.stretches.of(place, device.range);
            let computed = self.computed(&targets[place], device, &stretches, carried);
            let compared = if run.can_ask {
                match self.compared(&computed, &stretches).await {
                    Ok(compared) => compared,
                    Err(error) => {
                        run.pass.add(Problem::Query(error));
                        return None;
                    }
                }
            } else {
                Compared {
                    missing: computed,
                    ..Compared::default()
                }
            };
            run.report.present += compared.present;
            run.report.changed_steps += compared.changed_steps;
            all.insert(place, compared);
        }
        // Those that were ahead of the slice have nothing in it, and have come to its end as well.
        for place in all_carried.keys() {
            all.entry(*place).or_default();
        }
        Some(all)
    }

    /// Sends what is missing of a slice that ends at `end`, and remembers that it has been gone through.
    async fn send_missing(
        &mut self,
        targets: &[Target],
        compared: &BTreeMap<usize, Compared>,
        end: Time,
        run: &mut Run,
    ) -> Result<Flow, StoreError> {
        let missing: Vec<Series> = compared
            .values()
            .flat_map(|compared| compared.missing.iter().cloned())
            .collect();
        let mut waiting = batches(&missing).peekable();
        if waiting.peek().is_none() {
            let retried = run.retried(targets, compared, end);
            let known = self.endpoint().map(|endpoint| endpoint.refused.clone());
            self.endpoint_mut().retry(&retried, &[]);
            if self.endpoint().map(|endpoint| &endpoint.refused) != known.as_ref() {
                self.save()?;
            }
            run.at = end;
            return Ok(Flow::Continue);
        }
        while let Some(batch) = waiting.next() {
            if !run.is_accepted {
                if let Some(problem) = self.not_accepted(&batch).await {
                    run.pass.add(problem);
                    return Ok(Flow::Stop);
                }
                run.is_accepted = true;
            }
            let done = if waiting.peek().is_none() {
                end
            } else {
                Step::of_timestamp_ms(batch.newest_ms).end()
            };
            let samples = batch.samples;
            let sending = Sending {
                number: self.next_number(),
                endpoint: self.destination.url().to_string(),
                from: run.at,
                until: done,
                devices: Vec::new(),
                retried: run.retried(targets, compared, done),
                done: Vec::new(),
                delivered: 0,
                refused: Vec::new(),
                parts: vec![part(batch)],
            };
            let patience = run.patience;
            if let Flow::Stop = self.settle(sending, false, patience, &mut run.pass).await? {
                return Ok(Flow::Stop);
            }
            run.at = done;
            if let Some(rate) = run.plan.rate {
                #[expect(clippy::cast_precision_loss, reason = "ten thousand at most")]
                sleep(Duration::from_secs_f64(
                    samples as f64 / f64::from(rate.get()),
                ))
                .await;
            }
        }
        Ok(Flow::Continue)
    }
}
