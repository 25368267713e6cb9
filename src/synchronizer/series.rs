//! What leaves of a device: its series, with its labels and by the person's rules.

use super::Synchronizer;
use super::focus::Carried;
use super::plan::Target;
use crate::activitywatch::{Bucket, DeviceSlice};
use crate::metrics::{Budget, Label, Labelling, Series, Source, device_series};
use crate::settings::Settings;

impl Synchronizer {
    /// Returns the series of a device, with its labels and by the person's rules.
    pub(super) fn series<'a>(
        &self,
        target: &Target,
        sources: impl IntoIterator<Item = Source<'a>>,
        Carried { budget, focus }: &mut Carried,
    ) -> Vec<Series> {
        let common = common_labels(&self.settings, &target.state.host);
        let day_of = self.day_of(target);
        let rules = self.focus_rules(&day_of);
        let focus = focus.as_mut().map(|focus| (focus, rules));
        device_series(sources, self.labelling(target, &common), focus, budget)
    }

    pub(super) fn labelling<'a>(&'a self, target: &Target, common: &'a [Label]) -> Labelling<'a> {
        self.learnt[&target.server].labelling(common, &self.settings.relabel)
    }

    /// Says once that a device has too many label sets, since what is folded cannot be told apart any more.
    pub(super) fn tell_folded(&mut self, target: &Target, budget: &Budget) {
        if budget.folded() > 0 {
            self.notify([format!(
                "`{}` has more than {} label sets a day: the values of further ones become `(other)`\nhint: let fewer labels leave, or raise `series-budget` as far as the receiver bears it",
                target.state.host, self.settings.series_budget
            )]);
        }
    }
}

/// Returns the labels that every series of a device carries.
pub fn common_labels(settings: &Settings, host: &str) -> Vec<Label> {
    let own = [("user", settings.user.as_str()), ("host", host)];
    let own = own
        .into_iter()
        .map(|(name, value)| (name.into(), value.to_owned()));
    let labels = settings
        .labels
        .iter()
        .map(|(name, value)| (name.clone().into(), value.clone()));
    own.chain(labels).collect()
}

/// Returns what all buckets of a slice have to say of its range.
pub(super) fn all_sources(device: &DeviceSlice) -> impl Iterator<Item = Source<'_>> {
    let buckets = device.buckets.iter();
    buckets.map(|(bucket, events)| Source {
        bucket,
        events,
        range: device.range,
    })
}

/// Returns what the buckets of a slice that keep up with their device have to say of its range.
pub(super) fn sources<'a>(
    target: &Target,
    device: &'a DeviceSlice,
) -> impl Iterator<Item = Source<'a>> {
    let keeps_up = |bucket: &Bucket| {
        target
            .state
            .buckets
            .get(&bucket.id)
            .is_some_and(|progress| progress.done_until.is_none())
    };
    all_sources(device).filter(move |source| keeps_up(source.bucket))
}
