//! What the commands print is for people who look at a terminal, and for programs.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::harness::{Agent, Receiver, midnight};
use crate::hour;

#[test]
fn help_is_plain_and_fits_a_terminal() {
    let agent = Agent::new();
    for command in [
        &[][..],
        &["sync"],
        &["status"],
        &["verify"],
        &["doctor"],
        &["export"],
        &["backfill"],
        &["config"],
        &["config", "show"],
        &["autostart"],
        &["service"],
        &["service", "logs"],
        &["completions"],
    ] {
        for flag in ["-h", "--help"] {
            let help = agent.run(&[command, &[flag]].concat());
            assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
            let text = help.stdout;
            let odd = |char: char| char.is_control() && char != '\n';
            assert!(!text.contains(odd), "{command:?} {flag}: {text:?}");
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(98), "{command:?} {flag}: {widest:?} columns");
            let lines = text.lines().count();
            assert!(
                flag != "-h" || lines <= 50,
                "{command:?} {flag}: {lines} lines"
            );
        }
    }
}

#[test]
fn status_tells_programs_how_far_it_has_come() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus).args(&["--user-id", "ada"]);
    let status = || -> Value {
        let run = agent.run(&["status", "--json"]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        serde_json::from_str(&run.stdout).unwrap()
    };
    assert_eq!(status()["endpoints"], Value::Array(vec![]));

    agent.sync();
    let status = status();
    let endpoint = &status["endpoints"][0];
    assert_eq!(endpoint["url"], prometheus.url() + "/api/v1/write");
    let device = &endpoint["devices"][0];
    assert_eq!(
        (&device["user"], &device["host"]),
        (&"ada".into(), &"laptop".into())
    );
    let watermark: DateTime<Utc> = device["watermark"].as_str().unwrap().parse().unwrap();
    assert!(
        (midnight(0)..Utc::now()).contains(&watermark),
        "{watermark}"
    );
}
