//! From events to series: which metric a bucket feeds, which labels an event gives, and the sums of each step.
//!
//! A sample is a pure function of events, settings and step. Sums are made in integer nanoseconds and become seconds
//! once, at the end, so that the same step computed again carries the same bits.

mod active;
mod activity;
mod addition;
mod afk;
mod browser;
mod category;
mod editor;
mod meta;
pub mod relabel;
mod series;
mod web;
mod window;

use std::collections::{BTreeMap, HashMap};

use fancy_regex::Regex;
use serde_json::{Map, Value};

use crate::activitywatch::{Bucket, Event};
use crate::timeline::{Interval, Step, split};
use active::{ActiveTime, Flooded, flooded, focused};
use relabel::without_meta;

pub use addition::{Additions, additions};
pub use category::{Categories, CategoryRule, ExportError, RuleError, SkippedRule};
pub use relabel::{Label, Rules};
pub use series::{Labels, Sample, Series};

/// The value of a label that the watcher left empty.
const UNKNOWN: &str = "unknown";

/// The labels that an event of a bucket gives by itself, the metric's name among them.
type EventLabels = Vec<(&'static str, String)>;

/// What becomes of the labels of an event.
#[derive(Debug, Clone, Copy)]
pub struct Labelling<'a> {
    /// The labels that every series of the device carries.
    pub common: &'a [Label],
    /// What windows are sorted into.
    pub categories: &'a Categories,
    /// Apps and titles during which somebody is there even without a key pressed.
    pub always_active: Option<&'a Regex>,
    /// The rules of the person whose time it is. They come last, and see the meta labels too.
    pub rules: &'a Rules,
}

/// Whether events of these two buckets add up in the same metric.
pub fn feed_one_metric(one: &Bucket, other: &Bucket) -> bool {
    Family::of(one) == Family::of(other)
}

/// Whether the samples of one of these two buckets depend on the events of the other: windows, tabs and the AFK state of
/// a device say together when somebody was active.
pub fn depend_on_each_other(one: &Bucket, other: &Bucket) -> bool {
    let say_together = |bucket| {
        matches!(
            Family::of(bucket),
            Family::Window | Family::Afk | Family::Web
        )
    };
    feed_one_metric(one, other) || say_together(one) && say_together(other)
}

/// Whether `bucket` has to wait where `other` cannot be read: without it, it would give other samples, which cannot be
/// taken back. Windows do not wait for tabs, which say little of them: only that somebody listened.
pub fn waits_for(bucket: &Bucket, other: &Bucket) -> bool {
    match Family::of(bucket) {
        Family::Window => Family::of(other) == Family::Afk,
        Family::Web => matches!(Family::of(other), Family::Afk | Family::Window),
        Family::Afk | Family::Editor | Family::Activity => false,
    }
}

/// Buckets of one family feed one metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Window,
    Afk,
    Web,
    Editor,
    Activity,
}

impl Family {
    fn of(bucket: &Bucket) -> Self {
        match bucket.kind.as_str() {
            "currentwindow" => Self::Window,
            "afkstatus" | "systemafkstatus" => Self::Afk,
            "web.tab.current" => Self::Web,
            "app.editor.activity" => Self::Editor,
            _ => Self::Activity,
        }
    }

    fn labels<'a>(
        self,
        bucket: &Bucket,
        event: &'a Event,
        categories: &mut Sorted<'a, '_>,
    ) -> EventLabels {
        match self {
            Self::Window => window::labels(event, categories.category(&event.data)),
            Self::Afk => afk::labels(event),
            Self::Web => web::labels(bucket, event),
            Self::Editor => editor::labels(bucket, event),
            Self::Activity => activity::labels(bucket),
        }
    }
}

/// What a bucket has to say of a stretch of time.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The bucket.
    pub bucket: &'a Bucket,
    /// Its events. They reach beyond the range, so that their neighbours are known.
    pub events: &'a [Event],
    /// What of them counts; should lie on step edges. Empty if they only say when somebody was active.
    pub range: Interval,
}

/// Returns the series of one device, ascending by labels.
///
/// A step without activity has no sample. Events that a rule drops, or whose metric's name a rule takes away, are left
/// out.
pub fn device_series<'a>(
    sources: impl IntoIterator<Item = Source<'a>>,
    labelling: Labelling<'_>,
) -> Vec<Series> {
    let mut sums = HashMap::<Vec<Label>, BTreeMap<Step, i64>>::new();
    let mut sorted = Sorted {
        categories: labelling.categories,
        known: HashMap::new(),
    };
    let sources: Vec<(Source, Flooded)> = sources
        .into_iter()
        .map(|source| (source, flooded(source.events)))
        .collect();
    let seen = Seen::by(&sources, labelling.always_active);
    for (index, (Source { bucket, range, .. }, events)) in sources.iter().enumerate() {
        let family = Family::of(bucket);
        for (interval, event, own) in seen.pieces(index, family, events) {
            let Some(inside) = interval.intersect(*range) else {
                continue;
            };
            let labels = family
                .labels(bucket, event, &mut sorted)
                .into_iter()
                .chain(own);
            let mut labels: Vec<Label> = labels.map(|(name, value)| (name.into(), value)).collect();
            if !labelling.rules.is_empty() {
                labels.extend(meta::labels(bucket, event));
            }
            let steps = sums.entry(labels).or_default();
            for (step, nanos) in split(inside) {
                *steps.entry(step).or_default() += nanos;
            }
        }
    }
    // What differs in the events can be equal in the series: rules join label sets, and so does the longest length of
    // a value.
    let mut series = BTreeMap::<Labels, BTreeMap<Step, i64>>::new();
    for (labels, steps) in sums {
        let Some(labels) = labelling.final_labels(labels) else {
            continue;
        };
        let sums = series.entry(labels).or_default();
        for (step, nanos) in steps {
            *sums.entry(step).or_default() += nanos;
        }
    }
    let samples = |steps: BTreeMap<Step, i64>| steps.into_iter().map(sample).collect();
    series
        .into_iter()
        .map(|(labels, steps)| Series {
            labels,
            samples: samples(steps),
        })
        .collect()
}

/// What the buckets of a device see together.
struct Seen<'a> {
    active: ActiveTime,
    /// For each web bucket, by its place, its tabs while their browser was in front.
    tabs: HashMap<usize, Flooded<'a>>,
}

/// A part of an event with the labels that it has beside the event's own.
type Piece<'a> = (Interval, &'a Event, Option<(&'static str, String)>);

impl<'a> Seen<'a> {
    fn by(sources: &[(Source<'a>, Flooded<'a>)], always_active: Option<&Regex>) -> Self {
        let of = |wanted: Family| {
            sources
                .iter()
                .enumerate()
                .filter(move |(_, (source, _))| Family::of(source.bucket) == wanted)
        };
        let events = |(_, (_, events)): (usize, &(Source<'a>, Flooded<'a>))| events.clone();
        let windows: Flooded = of(Family::Window).flat_map(events).collect();
        // A lid that is open says that the machine is awake, not that somebody is there.
        let mut watchers = of(Family::Afk)
            .filter(|(_, (source, _))| source.bucket.kind == "afkstatus")
            .peekable();
        let afk: Option<Flooded> = watchers
            .peek()
            .is_some()
            .then(|| watchers.flat_map(events).collect());
        let tabs: HashMap<usize, Flooded> = of(Family::Web)
            .map(|(index, (source, events))| (index, focused(source.bucket, events, &windows)))
            .collect();
        let is_always_active = |text: &str| {
            always_active.is_some_and(|pattern| pattern.is_match(text).unwrap_or(false))
        };
        let active = ActiveTime::new(
            &windows,
            afk.as_deref(),
            tabs.values().flatten(),
            is_always_active,
        );
        Self { active, tabs }
    }

    fn pieces(
        &self,
        index: usize,
        family: Family,
        events: &[(Interval, &'a Event)],
    ) -> Vec<Piece<'a>> {
        let events = match family {
            Family::Window => events,
            Family::Web => self.tabs.get(&index).map_or(&[][..], Vec::as_slice),
            Family::Afk | Family::Editor | Family::Activity => {
                return events
                    .iter()
                    .map(|&(interval, event)| (interval, event, None))
                    .collect();
            }
        };
        let pieces = self.active.pieces(events).into_iter();
        pieces
            .map(|piece| {
                (
                    piece.interval,
                    piece.event,
                    Some(("active", piece.active.label().to_owned())),
                )
            })
            .collect()
    }
}

/// Categories with what they made of events, since most data come again and again and matching costs microseconds.
struct Sorted<'a, 'c> {
    categories: &'c Categories,
    known: HashMap<&'a Map<String, Value>, &'c str>,
}

impl<'a, 'c> Sorted<'a, 'c> {
    fn category(&mut self, data: &'a Map<String, Value>) -> &'c str {
        self.known
            .entry(data)
            .or_insert_with(|| self.categories.categorize(data))
    }
}

impl Labelling<'_> {
    fn final_labels(self, labels: Vec<Label>) -> Option<Labels> {
        let labels = labels.into_iter().chain(self.common.iter().cloned());
        if self.rules.is_empty() {
            return Some(Labels::new(labels));
        }
        let labels = Labels::new(without_meta(self.rules.apply(labels.collect())?));
        labels
            .get("__name__")
            .is_some_and(is_metric_name)
            .then_some(labels)
    }
}

/// Whether a metric may have this name.
fn is_metric_name(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
}

fn sample((step, nanos): (Step, i64)) -> Sample {
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^53 ns = 104 days, and a step of one series is far below"
    )]
    let value = nanos as f64 / 1e9;
    Sample {
        timestamp_ms: step.timestamp_ms(),
        value,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

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
        let serde_json::Value::Object(data) =
            json!({"app": format!("app{app}"), "title": "secret"})
        else {
            unreachable!("an object literal")
        };
        Event {
            id: None,
            interval: Interval::new(Time::from_millis(from_ms), Time::from_millis(to_ms)),
            data,
        }
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
            event.data.insert(
                "app".to_owned(),
                format!("{}{end}", "x".repeat(2000)).into(),
            );
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
        let mut rules: HashMap<String, Vec<relabel::RelabelConfig>> =
            toml::from_str(rules).unwrap();
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
}
