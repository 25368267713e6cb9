//! Settings, from wherever they come, are what happens; without any, it goes on with the defaults.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{
    Agent, AwServer, Density, Generator, Prometheus, Receiver, SOON, Suite, complaint, midnight,
    read_only, wait_until,
};
use crate::hour;
use crate::totals::{assert_equal, seconds, yesterday};

#[test]
fn the_first_start_leaves_a_file_that_explains_them() {
    let (server, prometheus) = hour::servers();
    for is_daemon in [false, true] {
        let agent = Agent::between(&[&server], &prometheus);
        let file = agent.settings_file();
        let is_written = || {
            let example = include_str!("../../aw-sync-agent.toml.example");
            fs::read_to_string(&file).is_ok_and(|text| text == example)
        };
        if is_daemon {
            let _daemon = agent.spawn(&[]);
            wait_until("the file", SOON, is_written);
        } else {
            assert_eq!(agent.run(&["config", "show"]).code, Some(0));
            assert!(is_written());
        }
        // A password may be written into it.
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_home_that_cannot_be_written_is_no_reason_to_stop() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus);
    let config = agent.home().join("config");
    fs::create_dir(&config).unwrap();
    let run = agent.run_under(read_only(&config), &["sync"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let file = agent.settings_file();
    let warning = format!(
        "[WARN ]: {}: cannot be written: Read-only file system (os error 30)\nhint: ",
        file.display()
    );
    assert!(run.stderr.contains(&warning), "{}", run.stderr);
    hour::assert_arrived(&prometheus);
}

#[test]
fn the_environment_alone_is_enough() {
    let (server, prometheus) = hour::servers();
    Agent::new()
        .env("ACTIVITY_WATCH_URL", &server.url())
        .env("PROMETHEUS_URL", &prometheus.url())
        .env("USER_ID", "ada")
        .sync();
    let users = yesterday(&prometheus, "aw_window_seconds", "user");
    assert_equal(&users, &seconds(&[("ada", 3600)]));
}

#[test]
fn the_flags_of_the_predecessor_still_work() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::new()
        .args(&[&format!("-awUrl={}", server.url())])
        .args(&["-prometheusUrl", &prometheus.url()]);
    hour::assert_brought_by(&agent, &prometheus);
}

#[test]
fn labels_are_on_every_series() {
    let server = AwServer::start();
    let prometheus = Prometheus::taking_history(Suite::Machine);
    server.fill(&Generator::new(8, Density::Human).days(midnight(1), 1));
    let agent = Agent::between(&[&server], &prometheus);
    agent.write_settings("[labels]\nteam = 'research'");
    agent.sync();
    for kind in ["window", "afk", "web", "editor"] {
        let teams = yesterday(&prometheus, &format!("aw_{kind}_seconds"), "team");
        // A series without the label would be under the empty name.
        assert_eq!(teams.keys().collect::<Vec<_>>(), ["research"], "{kind}");
    }
}

#[test]
fn the_settings_are_wrong() {
    let (server, prometheus) = hour::servers();
    let agent = Agent::between(&[&server], &prometheus);
    agent.write_settings("min-data = 3\ncorn = '@hourly'\n");
    let run = agent.run(&["sync"]);
    assert_eq!(run.code, Some(2));
    let home = agent.home().display().to_string();
    insta::assert_snapshot!(complaint(&run, &[(&home, "HOME")]), @r"
    aw-sync-agent: HOME/config/activitywatch/aw-sync-agent/aw-sync-agent.toml: line 2: unknown key `corn`
    hint: did you mean `cron`?
    ");
    agent.write_settings("");
    let run = agent.run(&["sync", "--cron", "61 * * * *"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(complaint(&run, &[]), @r"
    aw-sync-agent: command line: cron expression `61 * * * *`: minute `61` is not in 0-59
    hint: type 0-59, or `*` for every minute
    ");
    hour::assert_brought_by(&agent, &prometheus);
}
