//! `preview`: what would be sent of a day, before it is.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Write};

use chrono::{DateTime, Local, TimeZone};
use serde::Serialize;
use tokio::time::Instant;

use super::CommandError;
use super::amount::{self, Unit};
use super::reader::reader;
use crate::checkpoint::Store;
use crate::day::{Day, DayName};
use crate::dirs::Dirs;
use crate::message::one_line;
use crate::metrics::{RuleEffect, Rules, Series, adds_up};
use crate::openmetrics;
use crate::settings::Settings;
use crate::synchronizer::{DevicePreview, Now, Preview, Synchronizer};
use crate::timeline::Time;

/// How many values of a label are shown to a person.
const SHOWN_VALUES: usize = 5;

/// How much of a value: a title that was let out can be of any length.
const SHOWN_CHARS: usize = 60;

/// What a preview comes to.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    destination: &'a str,
    from: Time,
    until: Time,
    series: usize,
    samples: usize,
    requests: usize,
    bytes: usize,
    devices: Vec<DeviceSummary<'a>>,
    problems: Vec<String>,
}

#[derive(Debug, Serialize)]
struct DeviceSummary<'a> {
    user: &'a str,
    host: &'a str,
    server: &'a str,
    metrics: BTreeMap<&'a str, MetricSummary<'a>>,
    rules: Vec<RuleSummary<'a>>,
}

#[derive(Debug, Default, Serialize)]
struct MetricSummary<'a> {
    series: usize,
    samples: usize,
    /// Seconds, or a count; of what does not add up over time, the largest.
    total: f64,
    /// The same by the values of each label.
    labels: BTreeMap<&'a str, BTreeMap<&'a str, f64>>,
}

#[derive(Debug, Serialize)]
struct RuleSummary<'a> {
    action: &'a str,
    changed_seconds: f64,
    dropped_seconds: f64,
}

/// What would be sent to one destination.
pub struct DestinationPreview {
    /// Its address, without what may be a secret.
    pub destination: String,
    /// The rules on labels that hold for it.
    pub rules: Rules,
    /// What would be sent.
    pub preview: Preview,
}

/// Returns what would be sent of a day, given in local time, to each destination.
///
/// # Errors
/// A [`CommandError`] if nothing can be read at all.
pub async fn preview(
    settings: &Settings,
    dirs: &Dirs,
    day: DayName,
) -> Result<Vec<DestinationPreview>, CommandError> {
    let now = Local::now();
    let Day { range, .. } = Day::of(&Local, day.date(now.date_naive()));
    let store = Store::new(&dirs.data, settings.testing);
    // Only looked at: a damaged one is not moved aside, as a pass would do.
    let store = store.open()?;
    let reader = reader(settings)?;
    let now = Now {
        wall: Time::from(now.to_utc()),
        monotonic: Instant::now(),
    };
    let mut previews = Vec::new();
    for destination in settings.by_destination() {
        let rules = destination.settings.relabel.clone();
        let mut synchronizer = Synchronizer::new(destination, reader.clone(), &store);
        previews.push(DestinationPreview {
            preview: synchronizer.preview(now, range).await,
            destination: synchronizer.destination().to_owned(),
            rules,
        });
    }
    Ok(previews)
}

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
    let summary = summary(preview);
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
    serde_json::to_writer(&mut *out, &summary(preview))?;
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

fn summary(of_destination: &DestinationPreview) -> Summary<'_> {
    let DestinationPreview {
        destination,
        rules,
        preview,
    } = of_destination;
    let all = || preview.devices.iter().flat_map(|device| &device.series);
    Summary {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::FixedOffset;

    use super::*;
    use crate::metrics::{Labels, Sample};
    use crate::timeline::Interval;

    fn series(labels: &[(&'static str, &str)], values: &[f64]) -> Series {
        let own = [("user", "ada"), ("host", "laptop")];
        let labels = own.iter().chain(labels);
        Series {
            labels: Labels::new(labels.map(|&(name, value)| (name, value.to_owned()))),
            samples: values
                .iter()
                .zip(0..)
                .map(|(&value, step)| Sample {
                    timestamp_ms: 30_000 + step * 60_000,
                    value,
                })
                .collect(),
        }
    }

    fn preview() -> DestinationPreview {
        let rules = r#"
            [[rule]]
            source-labels = ["app"]
            regex = "KeePass"
            target-label = "app"
            replacement = "(hidden)"
            [[rule]]
            source-labels = ["domain"]
            regex = "example"
            action = "drop"
            [[rule]]
            regex = "nothing"
            action = "labeldrop"
        "#;
        let mut rules: BTreeMap<String, Vec<_>> = toml::from_str(rules).unwrap();
        let app = |app: &str, active: &str, values: &[f64]| {
            series(
                &[
                    ("__name__", "aw_window_seconds"),
                    ("app", app),
                    ("active", active),
                ],
                values,
            )
        };
        let mut of_laptop: Vec<Series> = (0..6)
            .map(|place| app(&format!("app{place}"), "true", &[60.0 - f64::from(place)]))
            .collect();
        of_laptop.push(app("app0", "false", &[60.0, 60.0, 0.25]));
        of_laptop.push(series(&[("__name__", "aw_input_presses")], &[1234.4]));
        of_laptop.push(series(
            &[("__name__", "aw_today_seconds"), ("category", "Work")],
            &[60.0, 345.0, 5.0],
        ));
        let effect = |changed, dropped| RuleEffect {
            changed: Duration::from_secs(changed),
            dropped: Duration::from_secs(dropped),
        };
        let device = |host: &str, series| DevicePreview {
            user: "ada".to_owned(),
            host: host.to_owned(),
            server: "http://127.0.0.1:5600".to_owned(),
            series,
            effects: vec![effect(3723, 0), effect(0, 60), effect(0, 0)],
        };
        let preview = Preview {
            range: Interval::new(Time::EPOCH, Time::from_millis(86_400_000)),
            devices: vec![device("laptop", of_laptop), device("phone", vec![])],
            requests: 1,
            bytes: 345,
            problems: vec![],
        };
        DestinationPreview {
            destination: "http://127.0.0.1:9090/api/v1/write".to_owned(),
            rules: Rules::new(rules.remove("rule").unwrap()).unwrap(),
            preview,
        }
    }

    #[test]
    fn a_person_sees_what_would_leave_and_what_rules_do() {
        let mut out = Vec::new();
        print(
            &preview(),
            false,
            &FixedOffset::east_opt(3600).unwrap(),
            &mut out,
        )
        .unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @"
        What would be sent of 1970-01-01 01:00 to 1970-01-02 01:00. Nothing has been sent.

        laptop (user ada), from http://127.0.0.1:5600
          aw_input_presses: 1234 in 1 series, 1 sample
          aw_today_seconds: up to 5m 45s in 1 series, 3 samples
            category  Work 5m 45s
          aw_window_seconds: 7m 45s in 7 series, 9 samples
            active  true 5m 45s, false 2m 00s
            app     app0 3m 00s, app1 59s, app2 58s, app3 57s, app4 56s, 1 more
          rules
             1  replace     changes 1h 02m 03s
             2  drop        drops 1m 00s
             3  labeldrop   matches nothing

        phone (user ada), from http://127.0.0.1:5600
          nothing
          rules
             1  replace     changes 1h 02m 03s
             2  drop        drops 1m 00s
             3  labeldrop   matches nothing

        9 series and 13 samples in 1 request of 345 bytes
        ");
    }

    #[test]
    fn a_program_gets_all_values() {
        let mut out = Vec::new();
        print_json(&preview(), &mut out).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let windows = &json["devices"][0]["metrics"]["aw_window_seconds"];
        assert_eq!(windows["labels"]["app"].as_object().unwrap().len(), 6);
        assert_eq!(windows["labels"]["active"]["false"], 120.25);
        assert_eq!(windows["samples"], 9);
        assert_eq!(json["devices"][0]["rules"][0]["changed_seconds"], 3723.0);
        assert_eq!(json["bytes"], 345);
    }
}
