use std::collections::HashMap;

use fancy_regex::Regex;

use super::Source;
use super::active::{Active, ActiveTime, Flooded, focused};
use super::family::Family;
use crate::activitywatch::Event;
use crate::timeline::Interval;

/// What the buckets of a device see together.
pub(super) struct Seen<'a> {
    active: ActiveTime,
    /// For each web bucket, by its place, its tabs while their browser was in front.
    tabs: HashMap<usize, Flooded<'a>>,
}

/// A part of an event, and whether somebody was there, of events of which that counts.
pub(super) type Piece<'a> = (Interval, &'a Event, Option<Active>);

impl<'a> Seen<'a> {
    pub(super) fn by(sources: &[(Source<'a>, Flooded<'a>)], always_active: Option<&Regex>) -> Self {
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

    pub(super) fn pieces(
        &self,
        index: usize,
        family: Family,
        events: &[(Interval, &'a Event)],
    ) -> Vec<Piece<'a>> {
        let events = match family {
            Family::Window => events,
            Family::Web => self.tabs.get(&index).map_or(&[][..], Vec::as_slice),
            _ => {
                return events
                    .iter()
                    .map(|&(interval, event)| (interval, event, None))
                    .collect();
            }
        };
        let pieces = self.active.pieces(events).into_iter();
        pieces
            .map(|piece| (piece.interval, piece.event, Some(piece.active)))
            .collect()
    }
}
