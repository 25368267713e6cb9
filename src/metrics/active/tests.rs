mod properties;

use std::collections::BTreeMap;

use serde_json::{Map, json};

use super::*;
use crate::activitywatch::model;
use crate::timeline::{Time, split};

fn data(value: Value) -> Map<String, Value> {
    let Value::Object(data) = value else {
        unreachable!("an object literal")
    };
    data
}

fn at(start_s: i64, end_s: i64) -> Interval {
    Interval::new(
        Time::from_millis(start_s * 1000),
        Time::from_millis(end_s * 1000),
    )
}

fn event(start_s: i64, end_s: i64, value: Value) -> Event {
    Event {
        id: None,
        interval: at(start_s, end_s),
        data: data(value).into(),
    }
}

fn web_bucket(id: &str) -> Bucket {
    Bucket {
        id: id.to_owned(),
        kind: "web.tab.current".to_owned(),
        client: "aw-client-web".to_owned(),
        hostname: "laptop".to_owned(),
        synced: false,
    }
}

/// What the buckets of a device hold.
#[derive(Debug, Clone, Default)]
struct Device {
    windows: Vec<Event>,
    afk: Option<Vec<Event>>,
    firefox: Vec<Event>,
    chrome: Vec<Event>,
}

/// Start, end, value of the key that is asked for, and the label `active`.
type Row = (i64, i64, String, &'static str);

impl Device {
    /// Hands the pieces of windows and of tabs to `look`; titles that contain `call` are always active.
    fn pieces<R>(&self, look: impl FnOnce(&[Piece<'_>], &[Piece<'_>]) -> R) -> R {
        let windows = flooded(&self.windows);
        let afk = self.afk.as_deref().map(flooded);
        let firefox = flooded(&self.firefox);
        let chrome = flooded(&self.chrome);
        let tabs = [
            focused(
                &web_bucket("aw-watcher-web-firefox_laptop"),
                &firefox,
                &windows,
            ),
            focused(
                &web_bucket("aw-watcher-web-chrome_laptop"),
                &chrome,
                &windows,
            ),
        ];
        let active = ActiveTime::new(&windows, afk.as_deref(), tabs.iter().flatten(), |text| {
            text.contains("call")
        });
        let tabs: Vec<_> = tabs.iter().flat_map(|tabs| active.pieces(tabs)).collect();
        look(&active.pieces(&windows), &tabs)
    }

    /// The pieces of windows by app and of tabs by address, in seconds.
    fn rows(&self) -> (Vec<Row>, Vec<Row>) {
        let rows = |pieces: &[Piece<'_>], key| -> Vec<Row> {
            pieces
                .iter()
                .map(|piece| {
                    let seconds = |time: Time| time.millis() / 1000;
                    (
                        seconds(piece.interval.start()),
                        seconds(piece.interval.end()),
                        piece.event.text(key).unwrap_or_default().to_owned(),
                        piece.active.label(),
                    )
                })
                .collect()
        };
        self.pieces(|windows, tabs| (rows(windows, "app"), rows(tabs, "url")))
    }

    fn events(&self) -> impl Iterator<Item = &Event> {
        let afk = self.afk.iter().flatten();
        self.windows
            .iter()
            .chain(afk)
            .chain(&self.firefox)
            .chain(&self.chrome)
    }

    fn read(&self, range: Interval) -> Self {
        Self {
            windows: model::read(&self.windows, range),
            afk: self.afk.as_ref().map(|afk| model::read(afk, range)),
            firefox: model::read(&self.firefox, range),
            chrome: model::read(&self.chrome, range),
        }
    }

    /// Nanoseconds per event data, state and step within `range`.
    fn steps(&self, range: Interval) -> BTreeMap<(i64, String, Active), i64> {
        self.pieces(|windows, tabs| {
            let mut steps = BTreeMap::new();
            for piece in windows.iter().chain(tabs) {
                let data = Value::Object(piece.event.data.clone().into_map()).to_string();
                for (step, nanos) in piece.interval.intersect(range).into_iter().flat_map(split) {
                    *steps
                        .entry((step.timestamp_ms(), data.clone(), piece.active))
                        .or_default() += nanos;
                }
            }
            steps
        })
    }
}

fn row(start_s: i64, end_s: i64, name: &str, active: &'static str) -> Row {
    (start_s, end_s, name.to_owned(), active)
}

fn present(start_s: i64, end_s: i64) -> Event {
    event(start_s, end_s, json!({"status": "not-afk"}))
}

#[test]
fn a_window_is_active_while_somebody_is_there() {
    let device = Device {
        windows: vec![
            event(0, 100, json!({"app": "vim"})),
            event(100, 200, json!({"app": "mail"})),
        ],
        afk: Some(vec![
            present(0, 60),
            event(60, 150, json!({"status": "afk"})),
            present(150, 180), // then suspended: no AFK event at all
        ]),
        ..Device::default()
    };
    assert_eq!(
        device.rows().0,
        [
            row(0, 60, "vim", "true"),
            row(60, 100, "vim", "false"),
            row(100, 150, "mail", "false"),
            row(150, 180, "mail", "true"),
            row(180, 200, "mail", "false"),
        ]
    );
}

#[test]
fn what_the_pattern_matches_is_always_active() {
    let device = Device {
        windows: vec![
            event(0, 100, json!({"app": "zoom", "title": "a call"})),
            event(100, 200, json!({"app": "callisto", "title": 7})),
            event(200, 300, json!({"app": null, "title": "mail"})),
        ],
        afk: Some(vec![]),
        ..Device::default()
    };
    assert_eq!(
        device.rows().0,
        [
            row(0, 100, "zoom", "true"),
            row(100, 200, "callisto", "true"),
            row(200, 300, "", "false"),
        ]
    );
}

#[test]
fn an_audible_tab_counts_while_its_browser_is_in_front() {
    let tab = |start, end, url, audible| event(start, end, json!({"url": url, "audible": audible}));
    let device = Device {
        windows: vec![
            event(0, 100, json!({"app": "Firefox"})),
            event(100, 200, json!({"app": "vim"})),
            event(200, 300, json!({"app": "Google-chrome"})),
        ],
        afk: Some(vec![present(20, 40)]),
        firefox: vec![
            tab(0, 50, "https://quiet", false),
            tab(50, 250, "https://loud", true),
        ],
        chrome: vec![tab(0, 280, "https://chrome", false)],
    };
    let (windows, tabs) = device.rows();
    assert_eq!(
        windows,
        [
            row(0, 20, "Firefox", "false"),
            row(20, 40, "Firefox", "true"),
            row(40, 50, "Firefox", "false"),
            row(50, 100, "Firefox", "true"), // nobody at the keyboard, but listening
            row(100, 200, "vim", "false"),   // still audible, in the background
            row(200, 300, "Google-chrome", "false"),
        ]
    );
    assert_eq!(
        tabs,
        [
            row(0, 20, "https://quiet", "false"),
            row(20, 40, "https://quiet", "true"),
            row(40, 50, "https://quiet", "false"),
            row(50, 100, "https://loud", "true"),
            row(200, 280, "https://chrome", "false"),
        ]
    );
}

#[test]
fn without_an_afk_bucket_nobody_knows() {
    let device = Device {
        windows: vec![event(0, 100, json!({"app": "Firefox", "title": "call"}))],
        afk: None,
        firefox: vec![event(
            0,
            50,
            json!({"url": "https://loud", "audible": true}),
        )],
        ..Device::default()
    };
    assert_eq!(
        device.rows(),
        (
            vec![row(0, 100, "Firefox", "unknown")],
            vec![row(0, 50, "https://loud", "unknown")]
        )
    );
}

#[test]
fn tabs_need_their_browser_except_on_android() {
    let tabs = [event(0, 50, json!({"url": "https://example.org"}))];
    let windows = [event(0, 100, json!({"app": "Safari"}))];
    let kept = |id| focused(&web_bucket(id), &flooded(&tabs), &flooded(&windows)).len();
    assert_eq!(kept("aw-watcher-web-safari_laptop"), 0);
    assert_eq!(kept("aw-watcher-web-firefox_laptop"), 0);
    assert_eq!(kept("aw-watcher-android-web"), 1);
}

#[test]
fn of_equal_intervals_the_lowest_id_wins() {
    let with_id = |id| Event {
        id: Some(id),
        ..event(0, 10, json!({"app": id}))
    };
    for events in [[with_id(1), with_id(2)], [with_id(2), with_id(1)]] {
        let ids: Vec<_> = flooded(&events).iter().map(|(_, event)| event.id).collect();
        assert_eq!(ids, [Some(1)]);
    }
}
