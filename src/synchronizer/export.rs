use super::{Now, PassReport, Problem, Progress, Synchronizer};
use crate::activitywatch::{ReadError, Start};
use crate::metrics::{Series, joined};
use crate::timeline::{Interval, Time, horizon};

/// All samples of a stretch of time.
#[derive(Debug)]
pub struct Export {
    /// The series of all devices, ascending by labels.
    pub series: Vec<Series>,
    /// What could not be read, and so is missing; empty if nothing is.
    pub problems: Vec<Problem>,
}

impl Synchronizer {
    /// Returns the samples of `range`, which ends on the step grid, as a pass would send them if none had been sent.
    /// Sends nothing and remembers nothing.
    ///
    /// Whether the end of the range is final is for the caller to know. The series budget begins anew with the range.
    /// Devices that rules give equal labels come as one, with the sum of both.
    pub async fn export(&mut self, now: Now, range: Interval, watch: impl Fn(Progress)) -> Export {
        let until = range.end();
        let start = Start::FirstAfter(range.start());
        let mut anew = self.read_anew(now.monotonic, start, until).await;
        let (mut all, mut from) = (Vec::new(), None);
        while let Some(slice) = self.next_slice(&mut anew).await {
            for device in &slice.devices {
                all.extend(self.series_anew(device, &mut anew));
            }
            watch(Progress {
                from: *from.get_or_insert(slice.range.start()),
                at: slice.range.end(),
                until,
            });
        }
        Export::of(all, anew.report)
    }

    /// Returns the samples of the stretches that are remembered as refused, as a backfill would send them. Sends nothing
    /// and remembers nothing. What is remembered of devices that are not there is left out, with a warning.
    pub async fn export_refused(&mut self, now: Now, watch: impl Fn(Progress)) -> Export {
        let mut report = PassReport::default();
        let targets = self.targets(now.monotonic, Time::EPOCH, &mut report).await;
        let end = horizon(now.wall, self.settings.settle);
        let all = Interval::new(Time::EPOCH, end);
        let (stretches, elsewhere) = self.refused_stretches(&targets, all, |_| true);
        if elsewhere > 0 {
            log::warn!("{elsewhere} refused stretches are left out: their machines are not there");
        }
        let mut samples = Vec::new();
        let mut from = None;
        for range in stretches.ranges() {
            let (places, plan) = stretches.plan(&targets, range);
            let mut carried = Vec::new();
            for (place, plan) in places.iter().zip(&plan.devices) {
                carried.push(self.carried_to(&targets[*place], plan).await);
            }
            let mut slices = self.reader.read(plan);
            let mut is_complete = false;
            while let Some(slice) = slices.recv().await {
                for device in &slice.devices {
                    let failed = device.failed.iter().map(|(_, error)| error);
                    for error in device.lost.iter().chain(failed) {
                        report.add_unless_gone(error.clone());
                    }
                    let place = places[device.device];
                    let wanted = stretches.of(place, device.range);
                    let carried = &mut carried[device.device];
                    samples.extend(self.computed(&targets[place], device, &wanted, carried));
                }
                let at = slice.range.end();
                watch(Progress {
                    from: *from.get_or_insert(slice.range.start()),
                    at,
                    until: end,
                });
                is_complete = at >= range.end();
            }
            if !is_complete {
                report.add(ReadError::BrokeOff);
            }
            for (place, carried) in places.iter().zip(&carried) {
                self.tell_folded(&targets[*place], &carried.budget);
            }
        }
        Export::of(samples, report)
    }
}

impl Export {
    fn of(series: Vec<Series>, report: PassReport) -> Self {
        Self {
            series: joined(series),
            problems: report.problems,
        }
    }
}
