use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::activitywatch::model;
use crate::metrics::{Budget, Categories, CategoryRule, Rules, Series, Source, device_series};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn bucket(kind: &str) -> Bucket {
    Bucket {
        id: format!("bucket-of-{kind}"),
        kind: kind.to_owned(),
        client: "aw-watcher-test".to_owned(),
        hostname: "laptop".to_owned(),
        synced: false,
    }
}

fn event(from_s: i64, to_s: i64, data: Value) -> Event {
    let Value::Object(data) = data else {
        unreachable!("an object literal")
    };
    Event {
        id: Some(from_s),
        interval: Interval::new(
            Time::from_millis(from_s * 1000),
            Time::from_millis(to_s * 1000),
        ),
        data: data.into(),
    }
}

fn window(from_s: i64, to_s: i64, app: &str) -> Event {
    event(
        from_s,
        to_s,
        json!({"app": app, "title": format!("{app}'s secret")}),
    )
}

fn minutes(from: i64, until: i64) -> Interval {
    Interval::new(
        Time::from_millis(from * MINUTE),
        Time::from_millis(until * MINUTE),
    )
}

/// Days of 24 hours that begin at 04:00 in UTC.
fn day_of(time: Time) -> Interval {
    let day = (time.millis() - 4 * HOUR).div_euclid(24 * HOUR);
    let start = Time::from_millis(day * 24 * HOUR + 4 * HOUR);
    Interval::new(start, start + Duration::from_hours(24))
}

const RULES: FocusRules = FocusRules {
    min_break: Duration::from_mins(5),
    day_of: &day_of,
};

/// Apps of two letters are `Work`, one of three is `Work > Mail`.
fn categories() -> Categories {
    let rule = |name: &[&str], regex: &str| CategoryRule {
        name: name.iter().map(|&part| part.to_owned()).collect(),
        regex: Some(regex.to_owned()),
        ..CategoryRule::default()
    };
    Categories::new([rule(&["Work"], "^..$"), rule(&["Work", "Mail"], "^...$")]).0
}

/// What the events of a device come to within `range`, after `focus`; the budget is zero.
fn series(
    windows: &[Event],
    afk: Option<&[Event]>,
    range: Interval,
    focus: &mut Focus,
    rules: &Rules,
) -> Vec<Series> {
    let (of_windows, of_afk) = (bucket("currentwindow"), bucket("afkstatus"));
    let windows = Source {
        bucket: &of_windows,
        events: windows,
        range,
    };
    let afk = afk.map(|events| Source {
        bucket: &of_afk,
        events,
        range,
    });
    let categories = categories();
    let labelling = Labelling {
        common: &[],
        categories: &categories,
        always_active: None,
        rules,
    };
    let mut budget = Budget::new(0, range.start(), BTreeSet::new());
    let sources = [windows].into_iter().chain(afk);
    let mut series = device_series(sources, labelling, Some((focus, RULES)), &mut budget);
    focus.reach(range.end());
    series.retain(|series| {
        let name = series.labels.get("__name__").unwrap_or_default();
        name != "aw_window_seconds" && name != "aw_afk_seconds"
    });
    series
}

fn begun(at: Time) -> Focus {
    Focus::new(at, at, 0)
}

/// Minute and value of each sample, by metric and category.
fn rendered(series: &[Series]) -> String {
    let line = |Series { labels, samples }: &Series| {
        let name = labels.get("__name__").unwrap_or_default();
        let category = labels.get("category").unwrap_or("-");
        let samples: Vec<String> = samples
            .iter()
            .map(|sample| format!("{}@{}", sample.value, sample.timestamp_ms / MINUTE))
            .collect();
        format!("{name} {category}: {}", samples.join(" "))
    };
    let lines: Vec<String> = series.iter().map(line).collect();
    lines.join("\n")
}

/// The series without rules, of somebody of whom nothing is known before.
fn from_the_begin(windows: &[Event], afk: Option<&[Event]>, range: Interval) -> Vec<Series> {
    let mut focus = begun(range.start());
    series(windows, afk, range, &mut focus, &Rules::default())
}

#[test]
fn each_step_says_how_things_stand_at_its_end() {
    let windows = [
        window(0, 90, "ed"),
        window(90, 150, "vim"),
        window(150, 200, "ed"),
        window(499, 510, "mutt"), // a pause of a second less than a break
        window(810, 830, "ed"),   // a break
        window(840, 850, "vim"),
    ];
    let range = minutes(0, 20);
    let series = from_the_begin(&windows, None, range);
    insta::assert_snapshot!(rendered(&series), @"
    aw_focus_streak_seconds -: 60@0 120@1 180@2 200@3 510@8 20@13 40@14
    aw_switches -: 1@1 1@2 1@8 1@14
    aw_today_seconds Uncategorized: 11@8
    aw_today_seconds Work: 60@0 90@1 120@2 140@3 160@13
    aw_today_seconds Work > Mail: 30@1 60@2 70@14
    ");
}

#[test]
fn only_active_time_counts() {
    let windows = [window(0, 600, "ed"), window(600, 900, "vim")];
    let afk = [
        event(0, 30, json!({"status": "not-afk"})),
        event(30, 610, json!({"status": "afk"})),
        event(610, 640, json!({"status": "not-afk"})),
    ];
    let range = minutes(0, 20);
    let series = from_the_begin(&windows, Some(&afk), range);
    insta::assert_snapshot!(rendered(&series), @"
    aw_focus_streak_seconds -: 30@0 30@10
    aw_today_seconds Work: 30@0
    aw_today_seconds Work > Mail: 30@10
    ");
}

#[test]
fn a_day_begins_anew() {
    let windows = [window(4 * 3600 - 90, 4 * 3600 + 90, "ed")];
    let range = minutes(230, 250);
    let series = from_the_begin(&windows, None, range);
    insta::assert_snapshot!(rendered(&series), @"
    aw_focus_streak_seconds -: 30@238 90@239 150@240 180@241
    aw_today_seconds Work: 30@238 90@239 60@240 90@241
    ");
}

#[test]
fn a_streak_is_followed_for_a_day() {
    let windows = [window(0, 30 * 3600, "ed")];
    let mut focus = begun(Time::EPOCH);
    let series = series(
        &windows,
        None,
        minutes(0, 30 * 60),
        &mut focus,
        &Rules::default(),
    );
    let streak = &series[0].samples;
    let longest = streak.iter().map(|sample| sample.value);
    assert_eq!(longest.reduce(f64::max), Some(86_400.0));
    assert_eq!(streak.len(), 30 * 60);
}

#[test]
fn steps_before_the_begin_are_left_out_and_count() {
    let windows = [window(0, 180, "ed"), window(180, 240, "vim")];
    let mut focus = Focus::new(Time::EPOCH, Time::from_millis(2 * MINUTE), 0);
    let series = series(&windows, None, minutes(0, 5), &mut focus, &Rules::default());
    insta::assert_snapshot!(rendered(&series), @"
    aw_focus_streak_seconds -: 180@2 240@3
    aw_switches -: 1@3
    aw_today_seconds Work: 180@2
    aw_today_seconds Work > Mail: 60@3
    ");
}

fn rules(toml: &str) -> Rules {
    let mut rules: HashMap<String, Vec<crate::metrics::relabel::RelabelConfig>> =
        toml::from_str(toml).unwrap();
    Rules::new(rules.remove("rule").unwrap()).unwrap()
}

#[test]
fn what_a_rule_drops_is_nobodys_time() {
    let windows = [
        window(0, 60, "ed"),
        window(60, 400, "mutt"),
        window(400, 420, "ed"),
    ];
    let drop = |source: &str, regex: &str| {
        let rules = rules(&format!(
            "[[rule]]\nsource-labels = ['{source}']\nregex = '{regex}'\naction = 'drop'"
        ));
        rendered(&series(
            &windows,
            None,
            minutes(0, 10),
            &mut begun(Time::EPOCH),
            &rules,
        ))
    };
    insta::assert_snapshot!(drop("app", "mutt"), @"
    aw_focus_streak_seconds -: 60@0 20@6
    aw_today_seconds Work: 60@0 80@6
    ");
    assert_eq!(drop("__data_title", "mutt.*"), drop("app", "mutt"));
    insta::assert_snapshot!(drop("__name__", "aw_(window|focus_streak|today)_seconds"), @"aw_switches -: 1@1 1@6");
}

#[test]
fn categories_that_get_one_name_are_one() {
    let windows = [
        window(0, 30, "ed"),
        window(30, 90, "vim"),
        window(90, 100, "mutt"),
    ];
    let rules = rules(
        r"
        [[rule]]
        source-labels = ['category']
        regex = 'Work.*'
        target-label = 'category'
        replacement = 'Job'
        ",
    );
    let series = series(
        &windows,
        None,
        minutes(0, 10),
        &mut begun(Time::EPOCH),
        &rules,
    );
    insta::assert_snapshot!(rendered(&series[2..]), @"
    aw_today_seconds Job: 60@0 90@1
    aw_today_seconds Uncategorized: 10@1
    ");
}

#[test]
fn a_focus_goes_on_only_where_it_ended_and_under_the_same_settings() {
    let mut focus = begun(Time::EPOCH);
    series(
        &[window(5 * 3600, 5 * 3600 + 60, "ed")],
        None,
        minutes(0, 360),
        &mut focus,
        &Rules::default(),
    );
    let end = Time::from_millis(360 * MINUTE);
    assert!(focus.goes_on(end, 0, RULES));
    assert!(!focus.goes_on(Time::from_millis(361 * MINUTE), 0, RULES));
    assert!(!focus.goes_on(end, 1, RULES));
    let in_another_zone = |time: Time| {
        let day = day_of(time - Duration::from_hours(1));
        Interval::new(
            day.start() + Duration::from_hours(1),
            day.end() + Duration::from_hours(1),
        )
    };
    let rules = FocusRules {
        day_of: &in_another_zone,
        ..RULES
    };
    assert!(!focus.goes_on(end, 0, rules));
    let stored = serde_json::to_string(&focus).unwrap();
    assert_eq!(serde_json::from_str::<Focus>(&stored).unwrap(), focus);
    assert!(!stored.contains("ed"), "{stored}");
}

/// Each sample's bits, by labels and timestamp.
type Samples = BTreeMap<(Labels, i64), u64>;

fn samples(series: Vec<Series>) -> Samples {
    let of = |Series { labels, samples }: Series| {
        samples.into_iter().map(move |sample| {
            (
                (labels.clone(), sample.timestamp_ms),
                sample.value.to_bits(),
            )
        })
    };
    series.into_iter().flat_map(of).collect()
}

fn device() -> impl Strategy<Value = (Vec<Event>, Option<Vec<Event>>)> {
    let data = |values: Vec<Value>| {
        prop::sample::select(values).prop_map(|value| match value {
            Value::Object(data) => data,
            _ => unreachable!("an object literal"),
        })
    };
    let apps = ["ed", "vi", "vim", "mutt"].map(|app| json!({"app": app}));
    let states = ["afk", "not-afk"].map(|status| json!({"status": status}));
    (
        model::events(30, data(apps.into())),
        prop::option::of(model::events(12, data(states.into()))),
    )
}

proptest! {
    // Days of steps, many times over.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn slicing_changes_no_sample_whether_the_past_is_carried_or_read_again(
        (windows, afk) in device(),
        chosen in prop::collection::vec(any::<bool>(), 1..20),
        is_forgotten in prop::collection::vec(any::<bool>(), 1..20),
    ) {
        let read = |range: Interval, focus: &mut Focus| {
            let afk = afk.as_ref().map(|afk| model::read(afk, range));
            series(&model::read(&windows, range), afk.as_deref(), range, focus, &Rules::default())
        };
        let whole = samples(read(model::whole(), &mut begun(Time::EPOCH)));
        let mut sliced = Samples::new();
        let mut focus = begun(Time::EPOCH);
        let all = windows.iter().chain(afk.iter().flatten());
        for (range, is_forgotten) in model::slices(all, &chosen).into_iter().zip(is_forgotten.iter().cycle()) {
            if *is_forgotten {
                let from = Focus::warm_up(range.start(), RULES).max(Time::EPOCH);
                focus = begun(from);
                read(Interval::new(from, range.start()), &mut focus);
            }
            sliced.extend(samples(read(range, &mut focus)));
        }
        let differs = sliced.iter().zip(&whole).find(|(sliced, whole)| sliced != whole);
        prop_assert_eq!(differs, None);
        prop_assert_eq!(sliced.len(), whole.len());
    }

    #[test]
    fn the_largest_of_a_day_is_its_active_time((windows, afk) in device()) {
        let afk = afk.as_ref().map(|afk| model::read(afk, model::whole()));
        let windows = model::read(&windows, model::whole());
        let series = series(&windows, afk.as_deref(), model::whole(), &mut begun(Time::EPOCH), &Rules::default());
        let mut largest = BTreeMap::<(Option<String>, i64), f64>::new();
        let today = series.iter().filter(|series| series.labels.get("__name__") == Some(TODAY));
        for Series { labels, samples } in today {
            for sample in samples {
                let day = day_of(Time::from_millis(sample.timestamp_ms)).start().millis();
                let of_day = largest.entry((labels.get("category").map(str::to_owned), day)).or_default();
                prop_assert!(sample.value > *of_day);
                *of_day = sample.value;
            }
        }
        let truth = active_seconds(&windows, afk.as_deref());
        prop_assert_eq!(largest.len(), truth.len());
        for (found, truth) in largest.iter().zip(&truth) {
            prop_assert!(found.0 == truth.0 && (found.1 - truth.1).abs() < 1e-6, "{found:?} {truth:?}");
        }
    }
}

/// The sums of `aw_window_seconds` over each day, of active time.
fn active_seconds(
    windows: &[Event],
    afk: Option<&[Event]>,
) -> BTreeMap<(Option<String>, i64), f64> {
    let (of_windows, of_afk) = (bucket("currentwindow"), bucket("afkstatus"));
    let source = |bucket, events| Source {
        bucket,
        events,
        range: model::whole(),
    };
    let windows = source(&of_windows, windows);
    let afk = afk.map(|events| source(&of_afk, events));
    let categories = categories();
    let labelling = Labelling {
        common: &[],
        categories: &categories,
        always_active: None,
        rules: &Rules::default(),
    };
    let mut budget = Budget::new(2000, Time::EPOCH, BTreeSet::new());
    let mut sums = BTreeMap::new();
    for Series { labels, samples } in device_series(
        [windows].into_iter().chain(afk),
        labelling,
        None,
        &mut budget,
    ) {
        if labels.get("__name__") == Some("aw_window_seconds")
            && labels.get("active") != Some("false")
        {
            for sample in samples {
                let day = day_of(Time::from_millis(sample.timestamp_ms))
                    .start()
                    .millis();
                *sums
                    .entry((labels.get("category").map(str::to_owned), day))
                    .or_default() += sample.value;
            }
        }
    }
    sums
}
