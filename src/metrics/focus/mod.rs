//! What one minute alone does not tell: how long somebody has been at it without a break, how often they went to another
//! app, and how much of the day has gone into what.
//!
//! All three follow the active time of `aw_window_seconds`, and all three depend on what came before. That is carried
//! along as a [`Focus`]. It is only a cache, since the events from [`Focus::warm_up`] on give the same: a sample depends
//! on nothing that is further back, however time is sliced.

mod streak;
mod switches;
mod today;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::steps::Steps;
use super::{Label, Labelling, Labels, meta, window};
use crate::activitywatch::{Bucket, Event};
use crate::timeline::{Interval, Step, Time};
use streak::Streak;
use switches::InFront;
use today::Today;

const STREAK: &str = "aw_focus_streak_seconds";
const SWITCHES: &str = "aw_switches";
const TODAY: &str = "aw_today_seconds";

/// Whether the samples of a metric depend on the time before them, so that what comes late changes later ones too.
pub fn depends_on_the_past(metric: &str) -> bool {
    matches!(metric, STREAK | SWITCHES | TODAY)
}

/// Whether the samples of a metric add up over time; of those of the others the largest says most.
pub fn adds_up(metric: &str) -> bool {
    !matches!(metric, STREAK | TODAY)
}

/// What decides where a streak and a day begin.
#[derive(Clone, Copy)]
pub struct FocusRules<'a> {
    /// A pause of at least this length is a break. At least a step, so that no step holds two streaks.
    pub min_break: Duration,
    /// Returns the person's day in which a moment lies.
    pub day_of: &'a dyn Fn(Time) -> Interval,
}

/// What the past of a device says about the focus of its user, up to a point in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Focus {
    at: Time,
    begun: Time,
    settings: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    streak: Option<Streak>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    in_front: Option<InFront>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    today: Option<Today>,
}

impl Focus {
    /// Returns the focus of somebody of whom nothing is known before `at`, a time on the step grid.
    ///
    /// Steps before `begun` have no samples. `settings` is a hash of all else that samples depend on.
    pub const fn new(at: Time, begun: Time, settings: u64) -> Self {
        Self {
            at,
            begun,
            settings,
            streak: None,
            in_front: None,
            today: None,
        }
    }

    /// Returns from when on the events have to be known so that no sample after `time`, which is on the step grid, depends
    /// on earlier ones.
    pub fn warm_up(time: Time, rules: FocusRules<'_>) -> Time {
        let of_streak = time - streak::LONGEST - rules.min_break;
        let begin = (rules.day_of)(time).start().min(of_streak);
        Step::containing(begin).start()
    }

    /// All before it is in.
    pub const fn at(&self) -> Time {
        self.at
    }

    /// Steps before it have no samples.
    pub const fn begun(&self) -> Time {
        self.begun
    }

    /// Whether it goes on at `time` under `rules` and under the other settings of that hash.
    pub fn goes_on(&self, time: Time, settings: u64, rules: FocusRules<'_>) -> bool {
        let is_a_day = |today: &Today| (rules.day_of)(today.begin()).start() == today.begin();
        self.at == time && self.settings == settings && self.today.as_ref().is_none_or(is_a_day)
    }

    /// Notes that nothing more happens before `time`.
    pub fn reach(&mut self, time: Time) {
        self.at = self.at.max(time);
    }

    /// Takes in the windows of the time that follows, and returns what their steps come to.
    pub(super) fn follow(
        &mut self,
        windows: &[ActiveWindow<'_>],
        rules: FocusRules<'_>,
        labelling: Labelling<'_>,
    ) -> BTreeMap<Labels, Steps> {
        let mut taken = Taken::by(labelling);
        let mut windows: Vec<ActiveWindow> = windows.to_vec();
        windows.sort_by_key(|window| window.interval);
        let mut of = |metric| taken.of(metric, &windows);
        let (for_streak, for_switches, for_today) = (of(STREAK), of(SWITCHES), of(TODAY));
        let mut all = Vec::new();
        let streaks = streak::follow(&mut self.streak, &for_streak, rules.min_break);
        all.extend(labels_of(STREAK, None, labelling).map(|labels| (labels, streaks)));
        let switches = switches::follow(&mut self.in_front, &for_switches, rules.min_break);
        all.extend(labels_of(SWITCHES, None, labelling).map(|labels| (labels, switches)));
        let of_category = |category: &str| labels_of(TODAY, Some(category), labelling);
        all.extend(today::follow(
            &mut self.today,
            &for_today,
            rules.day_of,
            of_category,
        ));

        let mut series = BTreeMap::<Labels, Steps>::new();
        for (labels, mut steps) in all {
            steps.retain(|step| step.start() >= self.begun);
            if !steps.is_empty() {
                series.entry(labels).or_default().extend(steps);
            }
        }
        series
    }
}

/// A part of a window's event in which somebody was there, or nobody knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct ActiveWindow<'a> {
    pub(super) interval: Interval,
    pub(super) bucket: &'a Bucket,
    pub(super) event: &'a Event,
    pub(super) category: &'a str,
    /// The value of the label `active`.
    pub(super) active: &'static str,
}

/// Which windows the rules let through: what they drop counts in no metric.
struct Taken<'a> {
    labelling: Labelling<'a>,
    known: HashMap<(&'static str, &'static str, usize), bool>,
}

impl<'a> Taken<'a> {
    fn by(labelling: Labelling<'a>) -> Self {
        Self {
            labelling,
            known: HashMap::new(),
        }
    }

    /// Returns the windows that count in a metric: the rules are asked as if it had the labels of `aw_window_seconds`, so
    /// that a rule on an app or a title leaves its time out of here as well.
    fn of(&mut self, metric: &'static str, windows: &[ActiveWindow<'a>]) -> Vec<ActiveWindow<'a>> {
        if self.labelling.rules.is_empty() {
            return windows.to_vec();
        }
        let is_taken = |window: &&ActiveWindow<'a>| {
            let key = (metric, window.active, window.event.data.place());
            let labelling = self.labelling;
            *self
                .known
                .entry(key)
                .or_insert_with(|| takes(labelling, metric, window))
        };
        windows.iter().filter(is_taken).copied().collect()
    }
}

fn takes(labelling: Labelling<'_>, metric: &str, window: &ActiveWindow<'_>) -> bool {
    let own = [
        ("__name__", metric),
        ("app", window::app(window.event)),
        ("category", window.category),
        ("active", window.active),
    ];
    let own = own.map(|(name, value)| (name.into(), value.to_owned()));
    let mut labels: Vec<Label> = own.into();
    labels.extend(meta::labels(window.bucket, &window.event.data));
    labelling.final_labels(labels).is_some()
}

/// Returns the labels of a series; `None` if the rules drop it.
fn labels_of(metric: &str, category: Option<&str>, labelling: Labelling<'_>) -> Option<Labels> {
    let own = [("__name__", Some(metric)), ("category", category)];
    let own = own
        .into_iter()
        .filter_map(|(name, value)| Some((name.into(), value?.to_owned())));
    labelling.final_labels(own.collect())
}

#[cfg(test)]
mod tests;
