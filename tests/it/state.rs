//! What the agent remembers, and what it does when it cannot.

use std::fs;
use std::path::Path;

use crate::harness::{Agent, Prometheus, Receiver, Suite, complaint, read_only};
use crate::hour;

#[test]
fn the_state_cannot_be_written() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus);
    fs::create_dir_all(agent.data_dir()).unwrap();
    let home = agent.home().display().to_string();
    let said_without = |directory: &Path| {
        let run = agent.run_under(read_only(directory), &["sync"]);
        assert_eq!(run.code, Some(4), "{}", run.stderr);
        assert!(!hour::has_arrived(&prometheus));
        complaint(&run, &[(&home, "HOME")])
    };
    insta::assert_snapshot!(said_without(&agent.home().join("data")), @r"
    aw-sync-agent: cannot create HOME/data/activitywatch/aw-sync-agent: Read-only file system (os error 30)
    hint: the agent needs to write to that folder; check its owner, its mode and the free space
    ");
    insta::assert_snapshot!(said_without(&agent.data_dir()), @r"
    aw-sync-agent: cannot lock HOME/data/activitywatch/aw-sync-agent/lock: Read-only file system (os error 30)
    hint: the agent needs to write to that folder; check its owner and its mode
    ");
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn a_changed_destination_gets_everything() {
    let (server, one) = hour::servers();
    let other = Prometheus::taking_history(Suite::Machine);
    let agent = Agent::new().reading(&server.url());
    for prometheus in [&one, &other] {
        agent.write_settings(&format!("prometheus-url = '{}'", prometheus.url()));
        hour::assert_brought_by(&agent, prometheus);
    }
}
