//! The settings file: any text gives a message, or settings that can be used, shown, and pasted into a file again.

#![no_main]

mod memory;

use std::fs;
use std::sync::LazyLock;

use aw_sync_agent::activitywatch::{Bucket, Event};
use aw_sync_agent::dirs::Dirs;
use aw_sync_agent::metrics::{Budget, Categories, Labelling, Source, device_series};
use aw_sync_agent::settings::{self, Loaded, PartialSettings, Settings, SettingsError, file};
use aw_sync_agent::synchronizer::common_labels;
use aw_sync_agent::timeline::{Interval, Time};
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tempfile::TempDir;

struct Home {
    dirs: Dirs,
    _root: TempDir,
}

static HOME: LazyLock<Home> = LazyLock::new(|| {
    let root = memory::directory();
    let dirs = memory::dirs(root.path());
    Home { dirs, _root: root }
});

fuzz_target!(|text: &str| {
    match load(text) {
        Ok(loaded) => {
            can_be_used(&loaded.settings);
            can_be_pasted(&loaded.settings);
        }
        Err(error) => {
            assert!(matches!(error, SettingsError::File { .. }), "{error}");
            assert!(!error.to_string().is_empty());
        }
    }
});

fn load(text: &str) -> Result<Loaded, SettingsError> {
    fs::write(file::path(&HOME.dirs, false), text).expect("the directory is writable");
    settings::load(PartialSettings::default(), |_| None, &HOME.dirs)
}

/// Has the schedule tell the next run, and the rules decide about a window.
fn can_be_used(settings: &Settings) {
    let now = DateTime::from_timestamp(1_772_000_000, 0).expect("it is in 2026");
    let next = settings.schedule.next_after(&now);
    assert!(next.is_none_or(|next| next > now), "{next:?}");

    let bucket = Bucket {
        id: "aw-watcher-window_laptop".to_owned(),
        kind: "currentwindow".to_owned(),
        client: "aw-watcher-window".to_owned(),
        hostname: "laptop".to_owned(),
        synced: false,
    };
    let Value::Object(data) = json!({"app": "firefox", "title": "Inbox (3)"}) else {
        unreachable!("an object literal");
    };
    let minute = Interval::new(Time::EPOCH, Time::from_millis(60_000));
    let events = [Event {
        id: None,
        interval: minute,
        data: data.into(),
    }];
    let (categories, skipped) = Categories::new(settings.category.clone());
    assert!(skipped.is_empty(), "loading has compiled them");
    for of_destination in settings.by_destination() {
        let settings = of_destination.settings;
        let source = Source {
            bucket: &bucket,
            events: &events,
            range: minute,
        };
        let labelling = Labelling {
            common: &common_labels(&settings, "laptop"),
            categories: &categories,
            always_active: None,
            rules: &settings.relabel,
        };
        let mut budget = Budget::new(settings.series_budget, Time::EPOCH, [].into());
        let series = device_series([source], labelling, None, &mut budget);
        assert!(series.len() <= 1);
        for (name, value) in series.iter().flat_map(|series| series.labels.iter()) {
            let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
            assert!(name.bytes().next().is_some_and(is_letter), "{name:?}");
            let is_of_name = |byte: u8| is_letter(byte) || byte.is_ascii_digit();
            assert!(name.bytes().all(is_of_name), "{name:?}");
            assert!(!value.is_empty(), "{name}");
        }
    }
}

/// What `config show` prints is TOML, and of one destination it is a settings file that says the same.
fn can_be_pasted(settings: &Settings) {
    let shown = settings.shown();
    for (key, value) in &shown {
        let line = format!("shown = {value}");
        assert!(
            toml::from_str::<toml::Table>(&line).is_ok(),
            "{key}: {value}"
        );
    }
    if settings.remote_write.len() > 1 {
        return; // their keys are numbered
    }
    let lines: Vec<_> = shown
        .iter()
        .map(|(key, value)| format!("{key} = {value}\n"))
        .collect();
    let text = lines.concat();
    match load(&text) {
        Ok(again) => assert_eq!(again.settings.shown(), shown),
        Err(error) => panic!("{error}\n{text}"),
    }
}
