use std::borrow::Cow;
use std::collections::BTreeMap;

/// The longest label value, in bytes. Receivers cut or refuse longer ones; VictoriaMetrics drops the series in silence.
pub(crate) const MAX_VALUE_BYTES: usize = 1024;

/// The most labels of a series. VictoriaMetrics drops what has more than 30, in silence.
const MAX_LABELS: usize = 30;

/// A series' identity: names and values, the metric's own name among them as `__name__`.
///
/// Sorted by name, each name once, at most 30, no value empty or longer than 1 KiB: what the remote-write specification demands,
/// and what makes equal label sets equal in memory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Vec<(Cow<'static, str>, String)>);

impl Labels {
    /// Returns the label set of `pairs`, in any order.
    ///
    /// An empty value is the same as no label, so it is left out. A value that is too long is cut between two
    /// characters. Of two pairs with one name the earlier stays, and of too many those with the first names.
    pub fn new<N: Into<Cow<'static, str>>>(pairs: impl IntoIterator<Item = (N, String)>) -> Self {
        let mut labels: Vec<_> = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        for (_, value) in &mut labels {
            value.truncate(value.floor_char_boundary(MAX_VALUE_BYTES));
        }
        labels.sort_by(|(one, _), (other, _)| one.cmp(other));
        labels.dedup_by(|(one, _), (other, _)| one == other);
        labels.truncate(MAX_LABELS);
        Self(labels)
    }

    /// Names and values, ascending by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_str()))
    }

    /// Returns the value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(label, _)| *label == name)
            .map(|(_, value)| value)
    }
}

/// One value of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Milliseconds since the Unix epoch: the middle of the sample's step.
    pub timestamp_ms: i64,
    /// Seconds of the step, unless the metric says otherwise.
    pub value: f64,
}

/// A label set with its samples, oldest first, each timestamp once, never none.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What the samples are of.
    pub labels: Labels,
    /// The values.
    pub samples: Vec<Sample>,
}

/// Returns each label set once, ascending, with all its samples in order of time; those of one step as their sum.
///
/// Rules can give two devices one label set, and no receiver stores two samples of one series and one time.
pub fn joined(series: impl IntoIterator<Item = Series>) -> Vec<Series> {
    let mut all = BTreeMap::<Labels, Vec<Sample>>::new();
    for Series { labels, samples } in series {
        all.entry(labels).or_default().extend(samples);
    }
    let in_order = |(labels, mut samples): (Labels, Vec<Sample>)| {
        samples.sort_by_key(|sample| sample.timestamp_ms);
        samples.dedup_by(|later, sum| {
            let is_same = later.timestamp_ms == sum.timestamp_ms;
            if is_same {
                sum.value += later.value;
            }
            is_same
        });
        Series { labels, samples }
    };
    all.into_iter().map(in_order).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&'static str, &str)]) -> Labels {
        Labels::new(pairs.iter().map(|&(name, value)| (name, value.to_owned())))
    }

    #[test]
    fn label_sets_are_equal_in_any_order() {
        assert_eq!(
            labels(&[("app", "vim"), ("__name__", "m")]),
            labels(&[("__name__", "m"), ("app", "vim")])
        );
        assert_eq!(
            labels(&[("app", "vim"), ("title", "")]),
            labels(&[("app", "vim")])
        );
        assert_eq!(
            labels(&[("app", "vim"), ("app", "ed")]).get("app"),
            Some("vim")
        );
    }

    #[test]
    fn samples_of_one_label_set_and_step_are_added_up() {
        let series = |app, samples: &[(i64, f64)]| Series {
            labels: labels(&[("app", app)]),
            samples: samples
                .iter()
                .map(|&(timestamp_ms, value)| Sample {
                    timestamp_ms,
                    value,
                })
                .collect(),
        };
        let given = [
            series("vim", &[(30_000, 1.0), (150_000, 2.0)]),
            series("ed", &[(30_000, 5.0)]),
            series("vim", &[(30_000, 4.0), (90_000, 8.0)]),
        ];
        let expected = [
            series("ed", &[(30_000, 5.0)]),
            series("vim", &[(30_000, 5.0), (90_000, 8.0), (150_000, 2.0)]),
        ];
        assert_eq!(joined(given), expected);
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let long = "ü".repeat(600);
        assert_eq!(
            labels(&[("app", &long)]).get("app").map(str::len),
            Some(1024)
        );
        let odd = format!("x{long}");
        assert_eq!(
            labels(&[("app", &odd)]).get("app").map(str::len),
            Some(1023)
        );
    }
}
