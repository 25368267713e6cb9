use std::cmp::Reverse;

use serde_json::Value;

use super::browser::Browser;
use crate::activitywatch::{Bucket, Event};
use crate::timeline::{Interval, Periods, flood};

/// The events of a bucket after [`flooded`]: ascending, disjoint, none empty.
pub(super) type Flooded<'a> = Vec<(Interval, &'a Event)>;

/// Returns a bucket's events, in any order, as the Activity view counts them.
///
/// Of events with the same interval the one with the lowest id comes last, and so wins: the order in which the Python
/// server returns them, on which flood there depends.
pub(super) fn flooded(events: &[Event]) -> Flooded<'_> {
    let mut events: Vec<&Event> = events.iter().collect();
    events.sort_by_key(|event| (event.interval, Reverse(event.id)));
    flood(
        events.into_iter().map(|event| (event.interval, event)),
        |one, other| one.data == other.data,
    )
}

/// Returns the parts of a web bucket's events during which its browser was the active window: a tab's event goes on
/// in the background.
///
/// `windows` are all windows of the device, whether somebody was there or not. Nothing is left of a browser that
/// ActivityWatch does not know ([`Browser::of`]). On Android events are whole, since its watcher sees only what is in
/// front. Of several buckets of one browser ActivityWatch takes the first, here each has its say.
pub(super) fn focused<'a>(
    bucket: &Bucket,
    web: &[(Interval, &'a Event)],
    windows: &[(Interval, &Event)],
) -> Flooded<'a> {
    if bucket.id.starts_with("aw-watcher-android") {
        return web.to_vec();
    }
    let Some(browser) = Browser::of(bucket) else {
        return Vec::new();
    };
    let in_front: Periods = windows
        .iter()
        .filter(|(_, event)| event.text("app").is_some_and(|app| browser.is_app(app)))
        .map(|(interval, _)| *interval)
        .collect();
    in_front.intersect(web.iter().copied()).collect()
}

/// Whether somebody was at the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Active {
    /// At the keyboard, or listening to a tab, or at an app that counts always.
    Yes,
    /// Nothing says so. No AFK event is no sign of presence either: suspended machines have none.
    No,
    /// The device has no AFK bucket.
    Unknown,
}

impl Active {
    /// The value of the label `active`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Yes => "true",
            Self::No => "false",
            Self::Unknown => "unknown",
        }
    }
}

/// A part of an event during which one thing holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece<'a> {
    /// When.
    pub(super) interval: Interval,
    /// What it is a part of; the event's own interval is the one before flood.
    pub(super) event: &'a Event,
    /// Whether somebody was there.
    pub(super) active: Active,
}

/// When somebody was at a device, as the Activity view has it; with a device that has no AFK bucket, nobody knows.
///
/// These are the not-afk events, the windows that the user's always-active pattern matches, and the audible tabs in
/// front. They count as one set: ActivityWatch's own union keeps overlaps between the first two when no browser takes
/// part, and then counts such a window twice.
#[derive(Debug)]
pub(super) struct ActiveTime(Option<Periods>);

impl ActiveTime {
    /// Returns the active time of a device.
    ///
    /// `windows` and `afk` are [`flooded`], `tabs` are the [`focused`] ones of all its browsers, in any order.
    /// `is_always_active` tells whether the user's pattern matches an app or a title. Values that are not text are not
    /// asked about; ActivityWatch's query fails on them.
    pub(super) fn new<'a>(
        windows: &[(Interval, &Event)],
        afk: Option<&[(Interval, &Event)]>,
        tabs: impl IntoIterator<Item = &'a (Interval, &'a Event)>,
        is_always_active: impl Fn(&str) -> bool,
    ) -> Self {
        let Some(afk) = afk else {
            return Self(None);
        };
        let present = afk
            .iter()
            .filter(|(_, event)| event.text("status") == Some("not-afk"))
            .map(|(interval, _)| *interval);
        let matched = windows
            .iter()
            .filter(|(_, event)| {
                ["app", "title"]
                    .iter()
                    .filter_map(|key| event.data.get(*key).and_then(Value::as_str))
                    .any(&is_always_active)
            })
            .map(|(interval, _)| *interval);
        let audible = tabs
            .into_iter()
            .filter(|(_, event)| event.flag("audible"))
            .map(|(interval, _)| *interval);
        Self(Some(present.chain(matched).chain(audible).collect()))
    }

    /// Cuts events, flooded or focused, where somebody comes or goes. The pieces add up to the events exactly.
    pub(super) fn pieces<'a>(&self, events: &[(Interval, &'a Event)]) -> Vec<Piece<'a>> {
        let nobody_knows = Periods::default();
        let (periods, inside, outside) = match &self.0 {
            Some(periods) => (periods, Active::Yes, Active::No),
            None => (&nobody_knows, Active::Unknown, Active::Unknown),
        };
        periods
            .pieces(events.iter().copied())
            .map(|(interval, event, is_inside)| Piece {
                interval,
                event,
                active: if is_inside { inside } else { outside },
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
