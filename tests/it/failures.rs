//! A server that is away, or another one than it should be: what a person sees, and that the next run has everything.

use crate::harness::{
    Agent, AwServer, Pass, Prometheus, Proxy, Receiver, Suite, Verdict, complaint,
};
use crate::{faults, hour};

#[test]
fn activitywatch_is_down() {
    let (mut server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus);
    server.stop();
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(3));
    insta::assert_snapshot!(complaint(&run, &[(&server.url(), "ACTIVITYWATCH")]), @r"
    aw-sync-agent: ActivityWatch at ACTIVITYWATCH does not answer: Connection refused (os error 111)
    hint: start ActivityWatch, or set `--aw-url` to where it listens
    ");
    assert_eq!(faults::left(&agent), "nothing delivered\n");
    server.restart();
    hour::assert_brought_by(&agent, &prometheus);
    assert_eq!(faults::left(&agent), faults::ALL);
}

#[test]
fn one_of_two_activitywatch_servers_is_down() {
    let ((server, prometheus), mut other) = (hour::servers(), AwServer::start());
    let agent = Agent::between(&[&other, &server], &prometheus);
    other.stop();
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert_eq!(Pass::of(&run).samples, 180);
    hour::assert_arrived(&prometheus);
}

#[test]
fn what_answers_is_no_activitywatch() {
    let prometheus = Prometheus::taking_history(Suite::Machine);
    let agent = Agent::new()
        .reading(&prometheus.url())
        .writing(&prometheus.url());
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[(&prometheus.url(), "URL")]), @r"
    aw-sync-agent: ActivityWatch at URL answered 404 to `api/0/info`: 404 page not found
    hint: is this an ActivityWatch server? check `--aw-url`
    ");
}

#[test]
fn a_first_pass_that_fails_says_that_nothing_has_been_delivered() {
    let (server, prometheus) = hour::servers();
    let proxy = Proxy::start(&prometheus.url(), |_, path, _| {
        if path.ends_with("/write") {
            Verdict::Answer(401, "", "who are you?")
        } else {
            Verdict::Forward
        }
    });
    let agent = Agent::new().reading(&server.url()).writing(&proxy.url());
    let run = agent.run(&["sync"]);
    let summary = "devices: 1; nothing has been delivered yet";
    assert!(run.stderr.contains(summary), "{}", run.stderr);
}
