//! The parts of the past that are gone through once more: of which device which time.

use std::collections::BTreeMap;

use super::Synchronizer;
use super::focus::Carried;
use super::plan::Target;
use crate::activitywatch::{Bucket, DeviceSlice, ReadPlan, Start};
use crate::checkpoint::Refused;
use crate::metrics::{Series, Source};
use crate::timeline::{Interval, Step, Time, utc_day};

/// Stretches of several devices, each given by its place among the targets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stretches(BTreeMap<usize, Vec<Interval>>);

impl Stretches {
    /// Adds what of `stretch` lies before `end`.
    pub(super) fn add(&mut self, place: usize, stretch: Interval, end: Time) {
        let before_end = Interval::new(stretch.start(), stretch.end().min(end));
        if !before_end.is_empty() {
            self.0.entry(place).or_default().push(before_end);
        }
    }

    /// Returns the stretches of a device that lie within `range`, cut to it, in order of time and apart.
    pub(super) fn of(&self, place: usize, range: Interval) -> Vec<Interval> {
        let stretches = self.0.get(&place).into_iter().flatten();
        joined(stretches.filter_map(|stretch| stretch.intersect(range)))
    }

    /// Returns the stretches of time of which something is to be done for some device, in order and apart.
    pub(super) fn ranges(&self) -> Vec<Interval> {
        joined(self.0.values().flatten().copied())
    }

    /// Returns the places of the devices of which something is to be done within `range`, and what to read of them.
    ///
    /// Reading begins with the day: which names the series budget lets through is decided from there on.
    pub(super) fn plan(&self, targets: &[Target], range: Interval) -> (Vec<usize>, ReadPlan) {
        let begins = self.0.keys().filter_map(|&place| {
            let first = self.of(place, range).first().copied()?;
            Some((place, utc_day(first.start())))
        });
        let (places, devices) = begins
            .map(|(place, begin)| (place, targets[place].all(Start::FirstAfter(begin))))
            .unzip();
        let until = range.end();
        (places, ReadPlan { devices, until })
    }
}

impl Synchronizer {
    /// Returns what is remembered as refused of the devices that are there, within `range`, and how many stretches are
    /// of other devices.
    pub(super) fn refused_stretches(
        &self,
        targets: &[Target],
        range: Interval,
        is_wanted: impl Fn(&Refused) -> bool,
    ) -> (Stretches, usize) {
        let mut stretches = Stretches::default();
        let mut elsewhere = 0;
        let refused = self
            .endpoint()
            .map_or(&[][..], |endpoint| &endpoint.refused);
        for refused in refused.iter().filter(|refused| is_wanted(refused)) {
            let Some(stretch) = Interval::new(refused.from, refused.until).intersect(range) else {
                continue;
            };
            let is_of = |target: &Target| {
                (&target.state.user, &target.state.host) == (&refused.user, &refused.host)
            };
            match targets.iter().position(is_of) {
                Some(place) => stretches.add(place, stretch, targets[place].state.watermark),
                None => elsewhere += 1,
            }
        }
        (stretches, elsewhere)
    }

    /// Returns the samples of a device that lie within `stretches`, as a pass would have sent them by now.
    ///
    /// What buckets that lag behind have yet to bring is left to the pass that brings it.
    pub(super) fn computed(
        &self,
        target: &Target,
        device: &DeviceSlice,
        stretches: &[Interval],
        carried: &mut Carried,
    ) -> Vec<Series> {
        let range = device.range;
        let brought = |bucket: &Bucket| {
            let until = target.state.done_until(&bucket.id);
            let until = until.unwrap_or(range.start()).min(range.end());
            Interval::new(range.start(), until)
        };
        let sources = device.buckets.iter().map(|(bucket, events)| Source {
            bucket,
            events,
            range: brought(bucket),
        });
        clipped(self.series(target, sources, carried), stretches)
    }
}

/// Returns the samples of the steps within `stretches`.
pub(super) fn clipped(series: Vec<Series>, stretches: &[Interval]) -> Vec<Series> {
    let is_inside = |timestamp_ms: i64| {
        let start = Step::of_timestamp_ms(timestamp_ms).start();
        let holds = |stretch: &Interval| stretch.start() <= start && start < stretch.end();
        stretches.iter().any(holds)
    };
    let mut clipped = series;
    for series in &mut clipped {
        series
            .samples
            .retain(|sample| is_inside(sample.timestamp_ms));
    }
    clipped.retain(|series| !series.samples.is_empty());
    clipped
}

/// Returns stretches in order of time, those that overlap or touch as one.
fn joined(stretches: impl Iterator<Item = Interval>) -> Vec<Interval> {
    let mut sorted: Vec<Interval> = stretches.collect();
    sorted.sort_unstable();
    let mut joined = Vec::<Interval>::new();
    for stretch in sorted {
        match joined.last_mut() {
            Some(last) if stretch.start() <= last.end() => *last = last.hull(stretch),
            _ => joined.push(stretch),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(from: i64, until: i64) -> Interval {
        let minute = |minute: i64| Time::from_millis(minute * 60_000);
        Interval::new(minute(from), minute(until))
    }

    #[test]
    fn stretches_of_all_devices_come_in_order_of_time() {
        let mut stretches = Stretches::default();
        let end = minutes(0, 100).end();
        for (place, from, until) in [
            (1, 40, 50),
            (0, 0, 10),
            (0, 5, 20),
            (1, 15, 30),
            (1, 90, 200),
        ] {
            stretches.add(place, minutes(from, until), end);
        }
        stretches.add(2, minutes(100, 120), end);
        assert_eq!(
            stretches.ranges(),
            [minutes(0, 30), minutes(40, 50), minutes(90, 100)]
        );
        assert_eq!(stretches.of(0, minutes(0, 30)), [minutes(0, 20)]);
        assert_eq!(
            stretches.of(1, minutes(20, 45)),
            [minutes(20, 30), minutes(40, 45)]
        );
        assert_eq!(stretches.of(2, minutes(0, 200)), []);
    }
}
