//! On the disk that the agent keeps its state on.

use std::fs;

use super::{ALL, Days, ended, left, left_of, receivers};
use crate::harness::{Agent, Disk, Proxy, Receiver, Verdict, fill};

/// An agent with a disk of its own for its state, between three days and a receiver.
struct Bench<'a> {
    days: &'a Days,
    receiver: &'a dyn Receiver,
    proxy: Proxy,
    agent: Agent,
    disk: Disk,
    user: &'static str,
}

impl<'a> Bench<'a> {
    fn new(days: &'a Days, receiver: &'a dyn Receiver, user: &'static str) -> Self {
        let proxy = Proxy::start(&receiver.url(), |_, _, _| Verdict::Forward);
        let agent = Agent::new()
            .reading(&days.server.url())
            .writing(&proxy.url())
            .args(&["--user-id", user]);
        fs::create_dir_all(agent.data_dir()).unwrap();
        let disk = Disk::instead_of(&agent.data_dir());
        Self {
            days,
            receiver,
            proxy,
            agent,
            disk,
            user,
        }
    }

    /// Has `fault` happen while the second request with activity is on its way, which is delivered all the same.
    fn during_the_second_request(&self, mut fault: impl FnMut() + Send + 'static) {
        let mut writes = 0;
        self.proxy.set_rule(move |_, path, _| {
            if path.ends_with("/write") {
                writes += 1;
                if writes == 2 {
                    fault();
                }
            }
            Verdict::Forward
        });
    }

    /// Makes a sync and returns what it said and left.
    fn aftermath(&self) -> String {
        let run = self.agent.run_under(self.disk.namespace(), &["sync"]);
        let home = self.agent.home().display().to_string();
        format!("{}{}", ended(&run, &[(&home, "HOME")]), self.left())
    }

    fn left(&self) -> String {
        let status = ["status", "--json"];
        left_of(&self.agent.run_under(self.disk.namespace(), &status))
    }

    #[track_caller]
    fn assert_brings_all(&self) {
        let run = self.agent.run_under(self.disk.namespace(), &["sync"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        self.days.assert_arrived(self.user, self.receiver);
        assert_eq!(self.left(), ALL);
    }
}

/// Replaces what of the names of files depends on the port of the proxy and on the day.
fn without_names(aftermath: &str) -> String {
    let names = regex::Regex::new("(sending-|sent/)[0-9a-f]{16}(/[0-9-]+)?").unwrap();
    names.replace_all(aftermath, "${1}NAME").into_owned()
}

#[test]
fn nothing_is_sent_while_the_disk_is_full() {
    let (days, [prometheus, _]) = (Days::start(), receivers());
    let bench = Bench::new(&days, &*prometheus, "full");
    fill(&bench.disk.path("ballast"));
    insta::assert_snapshot!(without_names(&bench.aftermath()), @"
    exit 4
    aw-sync-agent: cannot write HOME/data/activitywatch/aw-sync-agent/sending-NAME: No space left on device (os error 28)
    hint: the agent needs to write to that folder; check its owner, its mode and the free space
    ");
    assert_eq!(bench.proxy.heads().len(), 0);
    fs::remove_file(bench.disk.path("ballast")).unwrap();
    bench.assert_brings_all();
}

#[test]
fn a_disk_that_fills_up_in_the_middle_costs_no_second_copy() {
    let days = Days::start();
    for receiver in receivers() {
        let bench = Bench::new(&days, &*receiver, "filling");
        let ballast = bench.disk.path("ballast");
        bench.during_the_second_request(move || fill(&ballast));
        insta::allow_duplicates! {
            insta::assert_snapshot!(without_names(&bench.aftermath()), @"
            exit 4
            aw-sync-agent: cannot write HOME/data/activitywatch/aw-sync-agent/sent/NAME: No space left on device (os error 28)
            hint: the agent needs to write to that folder; check its owner, its mode and the free space
            delivered until the end of day 1, a request under way
            ");
        }
        fs::remove_file(bench.disk.path("ballast")).unwrap();
        bench.assert_brings_all();
    }
}

#[test]
fn a_disk_that_becomes_read_only_in_the_middle_costs_no_second_copy() {
    let days = Days::start();
    for receiver in receivers() {
        let bench = Bench::new(&days, &*receiver, "read-only");
        let mut forbid = bench.disk.forbid_writing();
        bench.during_the_second_request(move || assert!(forbid.status().unwrap().success()));
        insta::allow_duplicates! {
            insta::assert_snapshot!(without_names(&bench.aftermath()), @"
            exit 4
            aw-sync-agent: cannot write HOME/data/activitywatch/aw-sync-agent/sent/NAME: Read-only file system (os error 30)
            hint: the agent needs to write to that folder; check its owner, its mode and the free space
            delivered until the end of day 1, a request under way
            ");
        }
        assert!(bench.disk.allow_writing().status().unwrap().success());
        bench.assert_brings_all();
    }
}

#[test]
fn a_damaged_checkpoint_costs_no_second_copy() {
    let days = Days::start();
    for receiver in receivers() {
        let agent = Agent::between(&[&days.server], &*receiver).args(&["--user-id", "damaged"]);
        agent.sync();
        days.assert_arrived("damaged", &*receiver);
        let checkpoint = agent.data_dir().join("checkpoint.json");
        let text = fs::read_to_string(&checkpoint).unwrap();
        let half = &text[..text.len() / 2];
        fs::write(&checkpoint, half).unwrap();
        assert_eq!(agent.run(&["status"]).code, Some(4));
        let run = agent.run(&["sync"]);
        let home = agent.home().display().to_string();
        let said = ended(&run, &[(&home, "HOME")]);
        let file = "HOME/data/activitywatch/aw-sync-agent/checkpoint.json";
        let begin = format!("exit 4\naw-sync-agent: {file} is damaged (EOF while parsing ");
        let end = format!(
            "; it is kept as {file}.damaged-1\nhint: the next pass goes on after the newest sample that the receiver has"
        );
        assert!(said.starts_with(&begin) && said.contains(&end), "{said}");
        let kept = agent.data_dir().join("checkpoint.json.damaged-1");
        assert_eq!(fs::read_to_string(kept).unwrap(), half);
        assert_eq!(left(&agent), "");
        agent.sync();
        days.assert_arrived("damaged", &*receiver);
        assert_eq!(left(&agent), ALL);
    }
}

#[test]
fn a_checkpoint_of_a_later_version_is_left_to_it() {
    let (days, [prometheus, _]) = (Days::start(), receivers());
    let agent = Agent::between(&[&days.server], &*prometheus).args(&["--user-id", "later"]);
    agent.sync();
    let checkpoint = agent.data_dir().join("checkpoint.json");
    let written = fs::read_to_string(&checkpoint).unwrap();
    let later = written.replace("\"version\": 1", "\"version\": 2");
    fs::write(&checkpoint, &later).unwrap();
    let run = agent.run(&["sync"]);
    let home = agent.home().display().to_string();
    insta::assert_snapshot!(ended(&run, &[(&home, "HOME")]), @"
    exit 4
    aw-sync-agent: HOME/data/activitywatch/aw-sync-agent/checkpoint.json is of version 2, this program reads version 1
    hint: update aw-sync-agent
    ");
    assert_eq!(fs::read_to_string(&checkpoint).unwrap(), later);
    // The later program is back.
    fs::write(&checkpoint, &written).unwrap();
    assert_eq!(agent.sync().samples, 0);
    days.assert_arrived("later", &*prometheus);
    assert_eq!(left(&agent), ALL);
}
