//! The program: parses the command line, runs one command, and turns its outcome into an exit code.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use aw_sync_agent::cli::{Cli, Command, ConfigCommand, Format, ServiceCommand};
use aw_sync_agent::command::{
    CommandError, autostart, backfill, completions, config, doctor, export, man, preview, service,
    status, sync, verify,
};
use aw_sync_agent::day::{Day, DayName, Since};
use aw_sync_agent::dirs::Dirs;
use aw_sync_agent::exit::Exit;
use aw_sync_agent::launcher::Parent;
use aw_sync_agent::service::Notifier;
use aw_sync_agent::settings::{
    self, DestinationSettings, Loaded, PartialSettings, Settings, SettingsError, masked_url,
};
use aw_sync_agent::synchronizer::Problem;
use aw_sync_agent::{checkpoint::Store, daemon, logging};
use chrono::Local;
use indicatif::MultiProgress;

fn main() -> ExitCode {
    bypass_proxies_for_loopback();
    let cli = match Cli::parse_arguments(env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout, mistakes to stderr; if it is closed, the exit code has to do.
            let _closed = error.print();
            return u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    let bars = MultiProgress::new();
    logging::start(bars.clone());
    let exit = match run(&cli, &bars) {
        Ok(exit) => exit,
        // Whoever read the output has enough of it, as `head` has.
        Err(CommandError::Output(error)) if has_enough(&error) => Exit::Done,
        Err(error) => {
            if cli.command.is_none() && !cli.service {
                // Into the log file too: a launcher shows that when a module of it has ended.
                log::error!("{error}");
            } else {
                complain(&error);
            }
            error.exit()
        }
    };
    exit.into()
}

/// Whether nobody reads any more. Windows has a second error for it, of no kind: `ERROR_PIPE_NOT_CONNECTED`.
fn has_enough(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe || cfg!(windows) && error.raw_os_error() == Some(233)
}

/// Prints a problem where a person sees it.
fn complain(problem: &dyn std::error::Error) {
    // A closed stderr is no reason to fail.
    let _closed = writeln!(io::stderr(), "aw-sync-agent: {problem}");
}

fn run(cli: &Cli, bars: &MultiProgress) -> Result<Exit, CommandError> {
    #[cfg(windows)]
    if let Some(Command::Service(ServiceCommand::Run { local, roaming })) = &cli.command {
        return Ok(serve(
            cli,
            &Dirs::of_profile(local.clone(), roaming.clone()),
        )?);
    }
    let dirs = Dirs::of_user()?;
    match &cli.command {
        None if cli.service => {
            load(cli, &dirs)?;
            service::install_and_start(&cli.flags, &dirs, &mut io::stdout().lock())?;
        }
        None => {
            let launcher = Parent::at_start();
            logging::start_file(&dirs.log, cli.flags.testing);
            #[cfg(unix)]
            let notifier = Notifier::from_environment();
            #[cfg(not(unix))]
            let notifier = Notifier::to_nobody();
            let load = || load(cli, &dirs);
            run_to_end(daemon::run(load, &dirs, &notifier, stopped(launcher)))?;
        }
        Some(command) => return with_servers(command, cli, &dirs, bars),
    }
    Ok(Exit::Done)
}

/// Runs a command that asks a server, or else one that does not.
fn with_servers(
    command: &Command,
    cli: &Cli,
    dirs: &Dirs,
    bars: &MultiProgress,
) -> Result<Exit, CommandError> {
    let testing = cli.flags.testing;
    let out = &mut io::stdout().lock();
    match command {
        Command::Sync => sync(&load(cli, dirs)?.settings, dirs, bars),
        Command::Preview { day, format } => {
            preview(load(cli, dirs)?.settings, dirs, *day, *format, out)
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
            let settings = load(cli, dirs)?.settings;
            let export = export::export(&settings, dirs, &wanted, destination, out, bars);
            let report = run_to_end(export)?;
            let exit = ended(&report.problems);
            // A closed stderr is no reason to fail.
            let _closed =
                export::print_next_steps(&report, output, &Local::now(), &mut io::stderr());
            Ok(exit)
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
            let settings = load(cli, dirs)?.settings;
            let done = run_to_end(backfill::backfill(&settings, dirs, &wanted, bars))?;
            for one in &done {
                if done.len() > 1 {
                    writeln!(out, "{}", one.destination)?;
                }
                backfill::print(&one.report, out)?;
            }
            Ok(ended(done.iter().flat_map(|one| &one.report.problems)))
        }
        Command::Verify { day, since, json } => {
            let days = verify::days(*day, *since, &Local::now())?;
            verify(&load(cli, dirs)?.settings, dirs, &days, *json, out)
        }
        Command::Doctor { json } => {
            let settings = read_settings(cli, dirs);
            let file = settings::file::path(dirs, testing);
            let report = run_to_end(doctor::examine(settings, file, dirs, testing));
            if *json {
                doctor::print_json(&report, out)?;
            } else {
                doctor::print(&report, out)?;
            }
            Ok(report.exit())
        }
        _ => on_this_machine(command, cli, dirs, out),
    }
}

/// Runs a command that asks no server.
fn on_this_machine(
    command: &Command,
    cli: &Cli,
    dirs: &Dirs,
    out: &mut io::StdoutLock<'_>,
) -> Result<Exit, CommandError> {
    let testing = cli.flags.testing;
    match command {
        Command::Status { json } => {
            let status = status::read(&Store::new(&dirs.data, testing))?;
            if *json {
                status::print_json(&status, out)?;
            } else {
                status::print(&status, &Local::now(), out)?;
            }
        }
        Command::Config(ConfigCommand::Show) => config::show(&load(cli, dirs)?, out)?,
        Command::Config(ConfigCommand::Path) => {
            config::path(&settings::file::path(dirs, testing), out)?;
        }
        Command::Config(ConfigCommand::Init) => {
            config::init(&settings::file::path(dirs, testing), out)?;
        }
        Command::Config(ConfigCommand::Import { files }) => {
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
                load(cli, dirs)?;
            }
            return service::run(command, &cli.flags, dirs, out);
        }
        Command::Completions { shell } => completions::print(*shell, out)?,
        Command::Man => man::print(out)?,
        _ => unreachable!("commands that ask a server are run before"),
    }
    Ok(Exit::Done)
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
fn sync(settings: &Settings, dirs: &Dirs, bars: &MultiProgress) -> Result<Exit, CommandError> {
    let done = run_to_end(sync::sync(settings, dirs, bars))?;
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
fn preview(
    mut settings: Settings,
    dirs: &Dirs,
    day: DayName,
    format: Format,
    out: &mut impl io::Write,
) -> Result<Exit, CommandError> {
    if format == Format::Openmetrics {
        // A document of it has each series once.
        settings.remote_write.truncate(1);
    }
    let previews = run_to_end(preview::preview(&settings, dirs, day))?;
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

/// Compares with what each destination has.
fn verify(
    settings: &Settings,
    dirs: &Dirs,
    days: &[Day],
    json: bool,
    out: &mut impl io::Write,
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
        match verify_at(destination, &store, days, json, out) {
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
fn verify_at(
    destination: &DestinationSettings,
    store: &Store,
    days: &[Day],
    json: bool,
    out: &mut impl io::Write,
) -> Result<Exit, CommandError> {
    let report = if json {
        let report = run_to_end(verify::verify(destination, store, days, |_| Ok(())))?;
        verify::print_json(&report, out)?;
        report
    } else {
        let mut printer = verify::Printer::new(Local, days.len() > 1, out);
        let show = |day: &verify::DayReport| printer.day(day);
        let report = run_to_end(verify::verify(destination, store, days, show))?;
        printer.end(&report)?;
        report
    };
    for problem in &report.problems {
        complain(problem);
    }
    Ok(report.exit())
}

fn load(cli: &Cli, dirs: &Dirs) -> Result<Loaded, SettingsError> {
    let loaded = read_settings(cli, dirs)?;
    for warning in &loaded.warnings {
        log::warn!("{warning}");
    }
    Ok(loaded)
}

fn read_settings(cli: &Cli, dirs: &Dirs) -> Result<Loaded, SettingsError> {
    let environment = |name: &str| env::var(name).ok();
    let loaded = settings::load(PartialSettings::from(&cli.flags), environment, dirs)?;
    logging::set_level(loaded.settings.log_level);
    Ok(loaded)
}

/// Runs `work` on a runtime of one thread, and does not wait for what it leaves behind.
fn run_to_end<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system has a poller");
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    result
}

/// Is ready once the process is asked to end, or the launcher that started it has ended.
async fn stopped(launcher: Option<Parent>) {
    let launcher_ended = async {
        match launcher {
            Some(launcher) => launcher.ended().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = asked_to_stop() => {}
        () = launcher_ended => {}
    }
}

/// Is ready once the process is asked to end.
#[cfg(unix)]
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be handled");
    let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be handled");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Is ready once the process is asked to end: by the keyboard, or by the end of its console, of the session or of Windows,
/// which wait some seconds for it.
#[cfg(windows)]
async fn asked_to_stop() {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};

    let handled = "the system takes handlers";
    let mut interrupt = ctrl_c().expect(handled);
    let mut break_key = ctrl_break().expect(handled);
    let mut close = ctrl_close().expect(handled);
    let mut logoff = ctrl_logoff().expect(handled);
    let mut shutdown = ctrl_shutdown().expect(handled);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = break_key.recv() => {}
        _ = close.recv() => {}
        _ = logoff.recv() => {}
        _ = shutdown.recv() => {}
    }
}

/// Runs the daemon as the service that Windows has started.
///
/// The keyboard and the end of a session mean nothing to it: whoever logs off, the service stays.
#[cfg(windows)]
fn serve(cli: &Cli, dirs: &Dirs) -> Result<Exit, aw_sync_agent::service::ServiceError> {
    let mut process = aw_sync_agent::service::Process::begin()?;
    logging::start_file(&dirs.log, cli.flags.testing);
    let notifier = process.notifier();
    let load = || load(cli, dirs);
    let stop = process.told_to_stop();
    let exit = match run_to_end(daemon::run(load, dirs, &notifier, stop)) {
        Ok(()) => Exit::Done,
        Err(error) => {
            log::error!("{error}");
            CommandError::from(error).exit()
        }
    };
    process.end(exit as u8);
    Ok(exit)
}

/// Adds loopback to `NO_PROXY`.
///
/// The official client obeys `HTTP_PROXY` even for 127.0.0.1, which would send the activity of this machine to the
/// proxy, and offers no other way to stop it.
fn bypass_proxies_for_loopback() {
    let names = ["NO_PROXY", "no_proxy"];
    let own = names
        .iter()
        .filter_map(env::var_os)
        .find(|value| !value.is_empty());
    let mut value = OsString::from("127.0.0.1,localhost,::1");
    if let Some(own) = own {
        value.push(",");
        value.push(own);
    }
    for name in names {
        #[expect(unsafe_code, reason = "nothing else offers it")]
        // SAFETY: `main` calls this first, so no other thread reads or changes the environment.
        unsafe {
            env::set_var(name, &value);
        }
    }
}
