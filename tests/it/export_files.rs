//! `export --input`: what ActivityWatch exported, read without any server.

use std::collections::BTreeMap;
use std::fs;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::export::exported;
use crate::families;
use crate::harness::{
    Agent, AwServer, BucketSpec, Density, EventSpec, Generator, complaint, midnight,
};

/// An agent that reads no server, in UTC.
fn agent() -> Agent {
    Agent::new()
        .reading("http://127.0.0.1:9")
        .args(&["--user-id", "ada"])
        .env("TZ", "UTC")
}

/// Exports what the files `inputs` hold, to standard output, and returns that and what was said.
fn exported_from(agent: &Agent, inputs: &[&str]) -> (String, String) {
    let mut command = vec!["export", "--output", "-"];
    command.extend(inputs.iter().flat_map(|input| ["--input", input]));
    let run = agent.run(&command);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    (run.stdout, run.stderr)
}

fn write(agent: &Agent, name: &str, text: impl AsRef<[u8]>) {
    fs::write(agent.home().join(name), text).unwrap();
}

/// Fills `server` with days of all that people have and of what should not be.
fn fill(server: &AwServer) {
    let desk = Generator::new(8, Density::Human).host("desk");
    server.fill(&desk.days(midnight(5), 3));
    families::fill(server);
    let window = |minute: i64, millis: i64, app: &str| {
        let start = midnight(2) + TimeDelta::minutes(minute);
        EventSpec::new(start, millis, json!({"app": app, "title": "secret"}))
    };
    // Equal, overlapping, empty, negative, within another; and longer than the Python server remembers.
    let odd = [
        window(0, 60_000, "same"),
        window(0, 60_000, "time"),
        window(0, 60_000, "other"),
        window(2, 600_000, "long"),
        window(3, 60_000, "inside"),
        window(4, 0, "empty"),
        window(20, -60_000, "negative"),
        window(30, 30 * 3_600_000, "days"),
        window(33, 5_000, "inside"),
    ];
    server.insert("aw-watcher-window_laptop", &odd);
    let tried_once = BucketSpec::new("tried-once", "test", "test", "laptop");
    server.add(&tried_once, &[window(0, 60_000, "once")]);
}

#[test]
fn a_file_gives_byte_by_byte_what_its_server_gives() {
    let server = AwServer::start();
    fill(&server);
    let of_server = exported(&server);
    let agent = agent();
    let file = server.export();
    write(&agent, "aw-buckets-export.json", &file);
    let (of_file, _) = exported_from(&agent, &["aw-buckets-export.json"]);
    let metrics: Vec<&str> = of_file
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .collect();
    insta::assert_snapshot!(metrics.join("\n"), @"
    aw_activity_seconds gauge
    aw_afk_seconds gauge
    aw_editor_seconds gauge
    aw_focus_streak_seconds gauge
    aw_input_clicks gauge
    aw_input_presses gauge
    aw_input_scrolls gauge
    aw_media_seconds gauge
    aw_switches gauge
    aw_today_seconds gauge
    aw_unlocks gauge
    aw_web_seconds gauge
    aw_window_seconds gauge
    ");
    let difference = of_server
        .lines()
        .zip(of_file.lines())
        .find(|(of_server, of_file)| of_server != of_file);
    assert_eq!(difference, None);
    assert_eq!(of_server.len(), of_file.len());

    // Bucket by bucket, and with all but the newest events in an older file.
    let whole: Value = serde_json::from_str(&file).unwrap();
    let (mut old, mut inputs) = (whole.clone(), vec!["old.json".to_owned()]);
    for (id, bucket) in whole["buckets"].as_object().unwrap() {
        let name = format!("aw-bucket-export_{id}.json");
        write(&agent, &name, json!({"buckets": {id: bucket}}).to_string());
        inputs.push(name);
        let events = old["buckets"][id]["events"].as_array_mut().unwrap();
        events.drain(..events.len() / 2);
    }
    write(&agent, "old.json", old.to_string());
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let (of_files, _) = exported_from(&agent, &inputs);
    assert!(of_files == of_file);
}

#[test]
fn settings_hold_for_files_too() {
    let agent = agent();
    agent.write_settings(
        r#"
        excluded-watchers = ["aw-watcher-web*"]
        [labels]
        team = "red"
        [hosts]
        laptop = "old-laptop"
        [[category]]
        name = ["Mail"]
        regex = "of Mutt"
        [[relabel]]
        source-labels = ["app"]
        regex = "Kee.*"
        action = "drop"
        "#,
    );
    let event = |minute: i64, data: Value| {
        let start = midnight(1) + TimeDelta::minutes(minute);
        json!({"timestamp": start.to_rfc3339(), "duration": 60, "data": data})
    };
    let bucket = |kind: &str, hostname: &str, events: Vec<Value>| json!({"type": kind, "client": "test", "hostname": hostname, "events": events});
    // A clock that was wrong.
    let to_come = midnight(-2).to_rfc3339();
    let to_come = json!({"timestamp": to_come, "duration": 60, "data": {"app": "future"}});
    let mut windows: Vec<Value> = ["of Mutt", "vim", "KeePassXC"]
        .into_iter()
        .zip(0..)
        .map(|(app, minute)| event(minute * 2, json!({"app": app})))
        .collect();
    windows.push(to_come);
    let tabs = (0..9)
        .map(|minute| event(minute, json!({"url": "https://a.b/"})))
        .collect();
    let stopwatch = (0..5).map(|minute| event(minute * 2, json!({}))).collect();
    let file = json!({"buckets": {
        "windows": bucket("currentwindow", "laptop", windows),
        "aw-watcher-web-firefox": bucket("web.tab.current", "laptop", tabs),
        "stopwatch": bucket("general.stopwatch", "unknown", stopwatch),
    }});
    write(&agent, "file.json", file.to_string());
    let (samples, _) = exported_from(&agent, &["file.json"]);
    let mut series: Vec<&str> = samples
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.rsplit_once(' ').unwrap().0)
        .collect();
    series.dedup();
    insta::assert_snapshot!(series.join("\n"), @r#"
    aw_activity_seconds{host="old-laptop",team="red",type="general.stopwatch",user="ada",watcher="test"} 60
    aw_focus_streak_seconds{host="old-laptop",team="red",user="ada"} 60
    aw_focus_streak_seconds{host="old-laptop",team="red",user="ada"} 180
    aw_switches{host="old-laptop",team="red",user="ada"} 1
    aw_today_seconds{category="Development",host="old-laptop",team="red",user="ada"} 60
    aw_today_seconds{category="Mail",host="old-laptop",team="red",user="ada"} 60
    aw_window_seconds{active="unknown",app="of Mutt",category="Mail",host="old-laptop",team="red",user="ada"} 60
    aw_window_seconds{active="unknown",app="vim",category="Development",host="old-laptop",team="red",user="ada"} 60
    "#);
}

#[test]
fn odd_files_are_told_apart() {
    let agent = agent();
    let minute = |duration: &str| {
        let start = midnight(1).to_rfc3339();
        format!(r#"{{"timestamp": "{start}", "duration": {duration}, "data": {{"app": "vim"}}}}"#)
    };
    let bucket = |events: &[String]| {
        format!(
            r#""w": {{"id": "w", "name": null, "type": "currentwindow", "client": "c", "hostname": "h", "data": {{}}, "events": [{}]}}"#,
            events.join(",")
        )
    };
    let odd = [minute("60"), minute("null"), "7".to_owned()];
    let file = format!(
        r#"{{"buckets": {{{}, "x": 3, "y": {{"type": "t"}}}}}}"#,
        bucket(&odd)
    );
    write(&agent, "odd.json", &file);
    let (samples, said) = exported_from(&agent, &["odd.json"]);
    assert_eq!(samples.lines().count(), 7, "{samples}");
    let warned: Vec<&str> = said
        .lines()
        .filter_map(|line| Some(line.split_once("[WARN ]: ")?.1))
        .collect();
    insta::assert_snapshot!(warned.join("\n"), @"
    odd.json: bucket `w`: 2 events do not decode and are skipped
    odd.json: 2 buckets do not decode and are left out
    ");

    let other_host = file.replace("\"h\"", "\"other\"");
    let mut complaints = BTreeMap::new();
    for (name, text) in [
        ("broken.json", &file[..file.len() - 9]),
        ("page.json", "<html>"),
        ("list.json", "[]"),
        ("settings.json", r#"{"buckets": 3}"#),
        ("other.json", &other_host),
    ] {
        write(&agent, name, text);
        let inputs = ["--input", "odd.json", "--input", name];
        let run = agent.run(&[&["export", "--output", "out.om"], &inputs[..]].concat());
        assert_eq!(run.code, Some(2), "{name}: {}", run.stderr);
        complaints.insert(name, complaint(&run, &[]));
        assert!(!agent.home().join("out.om").exists());
    }
    let complaints: Vec<String> = complaints.into_values().collect();
    insta::assert_snapshot!(complaints.join("\n"), @r#"
    aw-sync-agent: broken.json: EOF while parsing a string at line 1 column 316
    hint: export it again from ActivityWatch, under Raw Data
    aw-sync-agent: list.json: this is no export of ActivityWatch: it has no "buckets" with names
    hint: export all buckets, or one, under Raw Data in ActivityWatch
    aw-sync-agent: other.json: bucket `w` is not the one that was read before under this name: machine or type differ
    hint: export from these files one after the other, with another name under [hosts] for one of the machines
    aw-sync-agent: page.json: expected value at line 1 column 1
    hint: export it again from ActivityWatch, under Raw Data
    aw-sync-agent: settings.json: this is no export of ActivityWatch: it has no "buckets" with names
    hint: export all buckets, or one, under Raw Data in ActivityWatch
    "#);

    let run = agent.run(&["export", "--output", "out.om", "--input", "none.json"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[]), @"aw-sync-agent: none.json: cannot be read: No such file or directory (os error 2)");
    let run = agent.run(&["export", "--output", "out.om"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
}
