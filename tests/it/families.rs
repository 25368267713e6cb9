//! Buckets of every kind of watcher that people run, with what else they may hold.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::activity::Totals;
use crate::harness::{
    Agent, AwServer, BucketSpec, EventSpec, Prometheus, Proxy, Receiver, Suite, Verdict, midnight,
};
use crate::totals::{assert_equal, seconds, yesterday};

fn event(minute: i64, seconds: i64, data: Value) -> EventSpec {
    EventSpec::new(
        midnight(1) + TimeDelta::minutes(minute),
        seconds * 1000,
        data,
    )
}

fn add(server: &AwServer, id: &str, kind: &str, client: &str, events: &[EventSpec]) {
    server.add(&BucketSpec::new(id, kind, client, "laptop"), events);
}

/// Each bucket has five events at least, so that it is taken.
pub(crate) fn fill(server: &AwServer) {
    add_steady(server);
    add_counted(server);
    add_odd(server);
}

/// Watchers that see the same for five minutes.
fn add_steady(server: &AwServer) {
    let minutes = |data: Value| -> Vec<EventSpec> {
        (0..5)
            .map(|minute| event(minute * 2, 60, data.clone()))
            .collect()
    };
    let secret_path = "/home/secret/secret.rs";
    let each = |mut data: Value, odd: Value| {
        data["odd"] = odd;
        data
    };
    for (id, kind, client, data) in [
        (
            "aw-watcher-spotify_laptop",
            "currently-playing",
            "aw-watcher-spotify",
            json!({"title": "secret", "artist": "secret", "uri": "secret", "popularity": 7}),
        ),
        (
            "aw-watcher-media-player_laptop",
            "currently-playing",
            "aw-watcher-media-player",
            json!({"player": "vlc", "title": "secret"}),
        ),
        (
            "aw-watcher-vim_laptop",
            "app.editor.activity",
            "aw-watcher-vim",
            json!({"file": secret_path, "project": "/home/secret/agent", "language": "rust"}),
        ),
        (
            "aw-watcher-intellij-idea_laptop",
            "app.editor.activity",
            "aw-watcher-intellij-idea",
            json!({"file": secret_path, "fileFullPath": secret_path, "project": "agent", "language": "java", "branch": "secret", "commit": "secret"}),
        ),
        (
            "aw-watcher-ask-away_laptop",
            "afktask",
            "aw-watcher-ask-away",
            json!({"message": "secret"}),
        ),
        (
            "aw-stopwatch",
            "general.stopwatch",
            "aw-webui",
            json!({"label": "secret", "running": false}),
        ),
        (
            "something_laptop",
            "org.example.something",
            "aw-watcher-something",
            each(json!({"text": "secret"}), json!({"deep": [null, "secret"]})),
        ),
        (
            "odd_laptop",
            "org.example.odd",
            "",
            each(
                json!({"": "secret", "\u{0}": null}),
                json!("secret".repeat(50_000)),
            ),
        ),
    ] {
        add(server, id, kind, client, &minutes(data));
    }
}

fn add_counted(server: &AwServer) {
    let unlocks: Vec<EventSpec> = (0..6).map(|minute| event(minute, 0, json!({}))).collect();
    add(
        server,
        "aw-watcher-android-unlock",
        "os.lockscreen.unlocks",
        "aw-android",
        &unlocks,
    );
    let input = |start: EventSpec| EventSpec {
        start: start.start - TimeDelta::seconds(2),
        ..start
    };
    let pressed = |presses: Value| json!({"presses": presses, "clicks": 2, "deltaX": 300, "deltaY": 1, "scrollX": 1, "scrollY": 3});
    let events = [
        // Across midnight, which is the edge of a slice: two fifths of it on the day before.
        input(event(0, 5, pressed(json!(10)))),
        event(1, 5, pressed(json!(7))),
        event(2, 5, pressed(json!(null))),
        event(3, 5, pressed(json!("secret"))),
        event(4, 5, pressed(json!(-1))),
        event(
            5,
            3600,
            json!({"presses": 0, "clicks": 0, "deltaX": 0, "deltaY": 0, "scrollX": 0, "scrollY": 0}),
        ),
    ];
    add(
        server,
        "aw-watcher-input_laptop",
        "os.hid.input",
        "aw-watcher-input",
        &events,
    );
}

/// Windows, tabs and lids with values that nobody expects.
fn add_odd(server: &AwServer) {
    let windows = [
        event(0, 60, json!({"app": "vim", "title": "secret"})),
        event(1, 60, json!({"app": null, "title": ["secret"]})),
        event(2, 60, json!({"app": 7, "title": {"secret": "secret"}})),
        event(3, 60, json!({"app": "", "title": 1.5})),
        event(4, 60, json!({})),
        event(
            5,
            60,
            json!({"app": "ü".repeat(2000), "url": "https://secret/"}),
        ),
    ];
    add(
        server,
        "aw-watcher-window_laptop",
        "currentwindow",
        "aw-watcher-window",
        &windows,
    );
    let incognito =
        json!({"url": "https://secret/", "title": "secret", "incognito": true, "audible": null});
    let tabs: Vec<EventSpec> = (0..5)
        .map(|minute| event(minute, 60, incognito.clone()))
        .collect();
    server.add(&BucketSpec::web("firefox", "laptop"), &tabs);
    let lid = |status: &str| json!({"status": status, "lid_state": null, "boot_gap": false, "event_source": "boot"});
    let lids = [
        event(0, 60, lid("not-afk")),
        event(2, 60, lid("system-afk")),
        event(4, 60, lid("not-afk")),
        event(6, 60, lid("not-afk")),
        event(8, 60, lid("not-afk")),
    ];
    add(
        server,
        "aw-watcher-lid_laptop",
        "systemafkstatus",
        "aw-watcher-lid",
        &lids,
    );
}

#[test]
fn every_kind_of_bucket_has_its_metric_and_keeps_its_secrets() {
    let (server, prometheus) = (
        AwServer::start(),
        Prometheus::taking_history(Suite::Machine),
    );
    fill(&server);
    let proxy = Proxy::start(&prometheus.url(), |_, _, _| Verdict::Forward);
    Agent::new()
        .reading(&server.url())
        .writing(&proxy.url())
        .sync();
    let has = |metric: &str, label: &str, truth: &[(&str, u32)]| {
        assert_equal(&yesterday(&prometheus, metric, label), &seconds(truth));
    };
    has(
        "aw_media_seconds",
        "player",
        &[("spotify", 300), ("vlc", 300)],
    );
    has(
        "aw_editor_seconds",
        "editor",
        &[("intellij-idea", 300), ("vim", 300)],
    );
    has("aw_editor_seconds", "project", &[("agent", 600)]);
    has(
        "aw_activity_seconds",
        "type",
        &[
            ("afktask", 300),
            ("general.stopwatch", 300),
            ("org.example.odd", 300),
            ("org.example.something", 300),
        ],
    );
    has(
        "aw_afk_seconds",
        "status",
        &[("not-afk", 240), ("system-afk", 60)],
    );
    has(
        "aw_window_seconds",
        "app",
        &[(&"ü".repeat(512), 60), ("unknown", 240), ("vim", 60)],
    );
    // An unlock at each of six minutes, by the phone.
    has("aw_unlocks", "host", &[("android", 6)]);
    has("aw_input_presses", "host", &[("laptop", 6 + 7)]);
    let day_before = |metric| prometheus.totals(metric, "host", midnight(2), midnight(1));
    let truth = |seconds: f64| Totals::from([("laptop".to_owned(), seconds)]);
    assert_equal(&day_before("aw_input_presses"), &truth(4.0));
    assert_equal(&day_before("aw_input_clicks"), &truth(0.8));
    assert_equal(&day_before("aw_input_scrolls"), &truth(1.6));
    assert_equal(
        &yesterday(&prometheus, "aw_input_clicks", "host"),
        &truth(8.0 + 1.2),
    );
    assert_equal(
        &yesterday(&prometheus, "aw_input_scrolls", "host"),
        &truth(16.0 + 2.4),
    );

    assert!(!proxy.bodies().is_empty());
    for body in proxy.bodies() {
        let message = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
        assert!(!message.windows(6).any(|bytes| bytes == b"secret"));
    }
}

#[test]
fn label_sets_beyond_the_budget_keep_their_time() {
    let (server, prometheus) = (
        AwServer::start(),
        Prometheus::taking_history(Suite::Machine),
    );
    let windows: Vec<EventSpec> = (0..20)
        .map(|minute| event(minute, 60, json!({"app": format!("app{:02}", minute % 10)})))
        .collect();
    server.add(&BucketSpec::window("laptop"), &windows);
    let agent = Agent::between(&[&server], &prometheus);
    agent.write_settings("series-budget = 3");
    let pass = agent.run(&["sync"]);
    assert_eq!(pass.code, Some(0), "{}", pass.stderr);
    assert!(
        pass.stderr
            .contains("`laptop` has more than 3 label sets a day"),
        "{}",
        pass.stderr
    );
    assert_equal(
        &yesterday(&prometheus, "aw_window_seconds", "app"),
        &seconds(&[
            ("(other)", 14 * 60),
            ("app00", 120),
            ("app01", 120),
            ("app02", 120),
        ]),
    );
    // A bucket that comes later finds the budget of its own metric's day.
    let music: Vec<EventSpec> = (0..5)
        .map(|minute| event(minute, 60, json!({"player": format!("player{minute}")})))
        .collect();
    add(
        &server,
        "aw-watcher-media-player_laptop",
        "currently-playing",
        "aw-watcher-media-player",
        &music,
    );
    agent.sync();
    assert_equal(
        &yesterday(&prometheus, "aw_media_seconds", "player"),
        &seconds(&[
            ("(other)", 120),
            ("player0", 60),
            ("player1", 60),
            ("player2", 60),
        ]),
    );
}
