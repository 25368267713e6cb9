//! One fixed day, in the stages that it goes through between the two servers.

use std::collections::BTreeSet;
use std::time::Duration;

use aw_sync_agent::activitywatch::{Bucket, Event, events};
use aw_sync_agent::metrics::relabel::RelabelConfig;
use aw_sync_agent::metrics::{
    Budget, Categories, CategoryRule, Focus, FocusRules, Label, Labelling, Rules, Series, Source,
    device_series,
};
use aw_sync_agent::remote_write::{Batch, batches};
use aw_sync_agent::timeline::{Interval, Time, utc_day, utc_day_end};
use chrono::{DateTime, Utc};

use crate::harness::{BucketSpec, Density, Generator};

/// A day as ActivityWatch answers it, one body for each bucket.
pub(crate) struct Day {
    pub(crate) answers: Vec<(Bucket, Vec<u8>)>,
    range: Interval,
    pub(crate) categories: Categories,
    pub(crate) rules: Rules,
    common: Vec<Label>,
}

/// The answers of the official client.
pub(crate) type Decoded = Vec<(Bucket, Vec<aw_client_rust::Event>)>;

impl Day {
    /// Returns a restless day of 5,000 events, with 50 categories and no rules.
    pub(crate) fn new() -> Self {
        let midnight: DateTime<Utc> = "2026-01-05T00:00:00Z".parse().expect("RFC 3339");
        let activity = Generator::new(2018, Density::Restless).days(midnight, 1);
        let answers = activity.buckets.into_iter().map(|(bucket, events)| {
            let mut answer: Vec<_> = events
                .iter()
                .zip(1..)
                .map(|(event, id)| {
                    let mut event = event.json();
                    event["id"] = id.into();
                    event
                })
                .collect();
            // The newest comes first.
            answer.reverse();
            let body = serde_json::to_vec(&answer).expect("it is JSON already");
            (of_spec(bucket), body)
        });
        let rule = |number: usize| CategoryRule {
            name: vec!["Work".to_owned(), format!("Project {number}")],
            regex: Some(format!("project{number}|^ticket-{number}$")),
            ignore_case: true,
            ..CategoryRule::default()
        };
        let (categories, skipped) = Categories::new((0..50).map(rule));
        assert!(skipped.is_empty(), "{skipped:?}");
        let common = [("user", "ada"), ("host", "laptop")];
        let start = Time::from(midnight);
        Self {
            answers: answers.collect(),
            range: Interval::new(utc_day(start), utc_day_end(start)),
            categories,
            rules: Rules::default(),
            common: common
                .map(|(name, value)| (name.into(), value.to_owned()))
                .into(),
        }
    }

    /// Returns the same day of somebody who lets titles leave, shortened.
    pub(crate) fn with_titles() -> Self {
        let rule = |source: &str, regex: &str, target: &str| RelabelConfig {
            source_labels: vec![source.to_owned()],
            regex: regex.to_owned(),
            target_label: target.to_owned(),
            ..RelabelConfig::default()
        };
        let rules = vec![
            rule("__data_title", "(.{1,40}).*", "title"),
            rule("__data_branch", "(.*)", "branch"),
        ];
        Self {
            rules: Rules::new(rules).expect("they parse"),
            ..Self::new()
        }
    }

    /// What the official client does.
    pub(crate) fn decoded(&self) -> Decoded {
        let decode = |(bucket, body): &(Bucket, Vec<u8>)| {
            let events = serde_json::from_slice(body).expect("it was JSON");
            (bucket.clone(), events)
        };
        self.answers.iter().map(decode).collect()
    }

    pub(crate) fn converted(decoded: Decoded) -> Vec<(Bucket, Vec<Event>)> {
        let convert = |(bucket, read)| {
            let mut events = events(read);
            events.sort_by_key(|event| (event.interval, event.id));
            (bucket, events)
        };
        decoded.into_iter().map(convert).collect()
    }

    pub(crate) fn series(&self, read: &[(Bucket, Vec<Event>)]) -> Vec<Series> {
        let sources = read.iter().map(|(bucket, events)| Source {
            bucket,
            events,
            range: self.range,
        });
        let labelling = Labelling {
            common: &self.common,
            categories: &self.categories,
            always_active: None,
            rules: &self.rules,
        };
        let start = self.range.start();
        let mut focus = Focus::new(start, start, 0);
        let rules = FocusRules {
            min_break: Duration::from_mins(5),
            day_of: &|time| Interval::new(utc_day(time), utc_day_end(time)),
        };
        let mut budget = Budget::new(2000, start, BTreeSet::new());
        device_series(sources, labelling, Some((&mut focus, rules)), &mut budget)
    }

    pub(crate) fn requests(series: &[Series]) -> Vec<Batch> {
        batches(series).collect()
    }
}

fn of_spec(bucket: BucketSpec) -> Bucket {
    Bucket {
        id: bucket.id,
        kind: bucket.kind,
        client: bucket.client,
        hostname: bucket.hostname,
        synced: false,
    }
}
