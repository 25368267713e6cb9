//! The rules of `packaging/prometheus`: sound for Prometheus and vmalert, and raising what they say, when they say it.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use aw_sync_agent::metrics::{Labels, Sample, Series};
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use crate::harness::{
    Output, Process, Receiver, Suite, VictoriaMetrics, VictoriaMetricsOptions, midnight,
};
use crate::totals::{self, assert_equal};

const PATIENCE: Duration = Duration::from_mins(2);
const BOTH: [Suite; 2] = [Suite::Machine, Suite::Sid];

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/prometheus")
}

/// The YAML files of a directory in there.
fn files(name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory().join(name)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    assert!(!files.is_empty(), "{name}");
    files
}

fn run(program: &Path, arguments: &[String]) -> Output {
    let directory = TempDir::new().unwrap();
    let mut command = Command::new(program);
    Process::spawn("run", command.args(arguments), directory.path()).wait(PATIENCE)
}

fn promtool(suite: Suite, subcommand: &str, files: &[PathBuf]) -> Output {
    let files = files.iter().map(|path| path.display().to_string());
    let arguments: Vec<String> = subcommand.split(' ').map(str::to_owned).collect();
    run(
        &suite.promtool(),
        &arguments.into_iter().chain(files).collect::<Vec<_>>(),
    )
}

fn vmalert(suite: Suite, rules: &str, more: &[String]) -> Output {
    let rules = directory().join(rules);
    let rule = format!("-rule={}", rules.display());
    let vmalert = suite.program("victoria-metrics", "vmalert");
    run(&vmalert, &[&[rule], more].concat())
}

#[test]
fn prometheus_finds_no_fault_with_the_rules() {
    for suite in BOTH {
        let run = promtool(suite, "check rules --lint-fatal", &files("."));
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    }
}

#[test]
fn vmalert_finds_no_fault_with_the_rules() {
    for suite in BOTH {
        let run = vmalert(suite, "*.yml", &["-dryRun".to_owned()]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
}

#[test]
fn the_rules_pass_their_own_tests() {
    for suite in BOTH {
        let run = promtool(suite, "test rules", &files("tests"));
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    }
}

#[test]
fn every_rule_has_a_test_of_its_own() {
    let text = |directory| {
        let texts = files(directory).into_iter().map(fs::read_to_string);
        texts.map(Result::unwrap).collect::<String>()
    };
    let tests = text("tests");
    for line in text(".").lines() {
        let line = line.trim_start().trim_start_matches("- ");
        let wanted = match line.split_once(": ") {
            Some(("alert", name)) => format!("alertname: {name}"),
            Some(("record", name)) => name.to_owned(),
            _ => continue,
        };
        assert!(tests.contains(&wanted), "{line}");
    }
}

/// A series of ada's, whose values are given by the minute after `from` in the middle of which they stand.
fn series(
    labels: &[(&'static str, &str)],
    from: DateTime<Utc>,
    values: impl Iterator<Item = (i32, f64)>,
) -> Series {
    let labels = labels.iter().copied().chain([("user", "ada")]);
    Series {
        labels: Labels::new(labels.map(|(name, value)| (name, value.to_owned()))),
        samples: values
            .map(|(minute, value)| Sample {
                timestamp_ms: from.timestamp_millis() + i64::from(minute) * 60_000 + 30_000,
                value,
            })
            .collect(),
    }
}

/// The minutes of `hours`, each with how many seconds there are from their begin to its end.
#[expect(clippy::cast_possible_truncation, reason = "a day has few minutes")]
fn growing(hours: Range<f64>) -> impl Iterator<Item = (i32, f64)> {
    let minutes = (hours.start * 60.0) as i32..(hours.end * 60.0) as i32;
    let first = minutes.start;
    minutes.map(move |minute| (minute, 60.0 * f64::from(minute - first + 1)))
}

/// Full minutes of work in vim on the laptop.
fn window(day: DateTime<Utc>, hours: Range<f64>) -> Series {
    let labels = [
        ("__name__", "aw_window_seconds"),
        ("host", "laptop"),
        ("app", "vim"),
        ("category", "Work"),
        ("active", "true"),
    ];
    series(
        &labels,
        day,
        growing(hours).map(|(minute, _)| (minute, 60.0)),
    )
}

/// What ada's laptop and desk might have sent on the day that begins at `day`.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 seconds")]
fn activity(day: DateTime<Utc>) -> Vec<Series> {
    let of = |name, host| [("__name__", name), ("host", host)];
    let with = |name, host, more: &[(&'static str, &'static str)]| [&of(name, host), more].concat();
    let today = |host, category, hours| {
        let labels = with("aw_today_seconds", host, &[("category", category)]);
        series(&labels, day, growing(hours))
    };
    let success = |host, at: DateTime<Utc>| {
        let labels = of("aw_sync_last_success_timestamp_seconds", host);
        series(&labels, at, [(0, at.timestamp() as f64)].into_iter())
    };
    let refused = |minute| if minute < 600 { 0.0 } else { 40.0 };
    let passes = (0..24 * 60).step_by(5);
    vec![
        success("laptop", day),
        success("desk", day - TimeDelta::days(1)),
        series(
            &of("aw_sync_samples_refused_total", "laptop"),
            day,
            passes.map(|minute| (minute, refused(minute))),
        ),
        window(day, 6.0..13.0),
        today("laptop", "Work", 6.0..13.0),
        today("laptop", "Media > Video", 9.0..10.5),
        today("desk", "Media", 20.0..21.0),
        series(
            &of("aw_focus_streak_seconds", "laptop"),
            day,
            growing(9.0..11.5),
        ),
    ]
}

/// When each alert was first and last firing, in hours after `day`.
fn firing(receiver: &dyn Receiver, day: DateTime<Utc>, until: DateTime<Utc>) -> String {
    let alerts = receiver.raw_samples("ALERTS{alertstate='firing'}", 200_000, until);
    let mut alerts: Vec<String> = alerts
        .into_iter()
        .map(|(labels, samples)| {
            let hour = |at: i64| {
                let at = DateTime::from_timestamp_millis(at).unwrap() - day;
                format!("{:02}:{:02}", at.num_hours(), at.num_minutes() % 60)
            };
            let (first, last) = (samples[0].0, samples[samples.len() - 1].0);
            let host = labels.get("host").map_or("-", |host| host);
            let name = &labels["alertname"];
            format!("{name} {host} {} {}", hour(first), hour(last))
        })
        .collect();
    alerts.sort_unstable();
    alerts.join("\n")
}

/// Promtool knows only what Prometheus would do. This has vmalert go through a day that `VictoriaMetrics` holds.
#[test]
fn vmalert_raises_what_prometheus_would() {
    for suite in BOTH {
        let day = midnight(2);
        let victoria_metrics = VictoriaMetrics::start(VictoriaMetricsOptions {
            suite,
            dedup: true,
            ..VictoriaMetricsOptions::default()
        });
        victoria_metrics.store(&activity(day));
        victoria_metrics.flush();
        let url = victoria_metrics.url();
        let until = day + TimeDelta::hours(30);
        let run = vmalert(
            suite,
            "alerts.yml",
            &[
                format!("-datasource.url={url}"),
                format!("-remoteWrite.url={url}"),
                "-evaluationInterval=5m".to_owned(),
                "-replay.rulesDelay=0s".to_owned(),
                format!("-replay.timeFrom={}", day.format("%FT%TZ")),
                format!("-replay.timeTo={}", until.format("%FT%TZ")),
            ],
        );
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        insta::allow_duplicates! {
            insta::assert_snapshot!(firing(&victoria_metrics, day, until), @"
            AwGoalReached - 12:00 27:55
            AwLimitExceeded - 20:35 27:55
            AwMachineSilent desk 24:05 30:00
            AwNoBreak laptop 11:05 11:40
            AwSamplesRefused laptop 10:05 11:00
            AwSyncLagging laptop 06:35 13:25
            ");
        }
    }
}

#[test]
fn what_came_late_is_missing_from_recorded_hours_until_they_are_replayed() {
    for suite in BOTH {
        let day = midnight(2);
        let until = day + TimeDelta::hours(30);
        let victoria_metrics = VictoriaMetrics::start(VictoriaMetricsOptions {
            suite,
            dedup: true,
            ..VictoriaMetricsOptions::default()
        });
        let url = victoria_metrics.url();
        let record = || {
            let run = vmalert(
                suite,
                "recording.yml",
                &[
                    format!("-datasource.url={url}"),
                    format!("-remoteWrite.url={url}"),
                    "-datasource.queryStep=1h".to_owned(),
                    "-replay.rulesDelay=0s".to_owned(),
                    format!("-replay.timeFrom={}", day.format("%FT%TZ")),
                    format!("-replay.timeTo={}", until.format("%FT%TZ")),
                ],
            );
            assert_eq!(run.code, Some(0), "{}", run.stderr);
        };
        let assert_hours = |hours: u32| {
            for (name, label, value) in [("app", "app", "vim"), ("category", "category", "Work")] {
                let selector = format!("user_host_{name}:aw_window_seconds:sum1h");
                let sums = victoria_metrics.totals(&selector, label, day, until);
                assert_equal(&sums, &totals::seconds(&[(value, hours * 3600)]));
            }
        };
        victoria_metrics.store(&[window(day, 6.0..9.0)]);
        victoria_metrics.flush();
        record();
        assert_hours(3);
        victoria_metrics.store(&[window(day, 9.0..13.0)]);
        assert_hours(3);
        victoria_metrics.delete(r#"{__name__=~"user_host_.+:aw_window_seconds:sum1h"}"#);
        record();
        assert_hours(7);
    }
}
