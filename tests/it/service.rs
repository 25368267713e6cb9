//! `service`: a systemd unit of the user, with a stand-in for `systemctl` and, where one can be run, with systemd itself.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{self, Agent, Output, complaint};

/// Writes down how it is called.
const STAND_IN: &str = r#"#!/bin/sh
echo "${0##*/} $*" >> "$CALLS"
case "$*" in
    *status*) echo "● aw-sync-agent.service"; exit "${STATUS:-0}" ;;
    *-u*) echo "-- the log" ;;
esac
"#;

/// A program of the system that always fails so.
fn failing(message: &str) -> String {
    format!("#!/bin/sh\necho '{message}' >&2\nexit 1\n")
}

/// An agent on a `PATH` that has nothing but it and the stand-ins.
fn agent() -> Agent {
    let agent = Agent::new();
    let bin = agent.home().join("bin");
    fs::create_dir(&bin).unwrap();
    Agent::install(&bin);
    let calls = agent.home().join("calls");
    let agent = agent
        .env("PATH", bin.to_str().unwrap())
        .env("CALLS", calls.to_str().unwrap());
    for program in ["systemctl", "journalctl"] {
        write_program(&agent, program, STAND_IN);
    }
    agent
}

fn write_program(agent: &Agent, name: &str, text: &str) {
    harness::write_program(&agent.home().join("bin").join(name), text);
}

fn unit(agent: &Agent) -> PathBuf {
    agent
        .home()
        .join("config/systemd/user/aw-sync-agent.service")
}

fn start_of(unit: &Path) -> String {
    let text = fs::read_to_string(unit).unwrap();
    let start = text.lines().find(|line| line.starts_with("ExecStart="));
    start.unwrap().to_owned()
}

/// How the stand-ins were called since the last look, but for the question whether there is a manager.
fn calls(agent: &Agent) -> String {
    let path = agent.home().join("calls");
    let calls = fs::read_to_string(&path).unwrap_or_default();
    fs::write(path, "").unwrap();
    let calls = calls.lines().filter(|call| !call.contains(" show "));
    calls.collect::<Vec<_>>().join("\n")
}

fn masked(agent: &Agent, text: &str) -> String {
    text.replace(agent.home().to_str().unwrap(), "HOME")
}

/// Runs a command that has nothing to complain of, and returns what it prints.
#[track_caller]
fn said(agent: &Agent, arguments: &[&str]) -> String {
    let run = agent.run(arguments);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    masked(agent, &run.stdout)
}

/// Runs a command that fails and prints nothing, and returns its complaint.
#[track_caller]
fn refused(agent: &Agent, code: i32, arguments: &[&str]) -> String {
    let run = agent.run(arguments);
    assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""));
    complaint(&run, &[(agent.home().to_str().unwrap(), "HOME")])
}

#[test]
fn it_is_installed_managed_and_removed() {
    let agent = agent();
    insta::assert_snapshot!(said(&agent, &["--cron", "@hourly", "service", "install"]), @r"
    installed: HOME/config/systemd/user/aw-sync-agent.service
    starts at login; `aw-sync-agent service restart` starts it now
    ");
    insta::assert_snapshot!(calls(&agent), @r"
    systemctl --user daemon-reload
    systemctl --user enable aw-sync-agent.service
    ");
    // By the name under which a newer one will be found too.
    let start = masked(&agent, &start_of(&unit(&agent)));
    insta::assert_snapshot!(start, @r#"ExecStart="HOME/bin/aw-sync-agent" "--cron=@hourly""#);
    for (command, says) in [
        ("start", "started\n"),
        ("stop", "stopped\n"),
        ("restart", "restarted\n"),
        ("status", "● aw-sync-agent.service\n"),
        ("logs", "-- the log\n"),
    ] {
        assert_eq!(said(&agent, &["service", command]), says);
    }
    said(&agent, &["service", "logs", "--follow"]);
    insta::assert_snapshot!(calls(&agent), @r"
    systemctl --user start aw-sync-agent.service
    systemctl --user stop aw-sync-agent.service
    systemctl --user restart aw-sync-agent.service
    systemctl --user status --no-pager --lines=5 aw-sync-agent.service
    journalctl --user -u aw-sync-agent.service
    journalctl --user -u aw-sync-agent.service --follow
    ");
    insta::assert_snapshot!(said(&agent, &["service", "uninstall"]), @"removed: HOME/config/systemd/user/aw-sync-agent.service");
    insta::assert_snapshot!(calls(&agent), @r"
    systemctl --user disable --now aw-sync-agent.service
    systemctl --user daemon-reload
    ");
    insta::assert_snapshot!(said(&agent, &["service", "uninstall"]), @"is not installed: HOME/config/systemd/user/aw-sync-agent.service");
    assert_eq!(calls(&agent), "");
    let left = fs::read_dir(unit(&agent).parent().unwrap())
        .unwrap()
        .count();
    assert_eq!(left, 0);
}

#[test]
fn installed_twice_it_is_as_installed_once() {
    let agent = agent();
    said(&agent, &["service", "install", "--testing"]);
    let unit = unit(&agent).with_file_name("aw-sync-agent-testing.service");
    let inode = || fs::metadata(&unit).unwrap().ino();
    let (first, text) = (inode(), fs::read_to_string(&unit).unwrap());
    insta::assert_snapshot!(said(&agent, &["service", "install", "--testing"]), @r"
    is installed already: HOME/config/systemd/user/aw-sync-agent-testing.service
    starts at login; `aw-sync-agent service restart` starts it now
    ");
    assert_eq!((inode(), fs::read_to_string(&unit).unwrap()), (first, text));
    // The other mode has another unit.
    said(&agent, &["service", "install"]);
    said(&agent, &["service", "uninstall"]);
    assert!(unit.exists());
    said(&agent, &["service", "uninstall", "--testing"]);
    assert!(!unit.exists());
}

#[test]
fn one_flag_installs_and_starts_it() {
    let agent = agent();
    insta::assert_snapshot!(said(&agent, &["-service", "-minData=7"]), @r"
    installed: HOME/config/systemd/user/aw-sync-agent.service
    started
    ");
    insta::assert_snapshot!(calls(&agent), @r"
    systemctl --user daemon-reload
    systemctl --user enable aw-sync-agent.service
    systemctl --user restart aw-sync-agent.service
    ");
    let start = masked(&agent, &start_of(&unit(&agent)));
    assert!(start.ends_with(r#" "--min-data=7""#), "{start}");
    // What runs with these flags already goes on.
    said(&agent, &["--service", "--min-data", "7"]);
    assert!(calls(&agent).ends_with("--user start aw-sync-agent.service"));
    let run = agent.run(&["--service", "sync"]);
    assert_eq!(run.code, Some(2));
}

#[test]
fn flags_reach_the_service_as_they_were_given() {
    let agent = agent();
    let odd = r#"a "b" 'c' $HOME ${HOME} $$ 100% %h \n ; # é"#;
    said(&agent, &["service", "install", "--user-id", odd]);
    let unit = unit(&agent);
    verify(&agent, &unit);
    let mode = fs::metadata(&unit).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Has systemd look for faults in the unit.
#[track_caller]
fn verify(agent: &Agent, unit: &Path) {
    let run = Command::new("systemd-analyze")
        .args(["--user", "verify", "--man=no"])
        .arg(unit)
        .env("XDG_RUNTIME_DIR", agent.home())
        .output()
        .expect("this test needs systemd-analyze (.ci/install-packages systemd)");
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(run.status.success() && said.is_empty(), "{said}");
}

#[test]
fn the_unit_of_packages_is_good() {
    let agent = agent();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packaged = root.join("packaging/systemd/aw-sync-agent.service");
    let text = fs::read_to_string(packaged).unwrap();
    let here = agent.home().join("bin/aw-sync-agent");
    // Where packages have it, nothing may be installed here.
    let moved = text.replace("/usr/bin/aw-sync-agent", here.to_str().unwrap());
    assert_ne!(text, moved);
    let unit = agent.home().join("aw-sync-agent.service");
    fs::write(&unit, moved).unwrap();
    verify(&agent, &unit);
}

#[test]
fn the_property_list_of_packages_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = "import plistlib, sys; print(plistlib.load(open(sys.argv[1], 'rb')))";
    let run = Command::new("python3")
        .args(["-c", read])
        .arg(root.join("packaging/macos/aw-sync-agent.plist"))
        .output()
        .unwrap();
    insta::assert_snapshot!(String::from_utf8(run.stdout).unwrap().trim_end(), @"{'Label': 'aw-sync-agent', 'ProgramArguments': ['/usr/local/bin/aw-sync-agent'], 'RunAtLoad': True, 'KeepAlive': {'SuccessfulExit': False}, 'ThrottleInterval': 30, 'ProcessType': 'Background', 'Umask': 63}");
}

#[test]
fn what_the_service_would_miss_is_said() {
    let agent = agent()
        .env("PROMETHEUS_URL", "http://127.0.0.1:1")
        .env("CRON", "");
    let run = agent.run(&[
        "service",
        "install",
        "--aw-url",
        "http://ada:pw@127.0.0.1:1",
    ]);
    assert_eq!(run.code, Some(0));
    insta::assert_snapshot!(masked(&agent, &run.stdout), @r"
    installed: HOME/config/systemd/user/aw-sync-agent.service
    hint: PROMETHEUS_URL is set here, but not for the service; the settings file is for both
    hint: other users of this machine can see the password among the flags of the service; the settings file is safer
    starts at login; `aw-sync-agent service restart` starts it now
    ");
}

#[test]
fn flags_that_have_no_effect_are_refused() {
    let agent = agent();
    let idle = [
        "service",
        "restart",
        "--cron",
        "@daily",
        "--prometheus-url=http://ada:pw@a",
    ];
    insta::assert_snapshot!(refused(&agent, 2, &idle), @r"
    aw-sync-agent: --prometheus-url, --cron: the service has the flags that it was installed with
    hint: give all that it shall have to `aw-sync-agent service install`
    ");
    insta::assert_snapshot!(refused(&agent, 2, &["service", "install", "--cron", "often"]).lines().next().unwrap(), @"aw-sync-agent: command line: cron expression `often`: 1 fields instead of 5 or 6");
    assert_eq!(calls(&agent), "");
    assert!(!unit(&agent).exists());
}

#[test]
fn the_files_of_others_stay() {
    let agent = agent();
    let unit = unit(&agent);
    fs::create_dir_all(unit.parent().unwrap()).unwrap();
    let others = "[Service]\nExecStart=/opt/mine\n";
    let check = |text: Option<&str>| {
        insta::allow_duplicates! {
            for command in [&["service", "install"][..], &["service", "uninstall"], &["--service"]] {
                insta::assert_snapshot!(refused(&agent, 2, command), @r"
                aw-sync-agent: HOME/config/systemd/user/aw-sync-agent.service: is there already and was not made by `aw-sync-agent service install`
                hint: remove it first; nothing was changed
                ");
            }
        }
        assert_eq!(fs::read_to_string(&unit).ok().as_deref(), text);
        assert_eq!(calls(&agent), "");
    };
    fs::write(&unit, others).unwrap();
    check(Some(others));
    fs::remove_file(&unit).unwrap();
    // As `systemctl mask` does.
    symlink("/dev/null", &unit).unwrap();
    check(Some(""));
    // As of a home that is managed elsewhere, which is not there just now.
    fs::remove_file(&unit).unwrap();
    symlink("elsewhere", &unit).unwrap();
    check(None);
    assert!(unit.is_symlink());
}

#[test]
fn where_no_services_can_be_managed_nothing_is_written() {
    let agent = agent();
    write_program(
        &agent,
        "systemctl",
        &failing("Failed to connect to bus: No medium found"),
    );
    insta::allow_duplicates! {
        for command in ["install", "start", "status"] {
            insta::assert_snapshot!(refused(&agent, 2, &["service", command]), @r"
            aw-sync-agent: the services of this user cannot be managed: Failed to connect to bus: No medium found
            hint: log in as that user rather than by su or sudo; where nobody logs in, `loginctl enable-linger USER` starts its services with the system
            ");
        }
    }
    fs::remove_file(agent.home().join("bin/systemctl")).unwrap();
    insta::assert_snapshot!(refused(&agent, 2, &["--service"]), @r"
    aw-sync-agent: systemctl is not found on PATH
    hint: without systemd, let ActivityWatch start it: `aw-sync-agent autostart enable`
    ");
    fs::remove_file(agent.home().join("bin/journalctl")).unwrap();
    let complaint = refused(&agent, 2, &["service", "logs"]);
    assert!(complaint.contains("journalctl is not found"), "{complaint}");
    assert!(!unit(&agent).exists());
}

#[test]
fn why_it_does_not_start_is_passed_on() {
    let agent = agent();
    let script = r#"#!/bin/sh
case $2 in
    start) echo "Unit aw-sync-agent.service not found." >&2; exit 5 ;;
    restart) echo "Job for aw-sync-agent.service failed." >&2; exit 1 ;;
esac
"#;
    write_program(&agent, "systemctl", script);
    insta::assert_snapshot!(refused(&agent, 2, &["service", "start"]), @r"
    aw-sync-agent: `systemctl --user start aw-sync-agent.service` failed: Unit aw-sync-agent.service not found.
    hint: `aw-sync-agent service install` makes it a service
    ");
    said(&agent, &["service", "install"]);
    insta::assert_snapshot!(refused(&agent, 2, &["service", "restart"]), @r"
    aw-sync-agent: `systemctl --user restart aw-sync-agent.service` failed: Job for aw-sync-agent.service failed.
    hint: `aw-sync-agent service logs` shows why
    ");
}

#[test]
fn a_service_that_does_not_run_has_a_code_of_its_own() {
    let agent = agent().env("STATUS", "3");
    let Output { code, stdout, .. } = agent.run(&["service", "status"]);
    assert_eq!(
        (code, stdout.as_str()),
        (Some(3), "● aw-sync-agent.service\n")
    );
}
