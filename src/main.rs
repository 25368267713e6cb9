//! The program: parses the command line, runs one command, and turns its outcome into an exit code.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use aw_sync_agent::cli::Cli;
#[cfg(windows)]
use aw_sync_agent::cli::{Command, ServiceCommand};
use aw_sync_agent::command::{self, CommandError, complain, load_settings};
use aw_sync_agent::dirs::Dirs;
use aw_sync_agent::exit::Exit;
use aw_sync_agent::launcher::Parent;
use aw_sync_agent::service::Notifier;
use aw_sync_agent::{daemon, logging, shutdown};
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
            load_settings(&cli.flags, &dirs)?;
            command::service::install_and_start(&cli.flags, &dirs, &mut io::stdout().lock())?;
        }
        None => {
            let launcher = Parent::at_start();
            logging::start_file(&dirs.log, cli.flags.testing);
            #[cfg(unix)]
            let notifier = Notifier::from_environment();
            #[cfg(not(unix))]
            let notifier = Notifier::to_nobody();
            let load = || load_settings(&cli.flags, &dirs);
            let stop = shutdown::requested(launcher);
            run_to_end(daemon::run(load, &dirs, &notifier, stop))?;
        }
        Some(command) => return run_to_end(command::run(command, &cli.flags, &dirs, bars)),
    }
    Ok(Exit::Done)
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

/// Runs the daemon as the service that Windows has started.
///
/// The keyboard and the end of a session mean nothing to it: whoever logs off, the service stays.
#[cfg(windows)]
fn serve(cli: &Cli, dirs: &Dirs) -> Result<Exit, aw_sync_agent::service::ServiceError> {
    let mut process = aw_sync_agent::service::Process::begin()?;
    logging::start_file(&dirs.log, cli.flags.testing);
    let notifier = process.notifier();
    let load = || load_settings(&cli.flags, dirs);
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
