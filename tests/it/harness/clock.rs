//! A clock on the wall that a test sets, for one agent.

use std::fs;
use std::path::PathBuf;

use chrono::TimeDelta;

use super::Agent;

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
