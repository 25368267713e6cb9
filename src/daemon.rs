//! The daemon: pass after pass on a schedule, until it is told to stop.
//!
//! It never ends because something is down, missing or not configured yet: whoever started it would only start it
//! again, or tell the user that it crashed.

use std::thread;
use std::time::Duration;

use chrono::{DateTime, Local, TimeDelta};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::activitywatch::Reader;
use crate::checkpoint::{Lock, LockError, OpenStore, Store, StoreError};
use crate::command::{CommandError, reader, together};
use crate::complaints::{Complaints, Said};
use crate::dirs::Dirs;
use crate::remote_write::Patience;
use crate::service::Notifier;
use crate::settings::{DestinationSettings, Loaded, Settings, SettingsError, masked_url};
use crate::synchronizer::{Now, PassReport, Problem, Synchronizer};
use crate::timeline::Time;

/// How soon something that a person or a starting server may mend is tried again.
const RETRY: Duration = Duration::from_mins(1);

/// How long to sleep without a look at the clock on the wall.
const LONGEST_SLEEP: Duration = Duration::from_mins(5);

/// The longest random delay of a pass: many agents with the same schedule must not all come at the same moment.
const MAX_JITTER: Duration = Duration::from_secs(10);

/// Runs until `stop` is ready. `load` reads the settings and sets how much is logged.
///
/// `notifier` hears that the start is over once the daemon has the lock and settings, and else once it waits for them:
/// it may wait for days, and who starts a service gives it a minute or two.
///
/// # Errors
/// [`SettingsError::Invocation`]: flags and environment do not change while the process runs. Settings from a file that
/// is wrong are waited for.
pub async fn run(
    load: impl Fn() -> Result<Loaded, SettingsError>,
    dirs: &Dirs,
    notifier: &Notifier,
    stop: impl Future<Output = ()>,
) -> Result<(), SettingsError> {
    tokio::select! {
        biased; // `stop` catches signals from when it is first looked at
        // A pass that is dropped anywhere is taken up by the next start.
        () = stop => {
            log::info!("stopping");
            notifier.stopping();
            Ok(())
        }
        result = run_forever(load, dirs, notifier) => result,
    }
}

async fn run_forever(
    load: impl Fn() -> Result<Loaded, SettingsError>,
    dirs: &Dirs,
    notifier: &Notifier,
) -> Result<(), SettingsError> {
    let mut complaints = Complaints::default();
    let settings = loop {
        match load() {
            Ok(loaded) => break loaded.settings,
            Err(error @ SettingsError::Invocation { .. }) => return Err(error),
            Err(error) => {
                let problem = format!("nothing is sent until the settings are mended: {error}");
                complain(&mut complaints, [problem.clone()]);
                notifier.ready(&problem);
            }
        }
        sleep(RETRY).await;
    };
    let destinations = settings.remote_write.iter();
    let destinations: Vec<_> = destinations.map(|one| masked_url(&one.url)).collect();
    log::info!(
        "aw-sync-agent {} for user {}, to {}, at {}",
        env!("CARGO_PKG_VERSION"),
        settings.user,
        destinations.join(" and "),
        settings.schedule
    );
    let _lock = stand_by(&settings, dirs, notifier).await;
    notifier.ready("the first pass is on its way");
    let (reader, store) = loop {
        match open(&settings, dirs) {
            Ok(opened) => break opened,
            Err(error) => {
                complain(&mut complaints, [error.to_string()]);
                notifier.ready(&error.to_string());
            }
        }
        sleep(RETRY).await;
    };
    complain(&mut complaints, []);
    let destinations = settings.by_destination();
    let is_one_of_several = destinations.len() > 1;
    let served = destinations
        .iter()
        .map(|destination| serve(destination, is_one_of_several, (&reader, &store), notifier));
    // Each for itself, so that none waits for another.
    together(served).await;
    Ok(())
}

/// Opens both ends of what all destinations share.
fn open(settings: &Settings, dirs: &Dirs) -> Result<(Reader, OpenStore), CommandError> {
    let store = Store::new(&dirs.data, settings.testing);
    let store = store.open().map_err(StoreError::set_aside)?;
    Ok((reader(settings)?, store))
}

/// Makes passes to one destination for ever.
async fn serve(
    destination: &DestinationSettings,
    is_one_of_several: bool,
    (reader, store): (&Reader, &OpenStore),
    notifier: &Notifier,
) {
    let mut complaints = Complaints::default();
    loop {
        let synchronizer = Synchronizer::new(destination.clone(), reader.clone(), store);
        let settings = &destination.settings;
        let passes = run_passes(
            synchronizer,
            settings,
            is_one_of_several,
            notifier,
            &mut complaints,
        );
        let error = passes.await;
        complain(&mut complaints, [error.to_string()]);
        notifier.ready(&error.to_string());
        sleep(RETRY).await;
    }
}

/// Returns the lock once it is free; another agent may be at work.
async fn stand_by(settings: &Settings, dirs: &Dirs, notifier: &Notifier) -> Lock {
    let mut complaints = Complaints::default();
    loop {
        let store = Store::new(&dirs.data, settings.testing);
        let taken = store
            .create()
            .map_err(CommandError::from)
            .and_then(|()| Ok(Lock::take(&store, "daemon")?));
        match taken {
            Ok(lock) => return lock,
            Err(CommandError::Lock(LockError::Held { holder })) => {
                let state = format!("standing by: {holder} does the work");
                log::info!("{state}");
                notifier.ready(&state);
                if let Some(lock) = wait_for(store).await {
                    return lock;
                }
            }
            Err(error) => {
                let problem = format!("nothing is sent: {error}");
                complain(&mut complaints, [problem.clone()]);
                notifier.ready(&problem);
            }
        }
        sleep(RETRY).await;
    }
}

/// Waits on a thread of its own, which costs nothing and ends with the process; `None` if waiting is not possible.
async fn wait_for(store: Store) -> Option<Lock> {
    let (sender, lock) = oneshot::channel();
    // If nobody waits any more, the lock is not needed either.
    drop(thread::Builder::new().spawn(move || drop(sender.send(Lock::wait(&store, "daemon")))));
    match lock.await {
        Ok(Ok(lock)) => Some(lock),
        Ok(Err(error)) => {
            log::error!("{error}");
            None
        }
        Err(_) => None,
    }
}

/// Makes a pass at once and then at each tick of the schedule; returns what is wrong with the state.
async fn run_passes(
    mut synchronizer: Synchronizer,
    settings: &Settings,
    is_one_of_several: bool,
    notifier: &Notifier,
    complaints: &mut Complaints,
) -> StoreError {
    let destination = synchronizer.destination().to_owned();
    let title = is_one_of_several.then_some(&*destination);
    loop {
        let (now, monotonic) = (Local::now(), Instant::now());
        let patience = Patience::Until(monotonic + duration_until(next_tick(settings, now), now));
        let now = Now {
            wall: Time::from(now.to_utc()),
            monotonic,
        };
        let report = match synchronizer.pass(now, patience, |_| ()).await {
            Ok(report) => report,
            Err(error) => return error,
        };
        let (refusals, problems): (Vec<_>, Vec<_>) =
            report.problems.iter().partition(|one| one.is_refusal());
        for refusal in refusals {
            log::error!("{refusal}");
        }
        complain(complaints, problems.iter().map(ToString::to_string));
        log_summary(title, &report);
        notifier.ready(&titled(title, &state(&report)));
        // Also if the pass took longer than the schedule allows: no two run at once, and a missed one is not made up.
        let now = Local::now();
        let tick = next_tick(settings, now);
        let jitter = MAX_JITTER
            .min(duration_until(tick, now) / 10)
            .mul_f64(fastrand::f64());
        let wake = if report.problems.iter().any(Problem::may_pass_soon) {
            tick.min(now + RETRY)
        } else {
            tick
        };
        sleep_until(wake + jitter).await;
    }
}

/// Logs what is wrong, unless that has been said lately.
fn complain(complaints: &mut Complaints, met: impl IntoIterator<Item = String>) {
    for said in complaints.round(Time::from(Local::now().to_utc()), met) {
        match said {
            Said::Complaint(text) => log::error!("{text}"),
            Said::Over(text) => log::info!("{text}"),
        }
    }
}

/// Sleeps until the clock on the wall shows `time`. It may be set meanwhile, and no timer runs while a laptop sleeps,
/// so a long wait looks at it from time to time. Returns early if it was set back: the schedule has another tick before.
async fn sleep_until(time: DateTime<Local>) {
    let mut rest = duration_until(time, Local::now());
    while !rest.is_zero() {
        sleep(rest.min(LONGEST_SLEEP)).await;
        let before = rest;
        rest = duration_until(time, Local::now());
        if rest > before {
            log::info!("the clock was set back");
            return;
        }
    }
}

/// Returns the schedule's next tick; far enough in the future that none is known, a day from now.
fn next_tick(settings: &Settings, now: DateTime<Local>) -> DateTime<Local> {
    settings
        .schedule
        .next_after(&now)
        .unwrap_or(now + TimeDelta::days(1))
}

fn duration_until(tick: DateTime<Local>, now: DateTime<Local>) -> Duration {
    (tick - now).to_std().unwrap_or_default()
}

/// Logs what a pass did, in one line, which begins with the `destination` if there are several.
pub fn log_summary(destination: Option<&str>, report: &PassReport) {
    let PassReport {
        devices,
        samples,
        requests,
        ..
    } = report;
    let rest = state(report);
    let text = format!("sent {samples} samples in {requests} requests, devices: {devices}; {rest}");
    log::info!("{}", titled(destination, &text));
}

/// Returns `text` behind the destination that it is about, if it is one of several.
fn titled(destination: Option<&str>, text: &str) -> String {
    destination.map_or_else(
        || text.to_owned(),
        |destination| format!("{destination}: {text}"),
    )
}

/// Says what is left after a pass.
fn state(report: &PassReport) -> String {
    match &report.lag {
        _ if report.is_waiting => "waiting for watchers to bring what they kept".to_owned(),
        None if report.undelivered > 0 => "nothing has been delivered yet".to_owned(),
        Some(lag) if !lag.is_zero() => {
            format!("{} still waiting", humantime::format_duration(*lag))
        }
        _ if report.is_complete() => "all that is final is delivered".to_owned(),
        _ => "not all is delivered".to_owned(),
    }
}
