use super::{Interval, Time};

/// The longest gap that is filled, itself included: aw-core's `pulsetime`. Web UI and aw-client never set another.
const LONGEST_GAP_NANOS: i64 = 5_000_000_000;

/// Events with other data that overlap by less than this share the overlap; by so much or more, the later one has it.
const TINY_OVERLAP_NANOS: i64 = 100_000_000;

/// Returns the events of one bucket with short gaps filled and no moment counted twice, ascending and disjoint.
///
/// This is `flood` of aw-core 0.5.18, what the Activity view does to every bucket before it sums. `same` tells whether
/// two events have equal data. Events are sorted by start, then by length; those that are equal in both keep the order
/// in which they come, and of two such with other data the later wins. Then each event meets the next one, once:
///
/// | gap to the next | equal data | other data |
/// |---|---|---|
/// | none | both stay | both stay |
/// | up to 5 s | one event across the gap | each reaches to the middle of the gap |
/// | overlap under 0.1 s | one event | each reaches to the middle of the overlap |
/// | any other overlap | one event | the earlier ends where the later starts, if that has a length; its rest is dropped |
///
/// What follows from it, there as here:
/// - An event without length takes part. A gap can give it length, and then it ends a longer event around it; otherwise
///   it ends none and is dropped, with its half of a tiny overlap.
/// - Only the next event counts: one inside a longer event keeps the end of the longer one from meeting what follows.
///
/// Intervals never run backwards, so a negative duration counts as zero; aw-core lets it take part as it is.
///
/// # Slices
/// What comes out within a range follows from the events that touch it or lie within 5 s of it, and from those begun
/// shortly before, in order. One thing reaches further back. Of two events with equal data and a gap, aw-core lets the
/// longer one have the time and leaves the other empty, at the end or at the start. That changes no sum, unless an event
/// without length and with other data follows in a tiny overlap: then up to 50 ms are lost or not.
///
/// In aw-core every start that is moved is also cut to whole milliseconds. Not here: that fraction moves the end as
/// well, and with it the next start, and so on, so a step would come out otherwise in another slice. The price is at
/// most 2 ms an event, unless a gap is so close to 5 s, or an overlap to 0.1 s, that such a fraction decides; and those
/// 50 ms, where the fraction is what makes an event empty.
///
/// ```
/// use aw_sync_agent::timeline::{Interval, Time, flood};
///
/// let seconds = |from: i64, to: i64| Interval::new(Time::from_millis(from * 1000), Time::from_millis(to * 1000));
/// let events = [(seconds(0, 58), "code"), (seconds(60, 178), "firefox"), (seconds(183, 200), "firefox")];
/// let flooded = flood(events, |one, other| one == other);
/// assert_eq!(flooded, [(seconds(0, 59), "code"), (seconds(59, 200), "firefox")]);
/// ```
pub fn flood<T>(
    events: impl IntoIterator<Item = (Interval, T)>,
    same: impl Fn(&T, &T) -> bool,
) -> Vec<(Interval, T)> {
    let mut spans: Vec<Span<T>> = events.into_iter().map(Span::from).collect();
    spans.sort_by_key(|span| (span.start, span.end));
    for met in 2..=spans.len() {
        if let [.., earlier, later] = &mut spans[..met] {
            meet(earlier, later, &same);
        }
    }
    without_overlap(spans, same)
        .into_iter()
        .map(Span::into)
        .collect()
}

/// An event on its way through, in nanoseconds since the Unix epoch. Unlike an [`Interval`] it may run backwards for a
/// while, when its start was moved beyond its end.
struct Span<T> {
    start: i64,
    end: i64,
    data: T,
}

impl<T> Span<T> {
    const fn length(&self) -> i64 {
        self.end.saturating_sub(self.start)
    }
}

impl<T> From<(Interval, T)> for Span<T> {
    fn from((interval, data): (Interval, T)) -> Self {
        Self {
            start: interval.start().nanos(),
            end: interval.end().nanos(),
            data,
        }
    }
}

impl<T> From<Span<T>> for (Interval, T) {
    fn from(span: Span<T>) -> Self {
        let interval = Interval::new(Time::from_nanos(span.start), Time::from_nanos(span.end));
        (interval, span.data)
    }
}

/// Fills the gap between two neighbours, or resolves their overlap if it is safe to.
fn meet<T>(earlier: &mut Span<T>, later: &mut Span<T>, same: impl Fn(&T, &T) -> bool) {
    let gap = later.start.saturating_sub(earlier.end);
    if gap == 0 || gap > LONGEST_GAP_NANOS {
        return;
    }
    if same(&earlier.data, &later.data) {
        if gap < 0 {
            earlier.start = earlier.start.min(later.start);
            earlier.end = earlier.end.max(later.end);
            later.start = earlier.end;
            later.end = earlier.end;
        } else if earlier.length() >= later.length() {
            earlier.end = later.end;
            later.start = later.end;
        } else {
            later.start = earlier.start;
            earlier.end = earlier.start;
        }
    } else if gap > -TINY_OVERLAP_NANOS {
        let middle = earlier.end + gap / 2;
        earlier.end = middle;
        later.start = middle;
    }
}

/// Drops what has no length, and cuts what overlaps: neighbours were only compared in pairs, and the second pair of an
/// event may have undone what the first one did.
fn without_overlap<T>(spans: Vec<Span<T>>, same: impl Fn(&T, &T) -> bool) -> Vec<Span<T>> {
    let mut kept: Vec<Span<T>> = Vec::with_capacity(spans.len());
    'spans: for span in spans.into_iter().filter(|span| span.start < span.end) {
        while let Some(last) = kept.last_mut().filter(|last| last.end > span.start) {
            if same(&last.data, &span.data) {
                last.end = last.end.max(span.end);
                continue 'spans;
            }
            last.end = span.start;
            if last.start < last.end {
                break;
            }
            kept.pop();
        }
        kept.push(span);
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(start_ms: i64, end_ms: i64) -> Interval {
        Interval::new(Time::from_millis(start_ms), Time::from_millis(end_ms))
    }

    fn flooded(events: &[(i64, i64, char)]) -> Vec<(i64, i64, char)> {
        let events = events
            .iter()
            .map(|&(start, end, data)| (at(start, end), data));
        flood(events, char::eq)
            .into_iter()
            .map(|(interval, data)| (interval.start().millis(), interval.end().millis(), data))
            .collect()
    }

    /// A name, events as start and end in milliseconds with data, and what they come to.
    type Case = (
        &'static str,
        &'static [(i64, i64, char)],
        &'static [(i64, i64, char)],
    );

    #[test]
    fn gaps_are_filled_as_activitywatch_does() {
        let cases: &[Case] = &[
            (
                "a gap between other data is halved",
                &[(0, 1_000, 'a'), (3_000, 4_000, 'b')],
                &[(0, 2_000, 'a'), (2_000, 4_000, 'b')],
            ),
            (
                "a gap between equal data is closed",
                &[(0, 1_000, 'a'), (3_000, 4_000, 'a')],
                &[(0, 4_000, 'a')],
            ),
            (
                "5 s are short",
                &[(0, 1_000, 'a'), (6_000, 7_000, 'a')],
                &[(0, 7_000, 'a')],
            ),
            (
                "more are not",
                &[(0, 1_000, 'a'), (6_001, 7_000, 'a')],
                &[(0, 1_000, 'a'), (6_001, 7_000, 'a')],
            ),
            (
                "the hole between two AFK states",
                &[(0, 1_000, 'a'), (1_002, 2_000, 'b')],
                &[(0, 1_001, 'a'), (1_001, 2_000, 'b')],
            ),
            (
                "a gap gives an event length",
                &[(0, 1_000, 'a'), (3_000, 3_000, 'b'), (9_000, 9_500, 'a')],
                &[(0, 2_000, 'a'), (2_000, 3_000, 'b'), (9_000, 9_500, 'a')],
            ),
            (
                "and then it ends what is around it",
                &[(0, 9_000, 'a'), (3_000, 3_000, 'b'), (5_000, 6_000, 'c')],
                &[(0, 3_000, 'a'), (3_000, 4_000, 'b'), (4_000, 6_000, 'c')],
            ),
            ("nothing comes of nothing", &[(0, 0, 'a')], &[]),
            (
                "an event inside hides the end of the longer one",
                &[(0, 9_000, 'a'), (1_000, 1_000, 'b'), (10_000, 11_000, 'a')],
                &[(0, 9_000, 'a'), (10_000, 11_000, 'a')],
            ),
        ];
        for (name, events, expected) in cases {
            assert_eq!(flooded(events), *expected, "{name}");
        }
    }

    #[test]
    fn overlaps_are_resolved_as_activitywatch_does() {
        let cases: &[Case] = &[
            (
                "equal data becomes one",
                &[(0, 5_000, 'a'), (3_000, 9_000, 'a')],
                &[(0, 9_000, 'a')],
            ),
            (
                "other data cuts",
                &[(0, 5_000, 'a'), (3_000, 9_000, 'b')],
                &[(0, 3_000, 'a'), (3_000, 9_000, 'b')],
            ),
            (
                "the remainder is dropped",
                &[(0, 9_000, 'a'), (3_000, 5_000, 'b')],
                &[(0, 3_000, 'a'), (3_000, 5_000, 'b')],
            ),
            (
                "a tiny overlap is shared",
                &[(0, 3_098, 'a'), (3_000, 9_000, 'b')],
                &[(0, 3_049, 'a'), (3_049, 9_000, 'b')],
            ),
            (
                "0.1 s is not tiny",
                &[(0, 3_100, 'a'), (3_000, 9_000, 'b')],
                &[(0, 3_000, 'a'), (3_000, 9_000, 'b')],
            ),
            (
                "equal starts: the longer wins",
                &[(0, 9_000, 'b'), (0, 3_000, 'a')],
                &[(0, 9_000, 'b')],
            ),
            (
                "equal intervals: the later in order wins",
                &[(0, 9_000, 'b'), (0, 9_000, 'a')],
                &[(0, 9_000, 'a')],
            ),
            (
                "an empty event cuts nothing",
                &[(0, 9_000, 'a'), (3_000, 3_000, 'b')],
                &[(0, 9_000, 'a')],
            ),
            (
                "but shares a tiny overlap, which is lost",
                &[(0, 9_000, 'a'), (8_950, 8_950, 'b')],
                &[(0, 8_975, 'a')],
            ),
        ];
        for (name, events, expected) in cases {
            assert_eq!(flooded(events), *expected, "{name}");
        }
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        let forever = Interval::new(Time::from_nanos(i64::MIN), Time::from_nanos(i64::MAX));
        let last = Interval::new(Time::from_nanos(i64::MAX), Time::from_nanos(i64::MAX));
        assert_eq!(
            flood([(forever, 'a'), (last, 'b'), (forever, 'a')], char::eq),
            [(forever, 'a')]
        );
    }

    proptest! {
        #[test]
        fn no_moment_is_counted_twice_and_any_order_gives_the_same(
            events in prop::collection::btree_map((0_i64..30_000, 0_i64..8_000), 0_u8..3, 0..20)
                .prop_flat_map(|events| {
                    let events: Vec<_> = events.into_iter().collect();
                    (Just(events.clone()), Just(events).prop_shuffle())
                }),
        ) {
            let flooded = |events: Vec<((i64, i64), u8)>| {
                flood(events.into_iter().map(|((start, length), data)| (at(start, start + length), data)), u8::eq)
            };
            let (sorted, shuffled) = events;
            let result = flooded(sorted);
            prop_assert!(result.windows(2).all(|pair| pair[0].0.end() <= pair[1].0.start()));
            prop_assert!(result.iter().all(|(interval, _)| !interval.is_empty()));
            prop_assert_eq!(result, flooded(shuffled));
        }
    }
}
