//! `autostart` in the settings of aw-qt and aw-tauri, which stay theirs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Agent, complaint, python_of_activitywatch, read_only};

const TAURI: &str = r#"port = 5600
discovery_paths = ["/nowhere"]

[autostart]
enabled = true
minimized = true
modules = ["aw-watcher-afk"] # more in the menu
"#;

/// An agent that is on its own `PATH`, where nothing else is.
fn agent() -> Agent {
    let agent = Agent::new();
    let bin = agent.home().join("bin");
    fs::create_dir(&bin).unwrap();
    Agent::install(&bin);
    agent.env("PATH", bin.to_str().unwrap())
}

fn settings_of_qt(agent: &Agent) -> PathBuf {
    agent.home().join("config/activitywatch/aw-qt/aw-qt.toml")
}

fn settings_of_tauri(agent: &Agent) -> PathBuf {
    agent
        .home()
        .join("config/activitywatch/aw-tauri/config.toml")
}

fn write(path: &PathBuf, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Runs a command that has nothing to complain of, and returns what it prints.
#[track_caller]
fn said(agent: &Agent, arguments: &[&str]) -> String {
    let run = agent.run(&[&["autostart"], arguments].concat());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    run.stdout.replace(agent.home().to_str().unwrap(), "HOME")
}

/// Runs a command that fails with a complaint and changes nothing, and returns the complaint.
#[track_caller]
fn refused(agent: &Agent, arguments: &[&str]) -> String {
    let run = agent.run(&[&["autostart"], arguments].concat());
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    complaint(&run, &[(agent.home().to_str().unwrap(), "HOME")])
}

/// What aw-qt starts with these settings, read as it reads them.
fn started_by_qt(agent: &Agent, section: &str) -> Value {
    let program = r#"
import json, sys
from aw_core.config import load_config_toml
default = '[aw-qt]\nautostart_modules = ["default"]\n[aw-qt-testing]\nautostart_modules = ["default"]'
print(json.dumps(load_config_toml("aw-qt", default)[sys.argv[1]]["autostart_modules"]))
"#;
    let run = Command::new(python_of_activitywatch())
        .args(["-c", program, section])
        .env("HOME", agent.home())
        .env("XDG_CONFIG_HOME", agent.home().join("config"))
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    serde_json::from_slice(&run.stdout).unwrap()
}

#[test]
fn aw_qt_with_its_first_settings_goes_on_to_start_what_it_did() {
    let agent = agent();
    // The file is there as aw-core writes it.
    assert_eq!(started_by_qt(&agent, "aw-qt"), json!(["default"]));
    let before = fs::read_to_string(settings_of_qt(&agent)).unwrap();
    insta::assert_snapshot!(said(&agent, &["status"]), @"aw-qt: does not start aw-sync-agent (HOME/config/activitywatch/aw-qt/aw-qt.toml)");
    insta::assert_snapshot!(said(&agent, &["enable"]), @"aw-qt: will start aw-sync-agent when it starts the next time (HOME/config/activitywatch/aw-qt/aw-qt.toml)");
    let modules = [
        "aw-server",
        "aw-watcher-afk",
        "aw-watcher-window",
        "aw-sync-agent",
    ];
    assert_eq!(started_by_qt(&agent, "aw-qt"), json!(modules));
    assert_eq!(started_by_qt(&agent, "aw-qt-testing"), json!(["default"]));
    insta::assert_snapshot!(said(&agent, &["enable"]), @"aw-qt: starts aw-sync-agent already (HOME/config/activitywatch/aw-qt/aw-qt.toml)");
    insta::assert_snapshot!(said(&agent, &["status"]), @"aw-qt: starts aw-sync-agent (HOME/config/activitywatch/aw-qt/aw-qt.toml)");
    said(&agent, &["enable", "--testing"]);
    assert_eq!(started_by_qt(&agent, "aw-qt-testing"), json!(modules));
    insta::assert_snapshot!(said(&agent, &["disable"]), @"aw-qt: will not start aw-sync-agent any more (HOME/config/activitywatch/aw-qt/aw-qt.toml)");
    assert_eq!(started_by_qt(&agent, "aw-qt"), json!(modules[..3]));
    assert_eq!(started_by_qt(&agent, "aw-qt-testing"), json!(modules));
    insta::assert_snapshot!(said(&agent, &["disable"]), @"aw-qt: does not start aw-sync-agent anyway (HOME/config/activitywatch/aw-qt/aw-qt.toml)");
    // The copy is of before the first change, and nothing else is left behind.
    let copy = settings_of_qt(&agent).with_file_name("aw-qt.toml.before-aw-sync-agent");
    assert_eq!(fs::read_to_string(copy).unwrap(), before);
    let directory = settings_of_qt(&agent);
    let files = fs::read_dir(directory.parent().unwrap()).unwrap().count();
    assert_eq!(files, 2);
}

#[test]
fn aw_qt_that_never_ran_gets_its_first_settings() {
    let agent = agent();
    let path = settings_of_qt(&agent);
    said(&agent, &["disable", "--launcher", "aw-qt"]);
    assert!(!path.exists());
    said(&agent, &["enable", "--launcher", "aw-qt"]);
    assert_eq!(
        started_by_qt(&agent, "aw-qt").as_array().unwrap().last(),
        Some(&json!("aw-sync-agent"))
    );
    assert_eq!(started_by_qt(&agent, "aw-qt-testing"), json!(["default"]));
}

#[test]
fn both_are_set_up_if_both_are_there() {
    let agent = agent();
    write(&settings_of_qt(&agent), "[aw-qt]\nautostart_modules = []\n");
    write(&settings_of_tauri(&agent), TAURI);
    let both = said(&agent, &["enable"]);
    insta::assert_snapshot!(both, @r"
    aw-qt: will start aw-sync-agent when it starts the next time (HOME/config/activitywatch/aw-qt/aw-qt.toml)
    aw-tauri: will start aw-sync-agent when it starts the next time (HOME/config/activitywatch/aw-tauri/config.toml)
    ");
    let edited = TAURI.replace(
        r#""aw-watcher-afk"]"#,
        r#""aw-watcher-afk", "aw-sync-agent"]"#,
    );
    let read = || fs::read_to_string(settings_of_tauri(&agent)).unwrap();
    assert_eq!(read(), edited);
    said(&agent, &["disable", "--launcher", "aw-tauri"]);
    assert_eq!(read(), TAURI);
    assert_eq!(started_by_qt(&agent, "aw-qt"), json!(["aw-sync-agent"]));
}

#[test]
fn mode_and_link_of_the_settings_stay() {
    let agent = agent();
    let path = settings_of_tauri(&agent);
    let elsewhere = agent.home().join("dotfiles.toml");
    write(&elsewhere, TAURI);
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o640)).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(&elsewhere, &path).unwrap();
    said(&agent, &["enable"]);
    assert!(path.is_symlink());
    assert!(
        fs::read_to_string(&elsewhere)
            .unwrap()
            .contains("aw-sync-agent")
    );
    let mode = fs::metadata(&elsewhere).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn it_says_where_the_binary_has_to_be() {
    let agent = agent();
    fs::remove_file(agent.home().join("bin/aw-sync-agent")).unwrap();
    write(&settings_of_qt(&agent), "");
    write(&settings_of_tauri(&agent), TAURI);
    let said = said(&agent, &["enable"]);
    let binary = fs::canonicalize(env!("CARGO_BIN_EXE_aw-sync-agent")).unwrap();
    insta::assert_snapshot!(said.replace(binary.to_str().unwrap(), "BINARY"), @r"
    aw-qt: will start aw-sync-agent when it starts the next time (HOME/config/activitywatch/aw-qt/aw-qt.toml)
    aw-qt: but will not find it where it looks for modules
    hint: copy or link BINARY to HOME/bin/aw-sync-agent
    aw-tauri: will start aw-sync-agent when it starts the next time (HOME/config/activitywatch/aw-tauri/config.toml)
    aw-tauri: but will not find it where it looks for modules
    hint: copy or link BINARY to HOME/bin/aw-sync-agent
    ");
}

#[test]
fn without_a_launcher_there_is_nothing_to_do() {
    let agent = agent();
    for action in ["enable", "disable", "status"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused(&agent, &[action]), @r"
            aw-sync-agent: neither aw-qt nor aw-tauri is found: no settings in HOME/config/activitywatch, no program on PATH
            hint: start ActivityWatch once, or name the one to set up with --launcher
            ");
        }
    }
    insta::assert_snapshot!(refused(&agent, &["enable", "--launcher", "aw-tauri"]), @r"
    aw-sync-agent: HOME/config/activitywatch/aw-tauri/config.toml: aw-tauri has no settings yet
    hint: start aw-tauri once, it writes them
    ");
    insta::assert_snapshot!(refused(&agent, &["enable", "--launcher", "aw-tauri", "--testing"]), @r#"
    aw-sync-agent: aw-tauri has no modules of its own for testing
    hint: add { name = "aw-sync-agent", args = "--testing" } to `modules` in its config.toml by hand
    "#);
    assert!(!agent.home().join("config/activitywatch").exists());
}

#[test]
fn settings_that_are_not_understood_are_left_alone() {
    let agent = agent();
    let path = settings_of_qt(&agent);
    let mut complaints = String::new();
    for text in [
        "[aw-qt]\nautostart_modules = [\"aw-server\"\n[aw-qt-testing]\n",
        "[aw-qt]\nautostart_modules = \"aw-server\"\n",
        "aw-qt.other = 1\n",
    ] {
        write(&path, text);
        complaints += &refused(&agent, &["enable"]);
        complaints += "\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    insta::assert_snapshot!(complaints, @r#"
    aw-sync-agent: HOME/config/activitywatch/aw-qt/aw-qt.toml: line 3: missing comma between array elements, expected `,`
    hint: mend the file first; nothing in it was changed
    aw-sync-agent: HOME/config/activitywatch/aw-qt/aw-qt.toml: no list `autostart_modules` under [aw-qt]
    hint: write one first; nothing in the file was changed
    aw-sync-agent: HOME/config/activitywatch/aw-qt/aw-qt.toml: `autostart_modules` under [aw-qt] is written in a way that is not understood
    hint: add or remove "aw-sync-agent" there by hand; nothing in the file was changed
    "#);
    let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(files, 1);

    // One that is well is set up all the same.
    write(&settings_of_tauri(&agent), TAURI);
    let run = agent.run(&["autostart", "enable"]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stdout.starts_with("aw-tauri: will start"),
        "{}",
        run.stdout
    );
}

#[test]
fn settings_that_cannot_be_written_are_complained_of() {
    let agent = Agent::new();
    let config = agent.home().join("config");
    fs::create_dir(&config).unwrap();
    let run = agent.run_under(
        read_only(&config),
        &["autostart", "enable", "--launcher", "aw-qt"],
    );
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    insta::assert_snapshot!(complaint(&run, &[(agent.home().to_str().unwrap(), "HOME")]), @r#"
    aw-sync-agent: HOME/config/activitywatch/aw-qt/aw-qt.toml: cannot be written: Read-only file system (os error 30)
    hint: check the file's owner and mode
    "#);
}
