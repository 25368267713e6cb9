//! What a slice has from those before it, and how that is made anew where nobody has it.

use chrono::Local;

use super::Synchronizer;
use super::plan::Target;
use crate::activitywatch::{BucketPlan, DevicePlan, ReadPlan, Start};
use crate::day::Day;
use crate::metrics::{Budget, Focus, FocusRules, Source, is_window, say_together};
use crate::settings::Settings;
use crate::stable_hash::stable_hash;
use crate::timeline::{Interval, Time};

/// What is carried from slice to slice of a device.
#[derive(Debug, Clone)]
pub(super) struct Carried {
    /// Its label sets.
    pub(super) budget: Budget,
    /// What the time before says of its user; `None` if no samples are to follow from it.
    pub(super) focus: Option<Focus>,
}

impl Synchronizer {
    /// Returns what `plan` has to begin with at its begin, if nothing of that time was sent before.
    pub(super) async fn carried_to(&self, target: &Target, plan: &DevicePlan) -> Carried {
        Carried {
            budget: Budget::new(self.settings.series_budget, plan.from, [].into()),
            focus: self.focus_anew(target, plan, Time::EPOCH).await,
        }
    }

    /// Returns the focus with which `plan` goes on: what the pass before has left, if that is of this time and these
    /// settings, so that a pass need not read the day again.
    ///
    /// Without it the first samples are those of the plan's begin: what was sent before there were such samples is left
    /// as it is.
    pub(super) async fn focus_to_go_on(&self, target: &Target, plan: &DevicePlan) -> Option<Focus> {
        let known = target.state.focus.as_ref();
        let settings = self.focus_settings(target);
        let day_of = self.day_of(target);
        let reads_windows = plan.buckets.iter().any(|plan| is_window(&plan.bucket));
        if let Some(known) = known.filter(|_| reads_windows)
            && known.goes_on(plan.from, settings, self.focus_rules(&day_of))
        {
            return Some(known.clone());
        }
        let begun = known.map_or(plan.from, |known| known.begun().min(plan.from));
        self.focus_anew(target, plan, begun).await
    }

    /// Returns the focus with which `plan` begins, from the events before; steps before `begun` have no samples.
    ///
    /// `None` if the plan reads no windows, or they cannot be read. Samples that are missing for that are found when the
    /// time is looked at again.
    pub(super) async fn focus_anew(
        &self,
        target: &Target,
        plan: &DevicePlan,
        begun: Time,
    ) -> Option<Focus> {
        if !plan.buckets.iter().any(|plan| is_window(&plan.bucket)) {
            return None;
        }
        let until = plan.from;
        let from = {
            let day_of = self.day_of(target);
            Focus::warm_up(until, self.focus_rules(&day_of)).max(Time::EPOCH)
        };
        let mut focus = Focus::new(from.min(until), begun, self.focus_settings(target));
        if from < until {
            focus = self
                .followed(target, before(plan, from), until, focus)
                .await?;
        }
        focus.reach(until);
        Some(focus)
    }

    /// Returns what `focus` becomes by the time that `plan` reads until `until`.
    async fn followed(
        &self,
        target: &Target,
        plan: DevicePlan,
        until: Time,
        focus: Focus,
    ) -> Option<Focus> {
        let mut carried = Carried {
            budget: Budget::new(self.settings.series_budget, plan.from, [].into()),
            focus: Some(focus),
        };
        let devices = vec![plan];
        let mut slices = self.reader.read(ReadPlan { devices, until });
        let mut is_complete = false;
        while let Some(slice) = slices.recv().await {
            for device in &slice.devices {
                if device.lost.is_some() || !device.failed.is_empty() {
                    return None;
                }
                let buckets = device.buckets.iter().chain(&device.companions);
                let sources = buckets.map(|(bucket, events)| Source {
                    bucket,
                    events,
                    range: device.range,
                });
                self.series(target, sources, &mut carried);
            }
            is_complete = slice.range.end() >= until;
        }
        carried.focus.filter(|_| is_complete)
    }

    /// Returns a function that gives the day of a moment, by the clock of this machine.
    pub(super) fn day_of(&self, target: &Target) -> impl Fn(Time) -> Interval + use<> {
        let begin = self.learnt[&target.server].start_of_day;
        move |time| Day::around(begin, &Local, time).range
    }

    pub(super) fn focus_rules<'a>(&self, day_of: &'a dyn Fn(Time) -> Interval) -> FocusRules<'a> {
        FocusRules {
            min_break: self.settings.min_break,
            day_of,
        }
    }

    /// Returns a hash of all settings that decide what was there before a step, and what it counts as.
    fn focus_settings(&self, target: &Target) -> u64 {
        let Settings {
            user,
            labels,
            min_break,
            category,
            categories_file,
            relabel,
            ..
        } = &self.settings;
        let learnt = &self.learnt[&target.server];
        let text = format!(
            "{user:?}{:?}{labels:?}{min_break:?}{:?}{category:?}{categories_file:?}{:?}{:?}",
            target.state.host,
            learnt.start_of_day,
            learnt.from,
            relabel.configs()
        );
        stable_hash(&text)
    }
}

/// Returns what to read from `from` on to know what was before `plan`: its windows, and what says when somebody was
/// active.
fn before(plan: &DevicePlan, from: Time) -> DevicePlan {
    let buckets = plan
        .buckets
        .iter()
        .filter(|plan| say_together(&plan.bucket));
    let companions = plan
        .companions
        .iter()
        .filter(|bucket| say_together(bucket) && !is_window(bucket));
    DevicePlan {
        server: plan.server,
        from,
        buckets: buckets
            .map(|plan| BucketPlan {
                bucket: plan.bucket.clone(),
                start: Start::At(from),
            })
            .collect(),
        companions: companions.cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{DateTime, NaiveTime, Utc};
    use chrono_tz::Europe::Berlin;
    use serde_json::{Map, json};

    use super::*;
    use crate::activitywatch::{Bucket, Event};
    use crate::metrics::{Categories, Labelling, Rules, device_series};

    #[test]
    fn a_day_on_which_the_clock_changes_has_its_own_length() {
        let four = NaiveTime::from_hms_opt(4, 0, 0).unwrap();
        let day_of = |time: Time| Day::around(four, &Berlin, time).range;
        for (date, hours) in [("2026-03-28", 23), ("2026-10-24", 25), ("2026-10-25", 24)] {
            let noon: DateTime<Utc> = format!("{date}T12:00:00Z").parse().unwrap();
            let day = day_of(Time::from(noon));
            let hour = Duration::from_hours(1);
            let range = Interval::new(day.start() - hour, day.end() + hour);
            let today = today(range, &day_of);
            let of_day = |(time, _): &&(Time, f64)| day.start() <= *time && *time < day.end();
            let of_day: Vec<f64> = today
                .iter()
                .filter(of_day)
                .map(|(_, value)| *value)
                .collect();
            assert_eq!(of_day.first(), Some(&60.0), "{date}");
            assert_eq!(of_day.last(), Some(&(f64::from(hours) * 3600.0)), "{date}");
            assert_eq!(
                today.last().map(|(_, value)| *value),
                Some(3600.0),
                "{date}"
            );
        }
    }

    /// The samples of `aw_today_seconds` where one window is in front all through `range`.
    fn today(range: Interval, day_of: &dyn Fn(Time) -> Interval) -> Vec<(Time, f64)> {
        let bucket = Bucket {
            id: "aw-watcher-window_laptop".to_owned(),
            kind: "currentwindow".to_owned(),
            client: "aw-watcher-window".to_owned(),
            hostname: "laptop".to_owned(),
            synced: false,
        };
        let data: Map<_, _> = [("app".to_owned(), json!("vim"))].into_iter().collect();
        let events = [Event {
            id: None,
            interval: range,
            data: data.into(),
        }];
        let source = Source {
            bucket: &bucket,
            events: &events,
            range,
        };
        let labelling = Labelling {
            common: &[],
            categories: &Categories::default(),
            always_active: None,
            rules: &Rules::default(),
        };
        let rules = FocusRules {
            min_break: Duration::from_mins(5),
            day_of,
        };
        let mut focus = Focus::new(range.start(), range.start(), 0);
        let mut budget = Budget::new(10, range.start(), [].into());
        let all = device_series([source], labelling, Some((&mut focus, rules)), &mut budget);
        let is_today = |name: Option<&str>| name == Some("aw_today_seconds");
        let today = all
            .iter()
            .filter(|series| is_today(series.labels.get("__name__")));
        today
            .flat_map(|series| &series.samples)
            .map(|sample| (Time::from_millis(sample.timestamp_ms), sample.value))
            .collect()
    }
}
