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
fn the_checkpoint_is_damaged() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus);
    hour::assert_brought_by(&agent, &prometheus);
    let checkpoint = agent.data_dir().join("checkpoint.json");
    fs::write(&checkpoint, "{\"version\": 1,").unwrap();
    assert_eq!(agent.run(&["status"]).code, Some(4));
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(4));
    let said = complaint(&run, &[(&agent.home().display().to_string(), "HOME")]);
    let file = "HOME/data/activitywatch/aw-sync-agent/checkpoint.json";
    assert!(
        said.starts_with(&format!(
            "aw-sync-agent: {file} is damaged (EOF while parsing"
        )),
        "{said}"
    );
    assert!(
        said.contains(&format!("it is kept as {file}.damaged-1\nhint: ")),
        "{said}"
    );
    assert_eq!(
        fs::read_to_string(agent.data_dir().join("checkpoint.json.damaged-1")).unwrap(),
        "{\"version\": 1,"
    );
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn the_checkpoint_is_of_a_later_version() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus);
    hour::assert_brought_by(&agent, &prometheus);
    let checkpoint = agent.data_dir().join("checkpoint.json");
    let text = fs::read_to_string(&checkpoint)
        .unwrap()
        .replace("\"version\": 1", "\"version\": 2");
    fs::write(&checkpoint, &text).unwrap();
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(4));
    assert!(
        complaint(&run, &[])
            .ends_with("is of version 2, this program reads version 1\nhint: update aw-sync-agent")
    );
    assert_eq!(fs::read_to_string(&checkpoint).unwrap(), text);
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
