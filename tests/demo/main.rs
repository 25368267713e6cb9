//! `make demo`: a week at the computer, from ActivityWatch into Prometheus, and the totals of both side by side.

#![allow(clippy::print_stdout, reason = "this is what a person came to read")]

#[path = "../it/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests need more of it")]
mod harness;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

use chrono::{DateTime, DurationRound, TimeDelta, Timelike, Utc};

use harness::activity::Totals;
use harness::{Agent, AwServer, Density, Generator, Prometheus, PrometheusOptions, Receiver};

/// ActivityWatch's server adds a millisecond at the end of what it is asked for.
const TOLERANCE_SECONDS: f64 = 0.002;

/// Minutes by app in each ten minutes, as Prometheus's graph page stacks them.
const GRAPH: &str = "/graph?g0.expr=sum%20by%20(app)%20(sum_over_time(aw_window_seconds%5B10m%5D))%2F60\
                     &g0.tab=0&g0.stacked=1&g0.range_input=12h&g0.step_input=600";

fn main() -> ExitCode {
    let now = Utc::now();
    let server = AwServer::start();
    let options = PrometheusOptions {
        out_of_order: Some("30d"),
        ..PrometheusOptions::default()
    };
    let prometheus = Prometheus::start(options);
    println!(
        "ActivityWatch  {}\nPrometheus     {}\n",
        server.url(),
        prometheus.url()
    );

    // Working days of nine to half past five, moved so that the last of them is going on now.
    let first = now - TimeDelta::hours(17) - TimeDelta::days(6);
    let week = Generator::new(2018, Density::Human)
        .days(first, 7)
        .until(now);
    server.fill(&week);
    println!(
        "A week of {} events is in ActivityWatch. Now the one command:\n",
        week.event_count()
    );

    let agent = Agent::new();
    println!(
        "  aw-sync-agent sync --aw-url {} --prometheus-url {}\n",
        server.url(),
        prometheus.url()
    );
    let started = Instant::now();
    let run = agent.run(&[
        "sync",
        "--aw-url",
        &server.url(),
        "--prometheus-url",
        &prometheus.url(),
    ]);
    print!("{}", run.stderr);
    if run.code != Some(0) {
        println!("\nThat did not go well.");
        return ExitCode::FAILURE;
    }
    println!("(in {:.1} s)\n", started.elapsed().as_secs_f64());

    // The newest five minutes are not final yet, so the agent has left them for the next run.
    let until = (now - TimeDelta::minutes(5))
        .duration_trunc(TimeDelta::minutes(1))
        .unwrap_or(now);
    let midnight = now
        .with_hour(0)
        .and_then(|time| time.duration_trunc(TimeDelta::hours(1)).ok())
        .unwrap_or(now);
    let exact = compare("Today", &server, &prometheus, midnight.min(until), until)
        & compare(
            "This week",
            &server,
            &prometheus,
            until - TimeDelta::days(7),
            until,
        );
    println!("Minutes by app, stacked: {}{GRAPH}", prometheus.url());
    if std::env::var_os("DEMO_KEEP").is_some_and(|keep| keep == "1") {
        println!("\nThe servers stay up until you press Ctrl-C.");
        loop {
            std::thread::park();
        }
    }
    println!("(DEMO_KEEP=1 make demo leaves the servers up to look at it.)");
    if exact {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Prints the time of each app in `[from, to)` as both tell it; whether they agree.
fn compare(
    title: &str,
    server: &AwServer,
    prometheus: &Prometheus,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> bool {
    let sent = prometheus.totals("aw_window_seconds", "app", from, to);
    let recorded = server.app_totals("laptop", from, to);
    println!("{title:<22}{:>12}{:>16}", "Prometheus", "ActivityWatch");
    let mut apps: Vec<_> = recorded
        .keys()
        .chain(sent.keys())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let seconds = |totals: &Totals, app: &str| totals.get(app).copied().unwrap_or(0.0);
    apps.sort_by(|one, other| seconds(&recorded, other).total_cmp(&seconds(&recorded, one)));
    let mut exact = true;
    for app in apps {
        let (sent, recorded) = (seconds(&sent, app), seconds(&recorded, app));
        let agrees = (sent - recorded).abs() <= TOLERANCE_SECONDS;
        exact &= agrees;
        println!(
            "  {app:<20}{:>12}{:>16}{}",
            clock(sent),
            clock(recorded),
            if agrees { "" } else { "  differs" }
        );
    }
    println!();
    exact
}

fn clock(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a week's seconds")]
    let seconds = seconds.round() as i64;
    format!(
        "{}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}
