//! A clock on the wall that a test sets, for one agent.

use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Agent, midnight};

/// It is libfaketime's, which stands between a program and the system. The clock that only goes forward stays as it is:
/// nobody sets it, and on Linux it stands still while a computer sleeps.
#[derive(Clone)]
pub(crate) struct Clock {
    setting: PathBuf,
}

impl Clock {
    /// Returns an agent with a clock of its own, which is right as yet. It is kept in the agent's home.
    pub(crate) fn given_to(agent: Agent) -> (Agent, Self) {
        let clock = Self {
            setting: agent.home().join("clock"),
        };
        clock.set_ahead(TimeDelta::zero());
        let agent = agent
            .env("LD_PRELOAD", &library())
            .env("FAKETIME_TIMESTAMP_FILE", &clock.setting.to_string_lossy())
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("NO_FAKE_STAT", "1");
        (agent, clock)
    }

    /// Returns an agent for which it is the noon after the last midnight: its yesterday is the day before that, also
    /// while the tests' own clock shows another date by now.
    pub(crate) fn noon_for(agent: Agent) -> Agent {
        let (agent, clock) = Self::given_to(agent);
        clock.set_to(midnight(0) + TimeDelta::hours(12));
        agent
    }

    /// Sets it to `time`, or less than a second later.
    pub(crate) fn set_to(&self, time: DateTime<Utc>) {
        let behind = (Utc::now() - time).num_milliseconds();
        self.set_ahead(TimeDelta::seconds(-behind.div_euclid(1000)));
    }

    /// Sets it ahead of the right time, or behind.
    pub(crate) fn set_ahead(&self, by: TimeDelta) {
        let scratch = self.setting.with_extension("new");
        fs::write(&scratch, format!("{:+}", by.num_seconds()))
            .and_then(|()| fs::rename(&scratch, &self.setting))
            .expect("the test's directory is writable");
    }
}

/// # Panics
/// When it is not installed; the message says what is needed.
fn library() -> String {
    let directories = fs::read_dir("/usr/lib").expect("there are libraries");
    directories
        .flatten()
        .map(|directory| directory.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .expect("this test needs libfaketime (package faketime)")
        .to_string_lossy()
        .into_owned()
}
