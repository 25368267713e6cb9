use super::Interval;

/// Returns the events of one bucket with no moment counted twice, in order of their starts.
///
/// The rules are those of aw-core 0.5.18's `flood`: events with equal data that overlap or touch become one; an event
/// ends where the next one with other data starts, and what was left of it is dropped. Empty events neither end
/// another one nor come back. `same` tells whether two events have equal data.
///
/// `events` come sorted by start, and by end among equal starts; of two equal intervals the later in order wins.
pub fn without_overlap<T>(
    events: impl IntoIterator<Item = (Interval, T)>,
    same: impl Fn(&T, &T) -> bool,
) -> Vec<(Interval, T)> {
    let mut kept: Vec<(Interval, T)> = Vec::new();
    for (interval, data) in events {
        if interval.is_empty() {
            continue;
        }
        if let Some((last, last_data)) = kept.last_mut() {
            if interval.start() <= last.end() && same(last_data, &data) {
                *last = last.hull(interval);
                continue;
            }
            *last = Interval::new(last.start(), last.end().min(interval.start()));
            if last.is_empty() {
                kept.pop();
            }
        }
        kept.push((interval, data));
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::timeline::Time;

    fn at(start: i64, end: i64) -> Interval {
        Interval::new(Time::from_nanos(start), Time::from_nanos(end))
    }

    fn resolved(events: &[(i64, i64, char)]) -> Vec<(i64, i64, char)> {
        let mut events: Vec<_> = events
            .iter()
            .map(|&(start, end, data)| (at(start, end), data))
            .collect();
        events.sort();
        without_overlap(events, char::eq)
            .into_iter()
            .map(|(interval, data)| (interval.start().nanos(), interval.end().nanos(), data))
            .collect()
    }

    /// A name, events as start, end and data, and what they come to.
    type Case = (
        &'static str,
        &'static [(i64, i64, char)],
        &'static [(i64, i64, char)],
    );

    #[test]
    fn overlaps_are_resolved_as_activitywatch_does() {
        let cases: &[Case] = &[
            (
                "apart",
                &[(0, 5, 'a'), (6, 9, 'b')],
                &[(0, 5, 'a'), (6, 9, 'b')],
            ),
            (
                "same data overlapping",
                &[(0, 5, 'a'), (3, 9, 'a')],
                &[(0, 9, 'a')],
            ),
            (
                "same data inside",
                &[(0, 9, 'a'), (3, 5, 'a')],
                &[(0, 9, 'a')],
            ),
            (
                "same data touching",
                &[(0, 5, 'a'), (5, 9, 'a')],
                &[(0, 9, 'a')],
            ),
            (
                "other data cuts",
                &[(0, 5, 'a'), (3, 9, 'b')],
                &[(0, 3, 'a'), (3, 9, 'b')],
            ),
            (
                "the remainder is dropped",
                &[(0, 9, 'a'), (3, 5, 'b')],
                &[(0, 3, 'a'), (3, 5, 'b')],
            ),
            (
                "equal starts: the longer wins",
                &[(0, 3, 'a'), (0, 9, 'b')],
                &[(0, 9, 'b')],
            ),
            (
                "an empty event cuts nothing",
                &[(0, 9, 'a'), (3, 3, 'b')],
                &[(0, 9, 'a')],
            ),
            (
                "a cut event does not come back",
                &[(0, 9, 'a'), (2, 4, 'b'), (6, 8, 'a')],
                &[(0, 2, 'a'), (2, 4, 'b'), (6, 8, 'a')],
            ),
        ];
        for (name, events, expected) in cases {
            assert_eq!(resolved(events), *expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_moment_is_counted_twice(events in prop::collection::vec((0_i64..50, 0_i64..20, 0_u8..3), 0..20)) {
            let mut events: Vec<_> = events.into_iter().map(|(start, length, data)| (at(start, start + length), data)).collect();
            events.sort();
            let kept = without_overlap(events, u8::eq);
            prop_assert!(kept.windows(2).all(|pair| pair[0].0.end() <= pair[1].0.start()));
            prop_assert!(kept.iter().all(|(interval, _)| !interval.is_empty()));
        }
    }
}
