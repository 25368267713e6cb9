//! What a preview comes to, by device and metric.

use std::collections::BTreeMap;

use serde::Serialize;

use super::DestinationPreview;
use crate::metrics::{RuleEffect, Rules, Series, adds_up};
use crate::synchronizer::DevicePreview;
use crate::timeline::Time;

/// What a preview comes to.
#[derive(Debug, Serialize)]
pub(super) struct Summary<'a> {
    pub(super) destination: &'a str,
    pub(super) from: Time,
    pub(super) until: Time,
    pub(super) series: usize,
    pub(super) samples: usize,
    pub(super) requests: usize,
    pub(super) bytes: usize,
    pub(super) devices: Vec<DeviceSummary<'a>>,
    pub(super) problems: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct DeviceSummary<'a> {
    pub(super) user: &'a str,
    pub(super) host: &'a str,
    pub(super) server: &'a str,
    pub(super) metrics: BTreeMap<&'a str, MetricSummary<'a>>,
    pub(super) rules: Vec<RuleSummary<'a>>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct MetricSummary<'a> {
    pub(super) series: usize,
    pub(super) samples: usize,
    /// Seconds, or a count; of what does not add up over time, the largest.
    pub(super) total: f64,
    /// The same by the values of each label.
    pub(super) labels: BTreeMap<&'a str, BTreeMap<&'a str, f64>>,
}

#[derive(Debug, Serialize)]
pub(super) struct RuleSummary<'a> {
    pub(super) action: &'a str,
    pub(super) changed_seconds: f64,
    pub(super) dropped_seconds: f64,
}

impl<'a> Summary<'a> {
    /// Sums up what would be sent to one destination.
    pub(super) fn of(of_destination: &'a DestinationPreview) -> Self {
        let DestinationPreview {
            destination,
            rules,
            preview,
        } = of_destination;
        let all = || preview.devices.iter().flat_map(|device| &device.series);
        Self {
            destination,
            from: preview.range.start(),
            until: preview.range.end(),
            series: all().count(),
            samples: all().map(|series| series.samples.len()).sum(),
            requests: preview.requests,
            bytes: preview.bytes,
            devices: preview
                .devices
                .iter()
                .map(|device| of_device(device, rules))
                .collect(),
            problems: preview.problems.iter().map(ToString::to_string).collect(),
        }
    }
}

fn of_device<'a>(device: &'a DevicePreview, rules: &'a Rules) -> DeviceSummary<'a> {
    let mut metrics = BTreeMap::<&str, MetricSummary>::new();
    for Series { labels, samples } in &device.series {
        let metric = metrics
            .entry(labels.get("__name__").unwrap_or_default())
            .or_default();
        let values = samples.iter().map(|sample| sample.value);
        let total: f64 = if labels.get("__name__").is_none_or(adds_up) {
            values.sum()
        } else {
            values.fold(0.0, f64::max)
        };
        metric.series += 1;
        metric.samples += samples.len();
        metric.total += total;
        for (label, value) in labels.iter().filter(|(label, _)| *label != "__name__") {
            let values = metric.labels.entry(label).or_default();
            *values.entry(value).or_default() += total;
        }
    }
    let of_rules = rules.configs().iter().zip(&device.effects);
    DeviceSummary {
        user: &device.user,
        host: &device.host,
        server: &device.server,
        metrics,
        rules: of_rules
            .map(|(rule, RuleEffect { changed, dropped })| RuleSummary {
                action: rule.action.as_str(),
                changed_seconds: changed.as_secs_f64(),
                dropped_seconds: dropped.as_secs_f64(),
            })
            .collect(),
    }
}
