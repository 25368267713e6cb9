use std::collections::{BTreeMap, BTreeSet};

use fancy_regex::Regex;

use super::{Outcome, print};
use crate::activitywatch::{Bucket, Device, ReadError, Reader, Server};
use crate::checkpoint::{self, Endpoint};
use crate::query_api::{self, QueryError};
use crate::settings::Settings;
use crate::synchronizer::{Learnt, common_labels, wanted_devices};
use crate::timeline::{Interval, Time};
use crate::verification::{Comparison, EVENTS, Shown, WINDOWS, Windows, canonical_query, is_asked};

/// Who did not answer.
pub(super) enum NoAnswer {
    ActivityWatch(ReadError),
    Receiver(QueryError),
}

impl From<ReadError> for NoAnswer {
    fn from(error: ReadError) -> Self {
        Self::ActivityWatch(error)
    }
}

impl From<QueryError> for NoAnswer {
    fn from(error: QueryError) -> Self {
        Self::Receiver(error)
    }
}

/// A device that has windows.
pub(super) struct Subject {
    /// The place of its server.
    server: usize,
    is_rust: bool,
    pub(super) host: String,
    buckets: Vec<Bucket>,
    window: Bucket,
    has_afk: bool,
    /// Its time before this has been delivered; `None` if nothing has.
    delivered_until: Option<Time>,
    learnt: Learnt,
}

impl Subject {
    fn new(
        server: (usize, &Server),
        device: Device,
        state: Option<&checkpoint::Device>,
        learnt: Learnt,
    ) -> Option<Self> {
        let of_kind = |kind| {
            device
                .buckets
                .iter()
                .find(move |bucket| bucket.kind == kind)
        };
        let window = of_kind("currentwindow")?.clone();
        let afk = of_kind("afkstatus");
        let decide = [Some(&window), afk].into_iter().flatten();
        let delivered_until = decide.map(|bucket| state?.done_until(&bucket.id)).min()?;
        Some(Self {
            server: server.0,
            is_rust: server.1.is_rust(),
            host: device.host,
            has_afk: afk.is_some(),
            window,
            buckets: device.buckets,
            delivered_until,
            learnt,
        })
    }
}

/// Both that are asked.
pub(super) struct BothEnds<'a> {
    /// What the person has set.
    pub(super) settings: &'a Settings,
    /// The ActivityWatch servers.
    pub(super) reader: Reader,
    /// What the receiver can be asked by.
    pub(super) receiver: query_api::Client,
}

impl BothEnds<'_> {
    /// Returns the devices that have windows, those that a pass would read.
    pub(super) async fn devices(
        &self,
        endpoint: &Endpoint,
        problems: &mut Vec<ReadError>,
    ) -> Vec<Subject> {
        let mut listed = Vec::new();
        for (place, server) in self.reader.list().await.into_iter().enumerate() {
            match server {
                Ok(server) => listed.push((place, server)),
                Err(error) => problems.push(error),
            }
        }
        let fail = |error| problems.push(error);
        let (devices, notices) =
            wanted_devices(&self.reader, self.settings, endpoint, &listed, fail).await;
        // Two devices of one server have the same to complain about.
        let mut notices = BTreeSet::from_iter(notices);
        let mut subjects = Vec::new();
        for (place, device) in devices {
            let Some((_, server)) = listed.iter().find(|(other, _)| *other == place) else {
                continue;
            };
            let (learnt, left_out) = Learnt::new(self.settings, &server.settings);
            notices.extend(left_out);
            let state = endpoint.device(&self.settings.user, &device.host);
            subjects.extend(Subject::new((place, server), device, state, learnt));
        }
        for notice in notices {
            log::warn!("{notice}");
        }
        subjects
    }

    /// Compares what has been delivered of `range`.
    pub(super) async fn compare(
        &self,
        subject: &Subject,
        range: Interval,
    ) -> Result<Outcome, NoAnswer> {
        let delivered_until = subject.delivered_until.unwrap_or(Time::EPOCH);
        if delivered_until <= range.start() {
            return Ok(Outcome::Undelivered {
                delivered_until: subject.delivered_until,
            });
        }
        let part = Interval::new(range.start(), range.end().min(delivered_until));
        let shown = self.shown(subject, part).await?;
        if shown.mixes_active {
            let reason = "the `[[relabel]]` rules take the label `active` away, which tells the time that counts";
            return Ok(Outcome::Skipped {
                reason: reason.to_owned(),
            });
        }
        let apps = self.stored(subject, "app", part).await?;
        let categories = self.stored(subject, "category", part).await?;
        let comparison = Comparison::new(&shown, &apps, &categories);
        Ok(Outcome::Compared {
            is_equal: comparison.is_equal(),
            delivered_until: (part != range).then_some(delivered_until),
            notes: self.notes(subject, &shown, &comparison),
            comparison,
        })
    }

    /// Asks ActivityWatch.
    async fn shown(&self, subject: &Subject, range: Interval) -> Result<Shown, ReadError> {
        let learnt = &subject.learnt;
        // A pattern that our engine does not take is left out by the agent, too.
        let always_active = learnt.always_active.as_ref().map(Regex::as_str);
        let lines = canonical_query(
            &subject.buckets,
            always_active,
            learnt.categories.rules(),
            subject.is_rust,
        );
        let buckets = subject.buckets.iter().filter(|bucket| is_asked(bucket));
        let buckets = buckets.map(|bucket| bucket.id.clone()).collect();
        let lines = lines.unwrap_or_default();
        let mut lists = self
            .reader
            .query(subject.server, buckets, range, lines)
            .await?;
        let mut list = |name| lists.remove(name).unwrap_or_default();
        let common = common_labels(self.settings, &subject.host);
        let windows = Windows {
            bucket: &subject.window,
            has_afk: subject.has_afk,
            labelling: learnt.labelling(&common, &self.settings.relabel),
            owner: (&self.settings.user, &subject.host),
        };
        let mut shown = windows.shown(&list(EVENTS), range);
        if subject.is_rust {
            windows.add_slack_of_rust(&mut shown, &list(WINDOWS), range);
        }
        Ok(shown)
    }

    /// Asks the receiver for the seconds by the values of a label, as a dashboard does.
    async fn stored(
        &self,
        subject: &Subject,
        label: &str,
        range: Interval,
    ) -> Result<BTreeMap<String, f64>, QueryError> {
        let seconds = range.nanos() / 1_000_000_000;
        let query = format!(
            "sum by ({label}) (sum_over_time(aw_window_seconds{{user={},host={},active!=\"false\"}}[{seconds}s]))",
            quoted(&self.settings.user),
            quoted(&subject.host),
        );
        let values = self.receiver.instant(&query, range.end()).await?;
        let seconds = values.into_iter().map(|value| {
            let name = value.labels.get(label).unwrap_or_default().to_owned();
            (name, value.value)
        });
        Ok(seconds.collect())
    }

    /// Returns what there is to know beside the numbers.
    fn notes(&self, subject: &Subject, shown: &Shown, comparison: &Comparison) -> Vec<String> {
        let mut notes = Vec::new();
        if !subject.has_afk {
            notes.push("no AFK watcher: all windows count".to_owned());
        }
        if !self.settings.relabel.is_empty() {
            let kept_back = print::duration(shown.kept_back);
            notes.push(format!(
                "ActivityWatch's names are those that your `[[relabel]]` rules make of them; {kept_back} is kept back by them"
            ));
        }
        if comparison.is_folded {
            notes.push("names were folded into `(other)`: only the total is compared".to_owned());
        }
        if subject.is_rust {
            let slack = print::duration(shown.total.slack);
            notes.push(format!(
                "aw-server-rust counts both of two windows that overlap, and closes gaps of less than 5 s, not of exactly 5 s: {slack} is allowed for that"
            ));
        }
        notes
    }
}

/// Returns a text as a string of PromQL.
fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_promql() {
        assert_eq!(quoted("a\\b\"c\nd"), r#""a\\b\"c\nd""#);
    }
}
