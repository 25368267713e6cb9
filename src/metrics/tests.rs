use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;
use serde_json::json;

use super::active::flooded;
use super::*;
use crate::timeline::Time;

fn bucket(kind: &str) -> Bucket {
    Bucket {
        id: format!("bucket-of-{kind}"),
        kind: kind.to_owned(),
        client: "aw-watcher-test".to_owned(),
        hostname: "laptop".to_owned(),
        synced: false,
    }
}

fn event(from_ms: i64, to_ms: i64, app: u8) -> Event {
    let serde_json::Value::Object(data) = json!({"app": format!("app{app}"), "title": "secret"})
    else {
        unreachable!("an object literal")
    };
    Event {
        id: None,
        interval: Interval::new(Time::from_millis(from_ms), Time::from_millis(to_ms)),
        data: data.into(),
    }
}

fn budget() -> Budget {
    Budget::new(2000, Time::EPOCH, BTreeSet::new())
}

/// The series of one window bucket within a range.
fn window_series(events: &[Event], range: Interval, common: &[Label]) -> Vec<Series> {
    let bucket = bucket("currentwindow");
    device_series(
        [Source {
            bucket: &bucket,
            events,
            range,
        }],
        Labelling {
            common,
            categories: &Categories::default(),
            always_active: None,
            rules: &Rules::default(),
        },
        None,
        &mut budget(),
    )
}

fn range(from_ms: i64, to_ms: i64) -> Interval {
    Interval::new(Time::from_millis(from_ms), Time::from_millis(to_ms))
}

fn rendered(series: &[Series]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for Series { labels, samples } in series {
        let labels: Vec<_> = labels
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        let samples: Vec<_> = samples
            .iter()
            .map(|sample| format!("{}@{}", sample.value, sample.timestamp_ms))
            .collect();
        writeln!(text, "{{{}}} {}", labels.join(","), samples.join(" ")).unwrap();
    }
    text
}

#[test]
fn window_events_become_seconds_per_app_and_step() {
    let events = [event(0, 90_000, 1), event(90_000, 100_500, 2)];
    let common = [
        ("host".into(), "laptop".to_owned()),
        ("user".into(), "ada".to_owned()),
    ];
    insta::assert_snapshot!(rendered(&window_series(&events, range(0, 120_000), &common)), @r#"
    {__name__="aw_window_seconds",active="unknown",app="app1",category="Uncategorized",host="laptop",user="ada"} 60@30000 30@90000
    {__name__="aw_window_seconds",active="unknown",app="app2",category="Uncategorized",host="laptop",user="ada"} 10.5@90000
    "#);
}

#[test]
fn nothing_outside_the_range_is_counted() {
    let events = [event(-30_000, 90_000, 1)];
    insta::assert_snapshot!(rendered(&window_series(&events, range(0, 60_000), &[])), @r#"{__name__="aw_window_seconds",active="unknown",app="app1",category="Uncategorized"} 60@30000"#);
    assert_eq!(window_series(&events, range(120_000, 180_000), &[]), []);
}

#[test]
fn names_that_are_equal_once_cut_share_one_series() {
    let named = |from_ms, to_ms, end: &str| {
        let mut event = event(from_ms, to_ms, 1);
        let mut data = event.data.into_map();
        data.insert(
            "app".to_owned(),
            format!("{}{end}", "x".repeat(2000)).into(),
        );
        event.data = data.into();
        event
    };
    let events = [named(0, 20_000, "a"), named(20_000, 50_000, "b")];
    let series = window_series(&events, range(0, 60_000), &[]);
    assert_eq!(series.len(), 1);
    assert_eq!(
        series[0].samples,
        [Sample {
            timestamp_ms: 30_000,
            value: 50.0
        }]
    );
}

#[test]
fn rules_see_what_the_event_holds_and_their_series_add_up() {
    let rules = r#"
        [[rule]] # opt in
        source-labels = ["__data_title"]
        target-label = "title"
        [[rule]]
        source-labels = ["app"]
        regex = "app[12]"
        target-label = "app"
        replacement = "(hidden)"
        [[rule]]
        source-labels = ["app"]
        regex = "app3"
        action = "drop"
        [[rule]]
        source-labels = ["__bucket_type", "app"]
        regex = "currentwindow;app4"
        target-label = "__name__"
        replacement = ""
    "#;
    let mut rules: HashMap<String, Vec<relabel::RelabelConfig>> = toml::from_str(rules).unwrap();
    let rules = Rules::new(rules.remove("rule").unwrap()).unwrap();
    let events = [
        event(0, 10_000, 1),
        event(10_000, 30_000, 2),
        event(30_000, 40_000, 3),
        event(40_000, 50_000, 4),
    ];
    let bucket = bucket("currentwindow");
    let source = Source {
        bucket: &bucket,
        events: &events,
        range: range(0, 60_000),
    };
    let series = device_series(
        [source],
        Labelling {
            common: &[],
            categories: &Categories::default(),
            always_active: None,
            rules: &rules,
        },
        None,
        &mut budget(),
    );
    insta::assert_snapshot!(rendered(&series), @r#"{__name__="aw_window_seconds",active="unknown",app="(hidden)",category="Uncategorized",title="secret"} 30@30000"#);
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec((0_i64..600_000, 0_i64..200_000, 0_u8..4), 0..40).prop_map(|events| {
        let mut events: Vec<_> = events
            .into_iter()
            .map(|(start, length, app)| event(start, start + length, app))
            .collect();
        events.sort_by_key(|event| event.interval);
        events
    })
}

proptest! {
    #[test]
    fn steps_add_up_to_the_intervals(events in events()) {
        let exact: i64 = flooded(&events)
            .iter().map(|(interval, _)| interval.nanos()).sum();
        let series = window_series(&events, range(0, 1_200_000), &[]);
        let seconds: f64 = series.iter().flat_map(|series| &series.samples).map(|sample| sample.value).sum();
        #[expect(clippy::cast_precision_loss, reason = "minutes in a test")]
        let expected = exact as f64 / 1e9;
        prop_assert!((seconds - expected).abs() < 1e-6);
    }

    #[test]
    fn slicing_changes_no_sample(events in events(), cut in 1_i64..19) {
                    let cut = cut * 60_000;
        let samples = |range| -> BTreeMap<(Labels, i64), u64> {
            window_series(&events, range, &[]).into_iter()
                .flat_map(|Series { labels, samples }| samples.into_iter().map(move |sample| ((labels.clone(), sample.timestamp_ms), sample.value.to_bits())))
                .collect()
        };
        let mut pieces = samples(range(0, cut));
        pieces.extend(samples(range(cut, 1_200_000)));
        prop_assert_eq!(pieces, samples(range(0, 1_200_000)));
    }
}
