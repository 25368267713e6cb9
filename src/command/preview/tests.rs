use std::collections::BTreeMap;
use std::time::Duration;

use chrono::FixedOffset;

use super::*;
use crate::metrics::{Labels, RuleEffect, Sample, Series};
use crate::synchronizer::DevicePreview;
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
