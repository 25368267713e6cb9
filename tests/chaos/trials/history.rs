use chrono::{DateTime, Utc};

use crate::harness::activity::Totals;
use crate::harness::{Agent, AwServer, Density, Generator, Receiver, midnight};

/// What ActivityWatch has recorded, and what it adds up to.
pub(crate) struct History {
    server: AwServer,
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    pub(super) apps: Totals,
    pub(super) afk: Totals,
}

impl History {
    /// Fills a server with the given number of days before the last midnight.
    pub(crate) fn of(days: u32, density: Density) -> Self {
        let server = AwServer::start();
        let (from, to) = (midnight(days.into()), midnight(0));
        let activity = Generator::new(20, density).days(from, days);
        server.fill(&activity);
        Self {
            server,
            from,
            to,
            apps: activity.app_totals(from, to),
            afk: activity.afk_totals(from, to),
        }
    }

    /// Returns an agent that brings all of it to `receiver` as that of `user`.
    pub(super) fn agent_of(&self, user: &str, receiver: &dyn Receiver) -> Agent {
        Agent::between(&[&self.server], receiver).args(&["--user-id", user])
    }
}
