//! The daemon under systemd: what it tells the manager and the journal, and a whole life under a manager of its own.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

use crate::harness::{Agent, Receiver, SOON, Signal, wait_until};
use crate::hour;

/// The manager's end of the conversation.
struct Manager(UnixDatagram);

impl Manager {
    /// Listens to all runs of `agent`.
    fn of(agent: Agent) -> (Self, Agent) {
        let path = agent.home().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        let agent = agent.env("NOTIFY_SOCKET", path.to_str().unwrap());
        (Self(socket), agent)
    }

    #[track_caller]
    fn hears(&self) -> String {
        let mut message = [0; 4096];
        let length = self.0.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    }

    fn hears_nothing(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        self.0.recv(&mut [0; 10]).is_err()
    }
}

/// An agent whose servers are away.
fn agent() -> Agent {
    Agent::new()
        .reading("http://127.0.0.1:1")
        .writing("http://127.0.0.1:1")
}

#[test]
fn the_manager_is_told_of_the_start_of_each_pass_and_of_the_end() {
    let (manager, agent) = Manager::of(agent());
    // It is told of each pass, so no other may come.
    let mut daemon = agent.spawn(&["--cron", "@yearly"]);
    assert_eq!(
        manager.hears(),
        "READY=1\nSTATUS=the first pass is on its way"
    );
    let status = agent.run(&["status"]).stdout;
    assert!(status.starts_with("aw-sync-agent is running"), "{status}");
    assert_eq!(manager.hears(), "READY=1\nSTATUS=not all is delivered");
    daemon.signal(Signal::Terminate);
    assert_eq!(manager.hears(), "STOPPING=1\nSTATUS=stopping");
    assert_eq!(daemon.wait(SOON).code, Some(0));
    // Who asks it something else is not its manager.
    agent.run(&["sync"]);
    assert!(manager.hears_nothing());
}

#[test]
fn a_daemon_that_waits_has_started_and_says_what_for() {
    let (manager, agent) = Manager::of(agent());
    agent.write_settings("min-data = 'few'");
    let waiting = agent.spawn(&[]);
    let told = manager.hears();
    let expected = "READY=1\nSTATUS=nothing is sent until the settings are mended: ";
    assert!(told.starts_with(expected), "{told}");
    assert_eq!(told.lines().count(), 2, "{told}");
    drop(waiting);

    agent.write_settings("cron = '@yearly'");
    let mut first = agent.spawn(&[]);
    assert!(manager.hears().ends_with("on its way"));
    assert!(manager.hears().ends_with("not all is delivered"));
    let _second = agent.spawn(&[]);
    let told = manager.hears();
    assert!(
        told.starts_with("READY=1\nSTATUS=standing by: process "),
        "{told}"
    );
    first.signal(Signal::Terminate);
    first.wait(SOON);
    // Two processes say this, so either may be heard first.
    let mut told = [manager.hears(), manager.hears()];
    told.sort();
    let ready = "READY=1\nSTATUS=the first pass is on its way";
    assert_eq!(told, [ready, "STOPPING=1\nSTATUS=stopping"]);
}

#[test]
fn a_daemon_that_cannot_start_is_not_ready() {
    let (manager, agent) = Manager::of(agent());
    assert_eq!(agent.run(&["--cron", "often"]).code, Some(2));
    assert!(manager.hears_nothing());
}

#[test]
fn the_journal_gets_priorities_in_place_of_times() {
    let agent = agent();
    agent.write_settings("min-data = 'few'\n");
    let stderr = File::create(agent.home().join("run-1.stderr")).unwrap();
    let found = stderr.metadata().unwrap();
    let stream = format!("{}:{}", found.dev(), found.ino());
    let agent = agent.env("JOURNAL_STREAM", &stream);
    let journal = agent.spawn(&[]);
    wait_until("a hint", SOON, || journal.stderr().contains("hint:"));
    for line in journal.stderr().lines() {
        assert!(line.starts_with("<3>"), "{line}");
    }
    assert!(
        journal.stderr().contains("\n<3>hint: "),
        "{}",
        journal.stderr()
    );
    // Another file is not the journal, whoever passed the variable on.
    let terminal = agent.spawn(&[]);
    wait_until("a hint", SOON, || terminal.stderr().contains("hint:"));
    assert!(terminal.stderr().starts_with("20"), "{}", terminal.stderr());
}

/// A life of the service that is installed from `$1` with the flags behind it.
const LIFE: &str = r#"
set -eu
agent=$1
shift
property() { systemctl --user show --value --property="$1" aw-sync-agent; }
"$agent" "$@" service install
"$agent" service start
property ActiveState
property UnitFileState
tr '\0' '\n' < "/proc/$(property MainPID)/cmdline"
until property StatusText | grep 'all that is final is delivered'; do sleep 0.1; done
"$agent" service restart
property ActiveState
"$agent" service status > status
"$agent" service stop
property ActiveState
property Result
"$agent" service status > status && exit 1
"$agent" service start
kill -s KILL "$(property MainPID)"
until property SubState | grep auto-restart; do sleep 0.1; done
"$agent" service uninstall
property LoadState
"#;

/// Asserts that a manager can be run here.
#[track_caller]
fn assert_can_manage() {
    let systemd = Path::new("/lib/systemd/systemd");
    assert!(
        systemd.exists(),
        "this test needs systemd (.ci/install-packages systemd)"
    );
    let mount = "mount -t tmpfs none /run && mount -t cgroup2 none /sys/fs/cgroup";
    let tried = Command::new("unshare")
        .args(["--mount", "sh", "-c", mount])
        .output()
        .unwrap();
    assert!(
        tried.status.success(),
        "this test needs root, who may mount: {}\nto leave it out: cargo test --locked -- --skip under_a_manager_of_a_user",
        String::from_utf8_lossy(&tried.stderr)
    );
}

#[test]
fn it_lives_and_works_under_a_manager_of_a_user() {
    assert_can_manage();
    let (server, prometheus) = hour::servers();
    let agent = Agent::new();
    // Where that user may reach it, wherever the tests are built.
    let program = agent.home().join("aw-sync-agent");
    Agent::copy(&program);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/harness/user_manager.sh");
    let odd = r#"--user-id=a "b" 'c' $HOME ${HOME} $$ 100% %h \n ; # é"#;
    let run = Command::new("timeout")
        .args(["300", "unshare", "--mount", "bash"])
        .args([&script, agent.home()])
        .args(["sh", "-c", LIFE, "sh"])
        .arg(&program)
        .arg(odd)
        .args([
            "--aw-url",
            &server.url(),
            "--prometheus-url",
            &prometheus.url(),
        ])
        .current_dir(agent.home())
        .output()
        .unwrap();
    let (said, complained) = (
        String::from_utf8(run.stdout).unwrap(),
        String::from_utf8(run.stderr).unwrap(),
    );
    let said = [
        (agent.home().to_str().unwrap(), "HOME"),
        (&server.url(), "SERVER"),
        (&prometheus.url(), "PROMETHEUS"),
    ]
    .iter()
    .fold(said, |said, (from, to)| said.replace(from, to));
    assert!(run.status.success(), "{said}{complained}");
    insta::assert_snapshot!(said, @r#"
    installed: HOME/config/systemd/user/aw-sync-agent.service
    starts at login; `aw-sync-agent service restart` starts it now
    started
    active
    enabled
    HOME/aw-sync-agent
    --aw-url=SERVER
    --prometheus-url=PROMETHEUS
    --user-id=a "b" 'c' $HOME ${HOME} $$ 100% %h \n ; # é
    all that is final is delivered
    restarted
    active
    stopped
    inactive
    success
    started
    auto-restart
    removed: HOME/config/systemd/user/aw-sync-agent.service
    not-found
    "#);
    hour::assert_arrived(&prometheus);
}
