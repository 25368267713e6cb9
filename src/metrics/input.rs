//! `aw_input_presses`, `aw_input_clicks` and `aw_input_scrolls`: how often keys and buttons were pressed, and how far
//! wheels turned, from buckets of type `os.hid.input`.

use super::count::{BILLION, Count};
use crate::activitywatch::Event;

/// Each metric with the keys of the data that add up to it. Movements of the mouse are not counted: their pixels mean
/// something else on each screen.
const METRICS: [(&str, &[&str]); 3] = [
    ("aw_input_presses", &["presses"]),
    ("aw_input_clicks", &["clicks"]),
    ("aw_input_scrolls", &["scrollX", "scrollY"]),
];

/// The most that one event can hold of one thing; what says more is as wrong as what says less than none.
const MOST: f64 = 1e9;

/// An event holds how much there was during it. What is no number, or none that can be a count, counts as none.
pub(super) fn counts(event: &Event) -> Vec<Count> {
    let count = |key: &&str| {
        let number = event.data.get(*key)?.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "at most a billion billionths"
        )]
        (0.0..=MOST)
            .contains(&number)
            .then(|| (number * BILLION).round() as i64)
    };
    METRICS
        .iter()
        .map(|(metric, keys)| Count {
            metric,
            billionths: keys.iter().filter_map(count).sum(),
            during: event.interval,
        })
        .filter(|count| count.billionths > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::timeline::{Interval, Time};

    fn counts_of(data: Value) -> Vec<(&'static str, i64)> {
        let Value::Object(data) = data else {
            unreachable!("an object literal")
        };
        let event = Event {
            id: None,
            interval: Interval::new(Time::EPOCH, Time::from_millis(5_000)),
            data: data.into(),
        };
        counts(&event)
            .into_iter()
            .map(|count| (count.metric, count.billionths))
            .collect()
    }

    #[test]
    fn keys_buttons_and_both_wheels_are_counted() {
        let data = json!({"presses": 5, "clicks": 1, "deltaX": 310, "deltaY": 22, "scrollX": 2, "scrollY": 3});
        assert_eq!(
            counts_of(data),
            [
                ("aw_input_presses", 5_000_000_000),
                ("aw_input_clicks", 1_000_000_000),
                ("aw_input_scrolls", 5_000_000_000)
            ]
        );
    }

    #[test]
    fn what_can_be_no_count_counts_as_none() {
        for odd in [
            json!(null),
            json!("5"),
            json!(-5),
            json!(1e300),
            json!({"a": [1]}),
            json!(0),
        ] {
            assert_eq!(
                counts_of(json!({"presses": odd, "clicks": 0.5})),
                [("aw_input_clicks", 500_000_000)]
            );
        }
    }
}
