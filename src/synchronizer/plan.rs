//! Which devices and buckets a pass reads, and from where: pure, from what the servers list and the checkpoint.

use std::collections::BTreeMap;

use crate::activitywatch::{Bucket, BucketPlan, Device, DevicePlan, Start, are_rivals};
use crate::checkpoint::{self, Endpoint, LabelSets};
use crate::metrics::{Budget, Focus, depend_on_each_other, feed_one_metric, is_window, waits_for};
use crate::timeline::{Time, utc_day};

/// A device of a pass: what is read of it, and what will be remembered of it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Which server has it.
    pub(super) server: usize,
    /// Whether it has never been read.
    is_new: bool,
    /// The buckets to read.
    buckets: Vec<Bucket>,
    /// Buckets that were read earlier and are there, but are not wanted any more.
    given_up: Vec<Bucket>,
    /// How far it has come.
    pub(super) state: checkpoint::Device,
    /// What has been read says so much of its user. It runs ahead of what is remembered.
    pub(super) focus: Option<Focus>,
}

impl Target {
    /// Returns the target for `device` of a server, given as its place and its address, which lists the buckets
    /// `listed`. `endpoint` is what the checkpoint has.
    ///
    /// A device that is new begins at its first activity after `since`. A bucket that is new to a known device lags
    /// behind from there: what came before the device's watermark has to be added to what was sent. No time of a bucket
    /// is sent twice: not if it was left out for a while, not if its server has another address now, not if it belonged
    /// to a host of another name before, and for windows and AFK not if another bucket gave the same time.
    pub(super) fn new(
        server: (usize, &str),
        user: &str,
        device: Device,
        listed: &[Bucket],
        endpoint: &Endpoint,
        since: Time,
    ) -> Self {
        let known = endpoint.device(user, &device.host);
        let watermark = known.map_or(since, |known| known.watermark);
        let mut state = checkpoint::Device {
            user: user.to_owned(),
            host: device.host,
            server: server.1.to_owned(),
            watermark,
            newest: known.and_then(|known| known.newest),
            buckets: BTreeMap::new(),
            label_sets: known.and_then(|known| known.label_sets.clone()),
            focus: known.and_then(|known| known.focus.clone()),
        };
        // What is not read now lags behind from now on.
        for (id, progress) in known.iter().flat_map(|known| &known.buckets) {
            state.note(
                id,
                &progress.kind,
                Some(progress.done_until.unwrap_or(watermark)),
            );
            state.note_begin(id, progress.begun);
        }
        for bucket in &device.buckets {
            let by_itself = known.and_then(|known| known.done_until(&bucket.id));
            let by_another_name = endpoint.done_until(user, server.1, &bucket.id);
            let by_a_rival = known.and_then(|known| done_by_rivals(known, bucket));
            let done_until = match by_itself.max(by_another_name).max(by_a_rival) {
                Some(done) => (done != watermark).then_some(done),
                None => known.map(|_| since),
            };
            let is_known = state.buckets.contains_key(&bucket.id);
            state.note(&bucket.id, &bucket.kind, done_until);
            if !is_known {
                let elsewhere = by_another_name.max(by_a_rival);
                state.note_begin(&bucket.id, Some(elsewhere.unwrap_or(since)));
            }
        }
        let is_given_up = |bucket: &&Bucket| {
            state.buckets.contains_key(&bucket.id) && !device.buckets.contains(bucket)
        };
        let given_up = listed.iter().filter(is_given_up).cloned().collect();
        Self {
            server: server.0,
            is_new: known.is_none(),
            buckets: device.buckets,
            given_up,
            state,
            focus: None,
        }
    }

    /// Whether nothing is known of what was sent of it.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Takes all before `time` as done, of a device that is new.
    pub(super) fn begin_at(&mut self, time: Time) {
        self.state.watermark = self.state.watermark.max(time);
        for progress in self.state.buckets.values_mut() {
            progress.begun = progress.begun.max(Some(time));
        }
    }

    /// Takes the watermark back if the clock was ahead of `until` when it was set: to the end of what was sent.
    ///
    /// Returns whether it is at `until` or before it now. If not, samples of a time to come have been sent.
    pub(super) fn take_back(&mut self, until: Time) -> bool {
        if self.state.watermark > until {
            let sent = self
                .state
                .newest
                .unwrap_or(Time::EPOCH)
                .min(self.state.watermark);
            self.state.watermark = sent;
            for progress in self.state.buckets.values_mut() {
                progress.done_until = progress.done_until.filter(|done| *done < sent);
            }
        }
        self.state.watermark <= until
    }

    /// Returns what to read to go forward from the watermark: all buckets but those that lag behind.
    pub(super) fn forward(&self) -> DevicePlan {
        let from = self.state.watermark;
        let start = if self.is_new {
            Start::FirstAfter(from)
        } else {
            Start::At(from)
        };
        self.plan(start, |bucket| self.lagging_from(bucket).is_none())
    }

    /// Returns what to read to see all buckets from `start` on.
    pub(super) fn all(&self, start: Start) -> DevicePlan {
        self.plan(start, |_| true)
    }

    /// Returns what to read to look again at what was sent from `time` on: all buckets but those that lag behind, or of
    /// which not all since then was sent as this device's.
    pub(super) fn again(&self, time: Time) -> DevicePlan {
        let has_begun = |bucket: &Bucket| {
            let progress = self.state.buckets.get(&bucket.id);
            progress
                .and_then(|progress| progress.begun)
                .is_some_and(|begun| begun <= time)
        };
        self.plan(Start::At(time), |bucket| {
            self.lagging_from(bucket).is_none() && has_begun(bucket)
        })
    }

    /// Returns what to read of the buckets that are wanted, each from `start` on.
    fn plan(&self, start: Start, is_wanted: impl Fn(&Bucket) -> bool) -> DevicePlan {
        let (Start::At(from) | Start::FirstAfter(from)) = start;
        let buckets = self.buckets.iter().filter(|bucket| is_wanted(bucket));
        let buckets = buckets.map(|bucket| BucketPlan {
            bucket: bucket.clone(),
            start,
        });
        DevicePlan {
            server: self.server,
            from,
            buckets: buckets.collect(),
            companions: Vec::new(),
        }
    }

    /// Lets `bucket`, which could not be read, lag behind from the watermark on, and what waits for it.
    pub(super) fn hold_back(&mut self, bucket: &Bucket) {
        let waiting = self.buckets.iter().filter(|other| waits_for(other, bucket));
        for bucket in waiting.chain([bucket]) {
            if self.lagging_from(bucket).is_none() {
                self.state
                    .note(&bucket.id, &bucket.kind, Some(self.state.watermark));
            }
        }
    }

    /// Returns the buckets that lag behind.
    pub(super) fn lagging(&self) -> Vec<Bucket> {
        self.buckets
            .iter()
            .filter(|bucket| self.lagging_from(bucket).is_some())
            .cloned()
            .collect()
    }

    /// Returns what to read to bring `bucket` up to the watermark; `None` if it does not lag behind.
    ///
    /// What its samples depend on is read along, and what feeds the same metric, to know what was sent of the same time.
    pub(super) fn catch_up(&self, bucket: &Bucket) -> Option<DevicePlan> {
        let from = self.lagging_from(bucket)?;
        let wanted = self
            .buckets
            .iter()
            .filter(|other| depend_on_each_other(other, bucket));
        let given_up = self
            .given_up
            .iter()
            .filter(|other| feed_one_metric(other, bucket));
        let companions = wanted
            .chain(given_up)
            .filter(|other| other.id != bucket.id)
            .cloned()
            .collect();
        let buckets = vec![BucketPlan {
            bucket: bucket.clone(),
            start: Start::FirstAfter(from),
        }];
        Some(DevicePlan {
            server: self.server,
            from,
            buckets,
            companions,
        })
    }

    /// Returns the budget of the day of `time`, for `limit` label sets, with what was sent of it.
    pub(super) fn budget(&self, limit: usize, time: Time) -> Budget {
        let of_day = self.label_sets_of(utc_day(time));
        let admitted = of_day.map(|known| known.hashes.clone());
        Budget::new(limit, time, admitted.unwrap_or_default())
    }

    /// Returns the label sets that were sent of a day; `None` of any but the newest.
    pub(super) fn label_sets_of(&self, day: Time) -> Option<&LabelSets> {
        let known = self.state.label_sets.as_ref();
        known.filter(|known| known.day == day)
    }

    /// Remembers the label sets of the newest day that is sent.
    pub(super) fn remember(&mut self, budget: &Budget) {
        self.state.label_sets = Some(LabelSets {
            day: budget.day(),
            hashes: budget.admitted().clone(),
        });
    }

    /// Goes on with what a slice until `until` has made of `focus`. Windows that lag behind stay where they are.
    pub(super) fn follow(&mut self, focus: Option<Focus>, until: Time) {
        self.focus = focus;
        let keeps_up = |bucket: &&Bucket| is_window(bucket) && self.lagging_from(bucket).is_none();
        if self.buckets.iter().any(|bucket| keeps_up(&bucket))
            && let Some(focus) = &mut self.focus
        {
            focus.reach(until);
        }
    }

    fn lagging_from(&self, bucket: &Bucket) -> Option<Time> {
        self.state.buckets.get(&bucket.id)?.done_until
    }
}

/// Returns up to when other buckets of a device have given the same time as `bucket` would.
fn done_by_rivals(known: &checkpoint::Device, bucket: &Bucket) -> Option<Time> {
    let rivals = known
        .buckets
        .iter()
        .filter(|(id, other)| **id != bucket.id && are_rivals(&other.kind, &bucket.kind));
    rivals.filter_map(|(id, _)| known.done_until(id)).max()
}
