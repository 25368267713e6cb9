//! What ActivityWatch answers: any buckets and events become series that a receiver can take, no step longer than it is.
//!
//! An input is a file that ActivityWatch exported. Its events are decoded as those of a server are, and go the way of
//! those from there on.

#![no_main]

mod memory;

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use aw_sync_agent::activitywatch::{Exported, Reader};
use aw_sync_agent::checkpoint::Store;
use aw_sync_agent::metrics::Series;
use aw_sync_agent::openmetrics;
use aw_sync_agent::remote_write::{Parcel, batches};
use aw_sync_agent::settings::{self, DestinationSettings, PartialSettings};
use aw_sync_agent::synchronizer::{Now, Synchronizer};
use aw_sync_agent::timeline::{Interval, Time};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// 2026-01-01, and four days of which an event is read.
const SINCE_MS: i64 = 1_767_225_600_000;
const DAYS: i64 = 4;

/// Each sum in a step is rounded once, and so is the sum of these.
const ROUNDING: f64 = 1e-6;

/// A file takes the place of the starter set of categories, which takes longer to compile than all the rest.
const SETTINGS: &str = r#"
    min-data = 0
    user-id = "ada"
    categories-file = "categories.json"
"#;

const CATEGORIES: &str =
    r#"{"categories": [{"name": ["Work"], "rule": {"type": "regex", "regex": "Code"}}]}"#;

struct Fixture {
    settings: DestinationSettings,
    runtime: Runtime,
    directory: TempDir,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let directory = memory::directory();
    let dirs = memory::dirs(directory.path());
    fs::write(dirs.config.join("categories.json"), CATEGORIES).expect("the directory is writable");
    let settings: PartialSettings = toml::from_str(SETTINGS).expect("they are TOML");
    let loaded = settings::load(settings, |_| None, &dirs).expect("they are settings");
    Fixture {
        settings: loaded.settings.by_destination().remove(0),
        runtime: Builder::new_current_thread()
            .build()
            .expect("it drives nothing but channels"),
        directory,
    }
});

fuzz_target!(|export: &[u8]| {
    let mut exported = Exported::default();
    if exported.add("export.json", export).is_err() {
        return;
    }
    let since = Time::from_millis(SINCE_MS);
    let until = Time::from_millis(SINCE_MS + DAYS * 86_400_000);
    let store = Store::new(FIXTURE.directory.path(), false);
    let store = store.open().expect("there is no checkpoint");
    let reader = Reader::of_exported(exported);
    let mut synchronizer = Synchronizer::new(FIXTURE.settings.clone(), reader, &store);
    let now = Now {
        wall: until,
        monotonic: Instant::now(),
    };
    let export = synchronizer.export(now, Interval::new(since, until), |_| ());
    let series = FIXTURE.runtime.block_on(export).series;
    check_form(&series, since, until);
    for metric in ["aw_window_seconds", "aw_afk_seconds"] {
        check_sums(metric, &series);
    }
    check_requests(&series);
    openmetrics::write(&series, &mut Vec::new()).expect("memory takes it");
});

/// Series ascend, and their samples do, in the middles of the steps that were asked for.
fn check_form(series: &[Series], since: Time, until: Time) {
    let ascend = |pair: &[Series]| pair[0].labels < pair[1].labels;
    assert!(series.windows(2).all(ascend));
    for Series { labels, samples } in series {
        assert!(!samples.is_empty(), "{labels:?}");
        assert!(
            samples
                .windows(2)
                .all(|pair| pair[0].timestamp_ms < pair[1].timestamp_ms),
            "{labels:?}"
        );
        for sample in samples {
            assert!(sample.value.is_finite() && sample.value > 0.0, "{sample:?}");
            assert_eq!(sample.timestamp_ms.rem_euclid(60_000), 30_000);
            let time = Time::from_millis(sample.timestamp_ms);
            assert!(since < time && time < until, "{sample:?}");
        }
        assert!(labels.iter().count() <= 30, "{labels:?}");
        for (name, value) in labels.iter() {
            assert!((1..=1024).contains(&value.len()), "{name}");
        }
    }
}

/// Of one machine no more than a minute is in a step: windows and AFK states do not overlap.
fn check_sums(metric: &str, series: &[Series]) {
    let of_metric = |series: &&Series| series.labels.get("__name__") == Some(metric);
    let mut steps = BTreeMap::<(&str, i64), f64>::new();
    for series in series.iter().filter(of_metric) {
        let host = series.labels.get("host").expect("each has one");
        for sample in &series.samples {
            *steps.entry((host, sample.timestamp_ms)).or_default() += sample.value;
        }
    }
    for (step, seconds) in steps {
        assert!(seconds <= 60.0 + ROUNDING, "{metric} {step:?}: {seconds}");
    }
}

/// The requests that carry them hold each sample once, and can be read again.
fn check_requests(series: &[Series]) {
    let sent: usize = batches(series)
        .map(|batch| {
            let parcel = Parcel::of_body(&batch.body).expect("it is a request");
            assert_eq!(parcel.samples(), batch.samples);
            batch.samples
        })
        .sum();
    let all: usize = series.iter().map(|series| series.samples.len()).sum();
    assert_eq!(sent, all);
}
