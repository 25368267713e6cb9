//! Which buckets feed which metric, and which of them have to be read together.

use super::count::Count;
use super::labelling::Sorted;
use super::{EventLabels, activity, afk, editor, input, media, unlock, web, window};
use crate::activitywatch::{Bucket, Event};

/// Whether events of these two buckets add up in the same metric.
pub fn feed_one_metric(one: &Bucket, other: &Bucket) -> bool {
    Family::of(one) == Family::of(other)
}

/// Whether the samples of one of these two buckets depend on the events of the other: windows, tabs and the AFK state of
/// a device say together when somebody was active.
pub fn depend_on_each_other(one: &Bucket, other: &Bucket) -> bool {
    feed_one_metric(one, other) || say_together(one) && say_together(other)
}

/// Whether a bucket has a say in when somebody was active.
pub fn say_together(bucket: &Bucket) -> bool {
    matches!(
        Family::of(bucket),
        Family::Window | Family::Afk | Family::Web
    )
}

/// Whether a bucket holds the windows in front.
pub fn is_window(bucket: &Bucket) -> bool {
    Family::of(bucket) == Family::Window
}

/// Whether `bucket` has to wait where `other` cannot be read: without it, it would give other samples, which cannot be
/// taken back. Windows do not wait for tabs, which say little of them: only that somebody listened.
pub fn waits_for(bucket: &Bucket, other: &Bucket) -> bool {
    match Family::of(bucket) {
        Family::Window => Family::of(other) == Family::Afk,
        Family::Web => matches!(Family::of(other), Family::Afk | Family::Window),
        Family::Afk
        | Family::Editor
        | Family::Media
        | Family::Input
        | Family::Unlock
        | Family::Activity => false,
    }
}

/// Buckets of one family feed one metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Window,
    Afk,
    Web,
    Editor,
    Media,
    Input,
    Unlock,
    Activity,
}

impl Family {
    pub(super) fn of(bucket: &Bucket) -> Self {
        match bucket.kind.as_str() {
            "currentwindow" => Self::Window,
            "afkstatus" | "systemafkstatus" => Self::Afk,
            "web.tab.current" => Self::Web,
            "app.editor.activity" => Self::Editor,
            "currently-playing" | "media.playback" => Self::Media,
            "os.hid.input" => Self::Input,
            "os.lockscreen.unlocks" => Self::Unlock,
            _ => Self::Activity,
        }
    }

    /// Whether what happened is counted, and not for how long.
    pub(super) fn is_counted(self) -> bool {
        matches!(self, Self::Input | Self::Unlock)
    }

    /// Returns how often what happened during an event; nothing for what is timed.
    pub(super) fn counts(self, event: &Event) -> Vec<Count> {
        match self {
            Self::Input => input::counts(event),
            Self::Unlock => unlock::counts(event),
            _ => Vec::new(),
        }
    }

    /// Returns the labels of an event's time.
    pub(super) fn labels(
        self,
        bucket: &Bucket,
        event: &Event,
        categories: &mut Sorted<'_>,
    ) -> EventLabels {
        match self {
            Self::Window => window::labels(event, categories.category(&event.data)),
            Self::Afk => afk::labels(event),
            Self::Web => web::labels(bucket, event),
            Self::Editor => editor::labels(bucket, event),
            Self::Media => media::labels(bucket, event),
            Self::Input | Self::Unlock | Self::Activity => activity::labels(bucket),
        }
    }
}
