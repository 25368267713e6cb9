use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::synchronizer::Progress;

/// What is less than this is over before anybody wonders how far it is.
const LONG: Duration = Duration::from_hours(48);

/// The progress bar of whatever goes through a long time.
pub(super) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// Returns a bar among `bars`, which is not seen yet, and never where stderr is no terminal. A `title` tells it from
    /// others.
    pub(super) fn new(bars: &MultiProgress, title: Option<&str>) -> Self {
        let style =
            ProgressStyle::with_template("{prefix}{msg} {wide_bar} {percent} %, {eta} left")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar =
            ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_style(style);
        if let Some(title) = title {
            bar.set_prefix(format!("{title} "));
        }
        if std::io::stderr().is_terminal() {
            bars.add(bar.clone());
        }
        Self { bar }
    }

    pub(super) fn show(&self, progress: Progress) {
        let length = progress.until.since(progress.from);
        if length < LONG {
            return;
        }
        self.bar.set_length(length.as_secs());
        self.bar
            .set_message(progress.at.to_string()[..10].to_owned());
        self.bar
            .set_position(progress.at.since(progress.from).as_secs());
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
