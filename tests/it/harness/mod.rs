//! Real servers and the real agent, each in a directory of its own and gone with the value that
//! holds it.
//!
//! `tests/servers.sh` brings the servers; nothing here fakes one. A test waits for conditions,
//! never for time.

pub(crate) mod activity;
mod agent;
mod aw_server;
mod center;
mod certificates;
mod clock;
mod disk;
mod generator;
mod http;
mod process;
mod prometheus;
mod proxy;
mod read_only;
mod receiver;
mod server;
mod victoria_metrics;
mod vmagent;

pub(crate) use agent::{Agent, Pass, complaint};
pub(crate) use aw_server::{AwServer, BucketSpec, EventSpec, python_of_activitywatch};
pub(crate) use center::{Center, CenterServer, Place, texts};
pub(crate) use certificates::CERTIFICATES;
pub(crate) use clock::Clock;
pub(crate) use disk::{Disk, fill};
pub(crate) use generator::{Density, Generator};
pub(crate) use process::{Output, Process, Signal, write_program};
pub(crate) use prometheus::{Mode, Prometheus, PrometheusOptions, Tls};
pub(crate) use proxy::{Proxy, Request, Verdict};
pub(crate) use read_only::read_only;
pub(crate) use receiver::Receiver;
pub(crate) use server::Suite;
pub(crate) use victoria_metrics::{VictoriaMetrics, VictoriaMetricsOptions};
pub(crate) use vmagent::VmAgent;

use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// How long something may take that takes next to no time on a machine with nothing else to do.
pub(crate) const SOON: Duration = Duration::from_mins(1);

/// Returns the midnight in UTC that was `days` before the last one: the same all through a run, whatever the clock says
/// by then.
pub(crate) fn midnight(days: i64) -> DateTime<Utc> {
    static LAST: LazyLock<DateTime<Utc>> = LazyLock::new(|| {
        // The agent leaves the newest five minutes; a day is over for it only then, and for us a little later.
        let settled = Utc::now() - TimeDelta::minutes(10);
        settled
            .duration_trunc(TimeDelta::days(1))
            .expect("nanoseconds reach beyond today")
    });
    *LAST - TimeDelta::days(days)
}

/// Returns as soon as `condition` holds, which is looked at every 20 ms.
///
/// # Panics
/// When it does not hold within `deadline`; `what` then completes the message `timed out waiting
/// for …`.
pub(crate) fn wait_until(what: &str, deadline: Duration, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(
            started.elapsed() < deadline,
            "timed out waiting for {what} ({deadline:?})"
        );
        thread::sleep(Duration::from_millis(20));
    }
}
