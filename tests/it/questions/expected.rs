//! The true answer to each question.

use super::truth::{Answer, START_OF_DAY, Sample, Truth};

const WINDOWS: &str = "aw_window_seconds";
const DAY: i64 = 24 * 60;
const WEEK: i64 = 7 * DAY;

/// When a question is asked, in minutes since the epoch, and what its variables say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) at: i64,
    /// The end of the dashboard's range.
    pub(super) end: i64,
    /// `$__range`.
    pub(super) range: i64,
    /// `$__interval`.
    pub(super) interval: i64,
    /// `$goal`, in hours.
    pub(super) goal: f64,
}

impl Moment {
    /// The dashboard's range.
    fn all(self) -> (i64, i64) {
        (self.end - self.range, self.end)
    }

    /// The last so many minutes.
    fn last(self, minutes: i64) -> (i64, i64) {
        (self.at - minutes, self.at)
    }

    /// The step that begins here.
    fn step(self) -> (i64, i64) {
        (self.at, self.at + self.interval)
    }
}

/// What is right.
pub(super) enum Expected {
    /// These values and no others.
    Exactly(Answer),
    /// One of these: of equal values any may be the largest.
    OneOf(Vec<Answer>),
    /// A value between these, for each of the keys: what depends on the moment of the sync.
    Between(Vec<String>, f64, f64),
}

type Reckon = fn(&Truth, Moment) -> Answer;

/// Returns what is right for the question at `place`, or `None` if nobody knows.
pub(super) fn expected(place: &str, truth: &Truth, moment: Moment) -> Option<Expected> {
    // It speaks of itself as the machine that it runs on.
    let hosts = || {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        vec![name.trim().to_owned()]
    };
    let between = |from, to| Some(Expected::Between(hosts(), from, to));
    match place {
        "today: What, when A" => {
            let categories = active(truth, &["category"], moment.step());
            let ones = largest(&categories)
                .into_iter()
                .map(|one| map(one, |_| 1.0));
            return Some(Expected::OneOf(ones.collect()));
        }
        "4. What was I doing when? A" => {
            let categories = active(truth, &["category"], moment.last(1));
            return Some(Expected::OneOf(largest(&categories)));
        }
        // Of the agent itself: it has just synced.
        "devices: Computers A" => return between(0.0, 900.0),
        "devices: Behind A" | "devices: Samples delivered A" if moment.step().1 < moment.end => {
            return Some(Expected::Exactly(Answer::new()));
        }
        "devices: Computers B" | "devices: Behind A" | "devices: Computers D" => {
            return between(0.0, 0.0);
        }
        "devices: Computers C" | "devices: Samples delivered A" => return between(1e4, 1e6),
        "devices: Versions A" => {
            let version = env!("CARGO_PKG_VERSION");
            let keys = hosts()
                .iter()
                .map(|host| format!("{host},{version}"))
                .collect();
            return Some(Expected::Between(keys, 1.0, 1.0));
        }
        "12. All machines: how long was I active, with nothing counted twice? C" => {
            let keys = hosts().iter().map(|host| format!("{host},ada")).collect();
            return Some(Expected::Between(keys, 0.0, 900.0));
        }
        _ => {}
    }
    let reckon = RECKONED.iter().find(|(known, _)| *known == place)?.1;
    Some(Expected::Exactly(reckon(truth, moment)))
}

#[rustfmt::skip]
const RECKONED: &[(&str, Reckon)] = &[
    ("today: Active time A", |truth, now| one(person(truth, now.all()))),
    ("today: Active time B", |truth, now| one(person(truth, earlier(now.all(), DAY)))),
    ("today: Of the goal A", |truth, now| one(person(truth, now.all()) / (now.goal * 3600.0))),
    ("today: From, to A", |truth, now| one(first_minute(truth, now.all()) * 60_000.0)),
    ("today: From, to B", |truth, now| one((last_minute(truth, now.all()) + 1.0) * 60_000.0)),
    ("today: At the keyboard A", |truth, now| at_keyboard(truth, &[], now.all())),
    ("today: What, when B", |truth, now| {
        let half = seconds(now.interval) / 2.0;
        let away = truth.total("aw_afk_seconds", &[], now.step(), |one| one.label("status") == "afk");
        let there = active(truth, &[], now.step());
        let is_away = away.values().any(|value| *value > half) && !there.values().any(|value| *value > half);
        if is_away { one(1.0) } else { Answer::new() }
    }),
    ("today: Hours of the day A", |truth, now| map(active(truth, &["category"], now.step()), |value| value / 60.0)),
    ("today: Categories A", |truth, now| active(truth, &["category"], now.all())),
    ("today: Apps A", |truth, now| active(truth, &["app"], now.all())),
    ("today: Sites A", |truth, now| truth.total("aw_web_seconds", &["domain"], now.all(), |_| true)),
    ("today: Projects A", |truth, now| truth.total("aw_editor_seconds", &["project"], now.all(), |_| true)),

    ("weeks: Day by day A", |truth, now| {
        let mut hours = map(active(truth, &["category"], now.step()), |value| value / 3600.0);
        hours.entry("Uncategorized".to_owned()).or_insert(0.0);
        hours
    }),
    ("weeks: In this range A", |truth, now| active(truth, &[], now.all())),
    ("weeks: In this range B", |truth, now| map(active(truth, &[], now.all()), |value| value / (seconds(now.range) / 86400.0))),
    ("weeks: Trend and goal A", |truth, now| map(active(truth, &[], now.last(WEEK)), |value| value / 7.0 / 3600.0)),
    ("weeks: Trend and goal B", |_, now| one(now.goal)),
    ("weeks: Categories A", |truth, now| active(truth, &["category"], now.all())),
    ("weeks: This week and the last A", |truth, now| active(truth, &["category"], now.all())),
    ("weeks: This week and the last B", |truth, now| active(truth, &["category"], earlier(now.all(), WEEK))),
    ("weeks: This week and the last C", |truth, now| {
        active(truth, &["category"], (now.at - now.range - WEEK, now.at - now.range))
    }),
    ("weeks: Hours of the week A", busy_minutes),
    ("weeks: Hours of the week B", busy_minutes),

    ("focus: Longest block A", |truth, now| truth.largest("aw_focus_streak_seconds", &[], now.all(), f64::max)),
    ("focus: Changes of app A", |truth, now| switches(truth, &[], now.all())),
    ("focus: Changes an hour A", |truth, now| {
        let hours = active(truth, &[], now.all())[""] / 3600.0;
        map(switches(truth, &[], now.all()), |count| count / hours)
    }),
    ("focus: Apps in use A", |truth, now| {
        let apps = active(truth, &["app"], now.all());
        #[expect(clippy::cast_precision_loss, reason = "a handful of apps")]
        let count = apps.values().filter(|value| **value >= 300.0).count() as f64;
        one(count)
    }),
    ("focus: Block by block A", |truth, now| truth.largest("aw_focus_streak_seconds", &["host"], now.step(), f64::max)),
    ("focus: Changes of app, hour by hour A", |truth, now| switches(truth, &["host"], now.step())),
    ("focus: Longest block of each day, two weeks A", |truth, now| {
        map(truth.largest("aw_focus_streak_seconds", &["host"], now.step(), f64::max), |value| value / 3600.0)
    }),
    ("focus: Categories of ActivityWatch's day A", |truth, now| truth.largest("aw_today_seconds", &["category"], now.all(), |a, b| a + b)),
    ("focus: Spread over apps A", |truth, now| active(truth, &["app"], now.all())),

    ("devices: Silent computers A", |_, _| one(0.0)),
    ("devices: Refused samples A", |_, _| one(0.0)),
    ("devices: Active, last seven days A", |truth, now| one(person(truth, now.last(WEEK)))),
    ("devices: Active, last seven days B", |truth, now| active(truth, &[], now.last(WEEK))),
    ("devices: At two computers A", |truth, now| {
        map(active(truth, &[], now.last(WEEK)), |value| value - person(truth, now.last(WEEK)))
    }),
    ("devices: Day by day A", |truth, now| map(active(truth, &["host"], now.step()), |value| value / 3600.0)),
    ("devices: Active time by computer A", |truth, now| active(truth, &["host"], now.all())),
    ("devices: At the keyboard by computer A", |truth, now| at_keyboard(truth, &["host"], now.all())),

    ("1. How long was I active, by app? A", |truth, now| active(truth, &["app"], now.last(DAY))),
    ("2. How much time did each category take this week? A", |truth, now| active(truth, &["category"], now.last(WEEK))),
    ("3. The same per day A", |truth, now| active(truth, &["category"], now.last(DAY))),
    ("5. What was my longest stretch without a break? A", |truth, now| {
        let longest = truth.largest("aw_focus_streak_seconds", &["host"], now.last(DAY), f64::max);
        longest.into_iter().map(|(host, value)| (format!("{host},ada"), value)).collect()
    }),
    ("6. How scattered was I? A", |truth, now| switches(truth, &[], now.last(DAY))),
    ("7. What share of the time was somebody at the keyboard? A", |truth, now| at_keyboard(truth, &[], now.last(DAY))),
    ("8. This week against last? A", |truth, now| {
        let last = active(truth, &["category"], earlier(now.last(WEEK), WEEK));
        let this = active(truth, &["category"], now.last(WEEK));
        this.into_iter().filter_map(|(key, value)| Some((key.clone(), value - last.get(&key)?))).collect()
    }),
    ("9. When in the day am I most active? A", |truth, now| active(truth, &[], now.last(60))),
    ("10. Am I over my limit? A", |truth, now| {
        let media = truth.total(WINDOWS, &[], now.last(DAY), |one| is_active(one) && one.label("category").starts_with("Media"));
        media.into_iter().filter(|(_, value)| *value > 7200.0).collect()
    }),
    ("10. Am I over my limit? B", |truth, now| {
        let mut today = truth.largest("aw_today_seconds", &["category"], now.last(15), |a, b| a + b);
        today.retain(|category, _| category.starts_with("Media"));
        today
    }),
    ("11. When did I start and stop? A", |truth, now| one((first_minute(truth, now.last(DAY)) + 1.0) * 60.0)),
    ("11. When did I start and stop? B", |truth, now| one((last_minute(truth, now.last(DAY)) + 1.0) * 60.0)),
    ("12. All machines: how long was I active, with nothing counted twice? A", |truth, now| one(person(truth, now.last(DAY)))),
    ("12. All machines: how long was I active, with nothing counted twice? B", |truth, now| active(truth, &["host"], now.last(DAY))),
    ("When something may be stored twice A", |truth, now| active(truth, &["app"], now.last(DAY))),
    ("rules: AwMachineSilent", |_, _| Answer::new()),
    ("rules: AwSyncLagging", |_, _| Answer::new()),
    ("rules: AwSamplesRefused", |_, _| Answer::new()),
    ("rules: AwLimitExceeded", |truth, now| over(today(truth, now, "Media"), 7200.0)),
    ("rules: AwGoalReached", |truth, now| over(today(truth, now, "Work"), 6.0 * 3600.0)),
    ("rules: AwNoBreak", |truth, now| {
        let last = truth.last("aw_focus_streak_seconds", now.last(15)).into_iter();
        let streaks = last.map(|sample| (format!("{},ada", sample.label("host")), sample.value));
        over(streaks.collect(), 7200.0)
    }),
    ("rules: user_host_category:aw_window_seconds:sum1h", |truth, now| hour(truth, now, "category")),
    ("rules: user_host_app:aw_window_seconds:sum1h", |truth, now| hour(truth, now, "app")),

    ("What it sends A", |truth, now| active(truth, &["app"], now.last(DAY))),
];

fn one(value: f64) -> Answer {
    Answer::from([(String::new(), value)])
}

fn map(answer: Answer, change: impl Fn(f64) -> f64) -> Answer {
    answer
        .into_iter()
        .map(|(key, value)| (key, change(value)))
        .collect()
}

fn earlier((from, until): (i64, i64), minutes: i64) -> (i64, i64) {
    (from - minutes, until - minutes)
}

fn is_active(sample: &Sample) -> bool {
    sample.label("active") != "false"
}

/// Active seconds at all hosts.
fn active(truth: &Truth, by: &[&str], range: (i64, i64)) -> Answer {
    truth.total(WINDOWS, by, range, is_active)
}

/// Keeps what is above a limit.
fn over(mut answer: Answer, limit: f64) -> Answer {
    answer.retain(|_, value| *value > limit);
    answer
}

/// Seconds of the day so far in a category and those below it, at all hosts.
fn today(truth: &Truth, now: Moment, category: &str) -> Answer {
    let begin = (now.at - START_OF_DAY).div_euclid(DAY) * DAY + START_OF_DAY;
    let last = truth.last("aw_today_seconds", (begin, now.at));
    let wanted = last
        .into_iter()
        .filter(|sample| sample.label("category").starts_with(category));
    let sum: f64 = wanted.map(|sample| sample.value).sum();
    Answer::from([("ada".to_owned(), sum)])
}

/// Active seconds of the hour that ended a quarter of an hour ago.
fn hour(truth: &Truth, now: Moment, label: &str) -> Answer {
    // Labels come in the order of their names.
    let by = if label < "host" {
        [label, "host"]
    } else {
        ["host", label]
    };
    let hour = active(truth, &by, (now.at - 75, now.at - 15));
    hour.into_iter()
        .map(|(key, value)| (format!("{key},ada"), value))
        .collect()
}

fn switches(truth: &Truth, by: &[&str], range: (i64, i64)) -> Answer {
    truth.total("aw_switches", by, range, |_| true)
}

/// Active seconds of the person: a minute at two computers is one.
fn person(truth: &Truth, range: (i64, i64)) -> f64 {
    let minutes = truth.active_minutes(range);
    minutes.values().map(|value| value.min(60.0)).sum()
}

/// Active minutes of the step, of which an hour has sixty.
fn busy_minutes(truth: &Truth, now: Moment) -> Answer {
    let sum: f64 = active(truth, &[], now.step()).values().sum();
    one(sum.min(3600.0) / 60.0)
}

fn at_keyboard(truth: &Truth, by: &[&str], range: (i64, i64)) -> Answer {
    let watched = truth.total("aw_afk_seconds", by, range, |_| true);
    let there = truth.total("aw_afk_seconds", by, range, |one| {
        one.label("status") == "not-afk"
    });
    there
        .into_iter()
        .map(|(key, value)| (key.clone(), value / watched[&key]))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "minutes since 1970")]
fn first_minute(truth: &Truth, range: (i64, i64)) -> f64 {
    let minutes = truth.active_minutes(range);
    *minutes.first_key_value().expect("an active minute").0 as f64
}

#[expect(clippy::cast_precision_loss, reason = "minutes since 1970")]
fn last_minute(truth: &Truth, range: (i64, i64)) -> f64 {
    let minutes = truth.active_minutes(range);
    *minutes.last_key_value().expect("an active minute").0 as f64
}

#[expect(clippy::cast_precision_loss, reason = "at most a year")]
fn seconds(minutes: i64) -> f64 {
    (minutes * 60) as f64
}

/// Returns the largest value alone, once for each key that it has but for rounding; nothing of nothing.
fn largest(answer: &Answer) -> Vec<Answer> {
    let Some(largest) = answer.values().copied().reduce(f64::max) else {
        return vec![Answer::new()];
    };
    let largest = answer.iter().filter(|(_, value)| largest - **value < 1e-6);
    largest
        .map(|(key, value)| Answer::from([(key.clone(), *value)]))
        .collect()
}
