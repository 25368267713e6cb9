//! Runs the command of a command line: prints what it comes to, and tells how it ends.

use std::io::{self, Write};

use chrono::Local;
use indicatif::MultiProgress;

use super::settings::{load_settings, read_settings};
use super::{
    CommandError, autostart, backfill, completions, config, doctor, export, man, preview, service,
    status, sync, verify,
};
use crate::checkpoint::Store;
use crate::cli::{Command, ConfigCommand, Flags, Format, ServiceCommand};
use crate::daemon;
use crate::day::{Day, DayName, Since};
use crate::dirs::Dirs;
use crate::exit::Exit;
use crate::settings::{DestinationSettings, Settings, file, masked_url};
use crate::synchronizer::Problem;

/// Runs `command` with `flags`, and returns how it ends. What it comes to goes to standard output, what goes wrong on
/// the way to standard error; `bars` shows how far it is.
///
/// # Errors
/// A [`CommandError`] if it could not do its work at all. That has not been printed.
pub async fn run(
    command: &Command,
    flags: &Flags,
    dirs: &Dirs,
    bars: &MultiProgress,
) -> Result<Exit, CommandError> {
    let testing = flags.testing;
    let load = || load_settings(flags, dirs).map(|loaded| loaded.settings);
    let out = &mut io::stdout().lock();
    match command {
        Command::Sync => return sync(&load()?, dirs, bars).await,
        Command::Preview { day, format } => {
            return preview(load()?, dirs, *day, *format, out).await;
        }
        Command::Export {
            since,
            until,
            output,
            input,
            refused,
            force,
        } => {
            let wanted = export::Wanted {
                since: since.unwrap_or(Since::All),
                until: *until,
                input: input.clone(),
                only_refused: *refused,
            };
            let destination = export::Destination::open(output, *force)?;
            let settings = load()?;
            let report = export::export(&settings, dirs, &wanted, destination, out, bars).await?;
            let exit = ended(&report.problems);
            // A closed stderr is no reason to fail.
            let _closed =
                export::print_next_steps(&report, output, &Local::now(), &mut io::stderr());
            return Ok(exit);
        }
        Command::Backfill {
            refused,
            since,
            until,
            rate,
        } => {
            let wanted = backfill::Wanted {
                since: since.unwrap_or(Since::All),
                until: *until,
                only_refused: *refused,
                rate: *rate,
            };
            return backfill(&load()?, dirs, &wanted, bars, out).await;
        }
        Command::Verify { day, since, json } => {
            let days = verify::days(*day, *since, &Local::now())?;
            return verify(&load()?, dirs, &days, *json, out).await;
        }
        Command::Doctor { json } => return doctor(flags, dirs, *json, out).await,
        Command::Status { json } => {
            let status = status::read(&Store::new(&dirs.data, testing))?;
            if *json {
                status::print_json(&status, out)?;
            } else {
                status::print(&status, &Local::now(), out)?;
            }
        }
        Command::Config(command) => return config(command, flags, dirs, out),
        Command::Autostart { action, launcher } => {
            let settings = autostart::settings(*launcher, dirs, testing)?;
            let problems = autostart::run(*action, settings, dirs, out)?;
            for problem in &problems {
                complain(problem);
            }
            if !problems.is_empty() {
                return Ok(Exit::Usage);
            }
        }
        Command::Service(command) => {
            if *command == ServiceCommand::Install {
                // What it would complain about then, a person hears now.
                load()?;
            }
            return service::run(command, flags, dirs, out);
        }
        Command::Completions { shell } => completions::print(*shell, out)?,
        Command::Man => man::print(out)?,
    }
    Ok(Exit::Done)
}

/// Prints a problem where a person sees it.
pub fn complain(problem: &dyn std::error::Error) {
    // A closed stderr is no reason to fail.
    let _closed = writeln!(io::stderr(), "aw-sync-agent: {problem}");
}

/// Says what went wrong, once each, and returns how it ends.
fn ended<'a>(problems: impl IntoIterator<Item = &'a Problem>) -> Exit {
    let mut distinct = Vec::new();
    for problem in problems {
        if !distinct.contains(problem) {
            complain(problem);
            distinct.push(problem.clone());
        }
    }
    Exit::from(&distinct[..])
}

/// Makes one pass to each destination.
async fn sync(
    settings: &Settings,
    dirs: &Dirs,
    bars: &MultiProgress,
) -> Result<Exit, CommandError> {
    let done = sync::sync(settings, dirs, bars).await?;
    let exit = ended(done.iter().flat_map(|synced| &synced.report.problems));
    for sync::Synced {
        destination,
        report,
    } in &done
    {
        let title = (done.len() > 1).then_some(&**destination);
        daemon::log_summary(title, report);
    }
    Ok(exit)
}

/// Shows what would leave for each destination.
async fn preview(
    mut settings: Settings,
    dirs: &Dirs,
    day: DayName,
    format: Format,
    out: &mut impl Write,
) -> Result<Exit, CommandError> {
    if format == Format::Openmetrics {
        // A document of it has each series once.
        settings.remote_write.truncate(1);
    }
    let previews = preview::preview(&settings, dirs, day).await?;
    for (preview, place) in previews.iter().zip(0..) {
        match format {
            Format::Table => {
                if place > 0 {
                    writeln!(out)?;
                }
                preview::print(preview, previews.len() > 1, &Local, out)?;
            }
            Format::Openmetrics => preview::print_openmetrics(&preview.preview, out)?,
            Format::Json => preview::print_json(preview, out)?,
        }
    }
    Ok(ended(previews.iter().flat_map(|one| &one.preview.problems)))
}

/// Sends to each destination what it does not have of the past.
async fn backfill(
    settings: &Settings,
    dirs: &Dirs,
    wanted: &backfill::Wanted,
    bars: &MultiProgress,
    out: &mut impl Write,
) -> Result<Exit, CommandError> {
    let done = backfill::backfill(settings, dirs, wanted, bars).await?;
    for one in &done {
        if done.len() > 1 {
            writeln!(out, "{}", one.destination)?;
        }
        backfill::print(&one.report, out)?;
    }
    Ok(ended(done.iter().flat_map(|one| &one.report.problems)))
}

/// Compares with what each destination has.
async fn verify(
    settings: &Settings,
    dirs: &Dirs,
    days: &[Day],
    json: bool,
    out: &mut impl Write,
) -> Result<Exit, CommandError> {
    let store = Store::new(&dirs.data, settings.testing);
    let destinations = settings.by_destination();
    let mut ends = Vec::new();
    for (destination, place) in destinations.iter().zip(0..) {
        if destinations.len() > 1 && !json {
            let url = masked_url(&destination.destination.url);
            let gap = if place > 0 { "\n" } else { "" };
            writeln!(out, "{gap}{url}")?;
        }
        match verify_at(destination, &store, days, json, out).await {
            Ok(end) => ends.push(end),
            Err(error @ CommandError::Output(_)) => return Err(error),
            // Another may still answer.
            Err(error) => {
                complain(&error);
                ends.push(error.exit());
            }
        }
    }
    Ok(ends.into_iter().fold(Exit::Done, Exit::or_worse))
}

/// Compares with what one destination has.
async fn verify_at(
    destination: &DestinationSettings,
    store: &Store,
    days: &[Day],
    json: bool,
    out: &mut impl Write,
) -> Result<Exit, CommandError> {
    let report = if json {
        let report = verify::verify(destination, store, days, |_| Ok(())).await?;
        verify::print_json(&report, out)?;
        report
    } else {
        let mut printer = verify::Printer::new(Local, days.len() > 1, out);
        let show = |day: &verify::DayReport| printer.day(day);
        let report = verify::verify(destination, store, days, show).await?;
        printer.end(&report)?;
        report
    };
    for problem in &report.problems {
        complain(problem);
    }
    Ok(report.exit())
}

/// Shows what is wrong at either end, in the settings too.
async fn doctor(
    flags: &Flags,
    dirs: &Dirs,
    json: bool,
    out: &mut impl Write,
) -> Result<Exit, CommandError> {
    let settings = read_settings(flags, dirs);
    let file = file::path(dirs, flags.testing);
    let report = doctor::examine(settings, file, dirs, flags.testing).await;
    if json {
        doctor::print_json(&report, out)?;
    } else {
        doctor::print(&report, out)?;
    }
    Ok(report.exit())
}

/// Shows or writes settings.
fn config(
    command: &ConfigCommand,
    flags: &Flags,
    dirs: &Dirs,
    out: &mut impl Write,
) -> Result<Exit, CommandError> {
    let file = file::path(dirs, flags.testing);
    match command {
        ConfigCommand::Show => config::show(&load_settings(flags, dirs)?, out)?,
        ConfigCommand::Path => config::path(&file, out)?,
        ConfigCommand::Init => config::init(&file, out)?,
        ConfigCommand::Import { files } => {
            let remarks = config::import(files, dirs, out)?;
            for remark in &remarks {
                complain(remark);
            }
            if remarks
                .iter()
                .any(|remark| matches!(remark, config::Remark::Faulty(_)))
            {
                return Ok(Exit::Usage);
            }
        }
    }
    Ok(Exit::Done)
}
