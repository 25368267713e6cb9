use super::series::all_sources;
use super::{Now, Problem, Synchronizer, common_labels};
use crate::activitywatch::Start;
use crate::metrics::{RuleEffect, Series, joined, rule_effects};
use crate::remote_write::batches;
use crate::timeline::{Interval, horizon};

/// What would be sent of a stretch of time.
#[derive(Debug)]
pub struct Preview {
    /// What of the stretch is final; the rest is not looked at.
    pub range: Interval,
    /// The devices, in the order in which they are sent.
    pub devices: Vec<DevicePreview>,
    /// How many requests it takes.
    pub requests: usize,
    /// How many bytes they have, headers aside.
    pub bytes: usize,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// What would be sent of one device.
#[derive(Debug)]
pub struct DevicePreview {
    /// The label `user`, before any rule.
    pub user: String,
    /// The label `host`, before any rule.
    pub host: String,
    /// The ActivityWatch server that it is read from.
    pub server: String,
    /// Its series, ascending by labels.
    pub series: Vec<Series>,
    /// What each rule does, in their order.
    pub effects: Vec<RuleEffect>,
}

impl Synchronizer {
    /// Returns what a pass would send of `range` if none of it had been sent. Sends nothing and remembers nothing.
    ///
    /// The series budget begins anew with the range, which on the first of two UTC days may let more names through.
    pub async fn preview(&mut self, now: Now, range: Interval) -> Preview {
        let until = range.end().min(horizon(now.wall, self.settings.settle));
        let range = Interval::new(range.start(), until);
        let start = Start::At(range.start());
        let mut anew = self.read_anew(now.monotonic, start, until).await;
        let mut all = vec![Vec::new(); anew.targets.len()];
        let rules = self.settings.relabel.configs().len();
        let mut effects = vec![vec![RuleEffect::default(); rules]; anew.targets.len()];
        let (mut requests, mut bytes) = (0, 0);
        while let Some(slice) = self.next_slice(&mut anew).await {
            let mut of_slice = Vec::new();
            for device in &slice.devices {
                let place = device.device;
                let target = &anew.targets[place];
                let common = common_labels(&self.settings, &target.state.host);
                let of_rules = rule_effects(all_sources(device), self.labelling(target, &common));
                for (sum, effect) in effects[place].iter_mut().zip(of_rules) {
                    sum.changed += effect.changed;
                    sum.dropped += effect.dropped;
                }
                let series = self.series_anew(device, &mut anew);
                all[place].extend(series.iter().cloned());
                of_slice.extend(series);
            }
            for batch in batches(&of_slice) {
                requests += 1;
                bytes += batch.body.len();
            }
        }
        let devices = anew.targets.into_iter().zip(all).zip(effects);
        let devices = devices.map(|((target, series), effects)| DevicePreview {
            user: target.state.user,
            host: target.state.host,
            server: target.state.server,
            series: joined(series),
            effects,
        });
        Preview {
            range,
            devices: devices.collect(),
            requests,
            bytes,
            problems: anew.report.problems,
        }
    }
}
