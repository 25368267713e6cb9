//! What came late: time that was sent already is looked at again, and what is new in it is sent.

use std::collections::BTreeSet;
use std::time::Duration;

use super::focus::Carried;
use super::plan::Target;
use super::series::sources;
use super::{Flow, PassReport, Synchronizer};
use crate::activitywatch::ReadPlan;
use crate::checkpoint::{self, StoreError};
use crate::metrics::{Budget, Focus, Series, additions};
use crate::remote_write::{Patience, batches};
use crate::timeline::{Step, Time, utc_day, utc_day_end};

/// How often yesterday and today are looked at again: watchers bring what they kept while the server was away.
const LATELY_EVERY: Duration = Duration::from_hours(1);
const LATELY: Duration = Duration::from_hours(24);

/// How often the last two weeks are: imports, machines that were off, answers to what somebody did while away.
const FAR_BACK_EVERY: Duration = Duration::from_hours(24);
const FAR_BACK: Duration = Duration::from_hours(14 * 24);

impl Synchronizer {
    /// Looks again at what was sent, if it is time to, and sends what has been added since.
    ///
    /// A step of a metric of which something was sent and comes out otherwise now stays as it was sent, and is counted:
    /// a sample cannot be taken back, and another beside it would count the time twice. Stops if not everything that was
    /// due could be looked at.
    pub(super) async fn look_again(
        &mut self,
        targets: &[Target],
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Flow, StoreError> {
        let now = self.now;
        let has_names = self.journal_has_names();
        let endpoint = self.endpoint_mut();
        // What a lost request brought is not in the journal, and would be late for ever.
        let in_doubt = endpoint.in_doubt.is_some();
        let complete_since = endpoint.journal_since.filter(|_| has_names);
        let Some(complete_since) = complete_since else {
            return Ok(Flow::Continue);
        };
        let looked = &mut endpoint.looked;
        let is_due = |last: Time, every| now.since(last) >= every;
        // A clock that was ahead has left a time to come.
        for last in [&mut looked.lately, &mut looked.far_back] {
            *last = last.filter(|last| *last <= now);
        }
        // What has just been read for the first time cannot be late.
        let is_far_back = is_due(*looked.far_back.get_or_insert(now), FAR_BACK_EVERY) || in_doubt;
        if !is_far_back && !is_due(*looked.lately.get_or_insert(now), LATELY_EVERY) {
            return Ok(Flow::Continue);
        }
        let back = if is_far_back { FAR_BACK } else { LATELY };
        // Whole days, so that the same label sets come within the series budget as when they were sent.
        let from = utc_day(now - back).max(utc_day_end(complete_since - Duration::from_nanos(1)));
        let mut changed_steps = 0;
        for target in targets {
            if target.state.watermark <= from {
                continue;
            }
            match self.look_at(target, from, patience, report).await? {
                Some(changed) => changed_steps += changed,
                None => return Ok(Flow::Stop),
            }
        }
        let looked = &mut self.endpoint_mut().looked;
        looked.lately = Some(now);
        if is_far_back {
            (looked.far_back, looked.changed_steps) = (Some(now), changed_steps);
        }
        self.forget_old()?;
        Ok(Flow::Continue)
    }

    /// Looks at a device again from `from` on, and returns how many steps have changed; `None` if it did not come to an
    /// end.
    async fn look_at(
        &mut self,
        target: &Target,
        from: Time,
        patience: Patience,
        report: &mut PassReport,
    ) -> Result<Option<usize>, StoreError> {
        let until = target.state.watermark;
        let plan = target.again(from);
        let mut focus = match &target.state.focus {
            Some(known) => self.focus_anew(target, &plan, known.begun()).await,
            None => None,
        };
        let plan = ReadPlan {
            devices: vec![plan],
            until,
        };
        let mut slices = self.reader.read(plan);
        let mut changed_steps = 0;
        let mut at = from;
        while let Some(slice) = slices.recv().await {
            at = slice.range.end();
            for device in slice.devices {
                // A bucket that cannot be read now would look as if its time had been taken out.
                if device.lost.is_some() || !device.failed.is_empty() {
                    return Ok(None);
                }
                let day = device.range.start();
                let mut carried = Carried {
                    budget: Budget::new(self.settings.series_budget, day, BTreeSet::new()),
                    focus: focus.take(),
                };
                let after = self.series(target, sources(target, &device), &mut carried);
                focus = carried.focus;
                let Some(mut before) = self.sent(device.range)? else {
                    continue;
                };
                let names: BTreeSet<Names> = after.iter().map(names_of).collect();
                let own = (
                    Some(target.state.user.clone()),
                    Some(target.state.host.clone()),
                );
                before.retain(|series| {
                    let name = names_of(series);
                    name == own || names.contains(&name)
                });
                let added = additions(&before, &after);
                changed_steps += added.changed_steps;
                if added.changed_steps > 0 {
                    self.notify([format!(
                        "`{}`: {} steps of {} would come out otherwise than they were sent, and stay as they are\nhint: this is so after edits of the past, and after changes of categories or rules",
                        target.state.host,
                        added.changed_steps,
                        &device.range.start().to_string()[..10],
                    )]);
                }
                for batch in batches(&added.series) {
                    log::info!(
                        "`{}`: {} samples came late",
                        target.state.host,
                        batch.samples
                    );
                    let stretch = (
                        Step::of_timestamp_ms(batch.oldest_ms).start(),
                        Step::of_timestamp_ms(batch.newest_ms).end(),
                    );
                    // No device advances by it.
                    if let Flow::Stop = self
                        .send(batch, stretch, Vec::new(), patience, report)
                        .await?
                    {
                        return Ok(None);
                    }
                }
            }
        }
        if at < until {
            return Ok(None);
        }
        if let Some(mut focus) = focus {
            focus.reach(until);
            self.go_on_with(&target.state, focus);
        }
        Ok(Some(changed_steps))
    }

    /// Lets what came late count in the steps to come: those of the day that were sent stay as they are.
    fn go_on_with(&mut self, device: &checkpoint::Device, focus: Focus) {
        let endpoint = self.endpoint_mut();
        if let Some(known) = endpoint.device(&device.user, &device.host) {
            let focus = Some(focus);
            endpoint.put(checkpoint::Device {
                focus,
                ..known.clone()
            });
        }
    }
}

/// The labels `user` and `host`, which rules may have changed.
type Names = (Option<String>, Option<String>);

/// Returns whose series it is. If rules give two devices one name, each finds the other's time missing and leaves it all
/// as it was sent.
fn names_of(series: &Series) -> Names {
    let label = |name| series.labels.get(name).map(str::to_owned);
    (label("user"), label("host"))
}
