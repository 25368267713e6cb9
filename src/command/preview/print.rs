//! A preview for people, and for programs.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Write};

use chrono::{DateTime, TimeZone};

use super::DestinationPreview;
use super::summary::{DeviceSummary, MetricSummary, RuleSummary, Summary};
use crate::command::amount::{self, Unit};
use crate::message::one_line;
use crate::metrics::{Series, adds_up};
use crate::openmetrics;
use crate::synchronizer::Preview;
use crate::timeline::Time;

/// How many values of a label are shown to a person.
const SHOWN_VALUES: usize = 5;

/// How much of a value: a title that was let out can be of any length.
const SHOWN_CHARS: usize = 60;

/// Prints a preview as a table, with its destination if it is one of several. `zone` is the one that times are shown in.
///
/// # Errors
/// Those of `out`.
pub fn print<Tz: TimeZone<Offset: Display>>(
    preview: &DestinationPreview,
    is_one_of_several: bool,
    zone: &Tz,
    out: &mut dyn Write,
) -> io::Result<()> {
    let summary = Summary::of(preview);
    let shown = |time: Time| {
        DateTime::from(time)
            .with_timezone(zone)
            .format("%Y-%m-%d %H:%M")
            .to_string()
    };
    if is_one_of_several {
        writeln!(out, "{}", summary.destination)?;
    }
    writeln!(
        out,
        "What would be sent of {} to {}. Nothing has been sent.",
        shown(summary.from),
        shown(summary.until)
    )?;
    for device in &summary.devices {
        writeln!(
            out,
            "\n{} (user {}), from {}",
            device.host, device.user, device.server
        )?;
        for (name, metric) in &device.metrics {
            print_metric(name, metric, device, out)?;
        }
        if device.metrics.is_empty() {
            writeln!(out, "  nothing")?;
        }
        if !device.rules.is_empty() {
            writeln!(out, "  rules")?;
        }
        for (rule, number) in device.rules.iter().zip(1..) {
            writeln!(
                out,
                "    {number:>2}  {:<10}  {}",
                rule.action,
                effect(rule)
            )?;
        }
    }
    writeln!(
        out,
        "\n{} and {} in {} of {} bytes",
        amount::plural(summary.series, "series", "series"),
        amount::plural(summary.samples, "sample", "samples"),
        amount::plural(summary.requests, "request", "requests"),
        summary.bytes
    )
}

fn print_metric(
    name: &str,
    metric: &MetricSummary<'_>,
    device: &DeviceSummary<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let unit = Unit::of(name);
    writeln!(
        out,
        "  {name}: {}{} in {}, {}",
        if adds_up(name) { "" } else { "up to " },
        unit.shown(metric.total),
        amount::plural(metric.series, "series", "series"),
        amount::plural(metric.samples, "sample", "samples"),
    )?;
    let is_of_device = |label: &str, values: &BTreeMap<&str, f64>| {
        let own = [("user", device.user), ("host", device.host)];
        own.iter()
            .any(|(name, value)| *name == label && values.keys().eq([value]))
    };
    let labels = || {
        let all = metric.labels.iter();
        all.filter(|(label, values)| !is_of_device(label, values))
    };
    let width = labels().map(|(label, _)| label.len()).max().unwrap_or(0);
    for (label, values) in labels() {
        let mut by_amount: Vec<(&str, f64)> = values
            .iter()
            .map(|(value, amount)| (*value, *amount))
            .collect();
        by_amount.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let mut shown: Vec<String> = by_amount
            .iter()
            .take(SHOWN_VALUES)
            .map(|(value, amount)| {
                format!("{} {}", one_line(value, SHOWN_CHARS), unit.shown(*amount))
            })
            .collect();
        if by_amount.len() > SHOWN_VALUES {
            shown.push(format!("{} more", by_amount.len() - SHOWN_VALUES));
        }
        writeln!(out, "    {label:<width$}  {}", shown.join(", "))?;
    }
    Ok(())
}

fn effect(rule: &RuleSummary<'_>) -> String {
    let part = |verb: &str, seconds: f64| {
        (seconds > 0.0).then(|| format!("{verb} {}", Unit::Seconds.shown(seconds)))
    };
    let parts: Vec<String> = [
        part("changes", rule.changed_seconds),
        part("drops", rule.dropped_seconds),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        "matches nothing".to_owned()
    } else {
        parts.join(", ")
    }
}

/// Prints a preview as one line of JSON.
///
/// # Errors
/// Those of `out`.
pub fn print_json(preview: &DestinationPreview, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Summary::of(preview))?;
    writeln!(out)
}

/// Prints all samples of a preview as OpenMetrics.
///
/// # Errors
/// Those of `out`.
pub fn print_openmetrics(preview: &Preview, out: &mut dyn Write) -> io::Result<()> {
    let of_all = preview.devices.iter().flat_map(|device| &device.series);
    let mut series: Vec<Series> = of_all.cloned().collect();
    series.sort_by(|one, other| one.labels.cmp(&other.labels));
    openmetrics::write(&series, out)
}
