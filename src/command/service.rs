//! `service`: has the system start the agent from now on, and manages what it started.

use std::env;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use super::CommandError;
use crate::cli::{Flags, ServiceCommand};
use crate::dirs::{Dirs, UnknownHome};
use crate::exit::Exit;
use crate::service::ServiceError;
use crate::settings::VARIABLES;

#[cfg(target_os = "macos")]
type Service = crate::service::Launchd;
#[cfg(all(unix, not(target_os = "macos")))]
type Service = crate::service::Systemd;
#[cfg(windows)]
type Service = crate::service::Windows<crate::service::Scm>;

const NAME: &str = env!("CARGO_PKG_NAME");

/// Does `command` and says what was done. The service that is installed gets `flags`.
///
/// # Errors
/// Any [`ServiceError`], and those of `out`.
pub fn run(
    command: &ServiceCommand,
    flags: &Flags,
    dirs: &Dirs,
    out: &mut impl Write,
) -> Result<Exit, CommandError> {
    let service = service(dirs, flags.testing)?;
    if *command == ServiceCommand::Install {
        install(&service, flags, out)?;
        writeln!(
            out,
            "starts {}; `aw-sync-agent service restart` starts it now",
            Service::STARTS
        )?;
        return Ok(Exit::Done);
    }
    reject_idle(flags)?;
    match *command {
        ServiceCommand::Install => {}
        #[cfg(windows)]
        ServiceCommand::Run { .. } => {}
        ServiceCommand::Uninstall => {
            let says = if service.uninstall()? {
                "removed"
            } else {
                "is not installed"
            };
            writeln!(out, "{says}: {}", service.place())?;
        }
        ServiceCommand::Start => {
            service.start()?;
            writeln!(out, "started")?;
        }
        ServiceCommand::Stop => {
            service.stop()?;
            writeln!(out, "stopped")?;
        }
        ServiceCommand::Restart => {
            service.restart()?;
            writeln!(out, "restarted")?;
        }
        ServiceCommand::Status => {
            if !shows_as_running(&service, out)? {
                return Ok(Exit::Unreachable);
            }
        }
        #[cfg(unix)]
        ServiceCommand::Logs { follow } => return Err(service.logs(follow).into()),
        #[cfg(windows)]
        ServiceCommand::Logs { follow } => {
            let newest = || crate::logging::newest_file(&dirs.log, flags.testing);
            crate::service::show_log(newest, follow, out)?;
        }
    }
    Ok(Exit::Done)
}

/// Installs the service with `flags` and has it run with them now.
///
/// # Errors
/// Any [`ServiceError`], and those of `out`.
pub fn install_and_start(
    flags: &Flags,
    dirs: &Dirs,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    let service = service(dirs, flags.testing)?;
    // An update has put another program in the place of the one that runs; elsewhere that is not at the same path.
    if install(&service, flags, out)? || cfg!(windows) {
        service.restart()?;
    } else {
        service.start()?;
    }
    writeln!(out, "started")?;
    Ok(())
}

/// Installs the service and returns whether that is a change.
fn install(service: &Service, flags: &Flags, out: &mut impl Write) -> Result<bool, CommandError> {
    let is_change = service.install(&program()?, &flags.to_arguments())?;
    let says = if is_change {
        "installed"
    } else {
        "is installed already"
    };
    writeln!(out, "{says}: {}", service.place())?;
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    for name in VARIABLES
        .map(|(_, name)| name)
        .iter()
        .filter(|name| is_set(name))
    {
        writeln!(
            out,
            "hint: {name} is set here, but not for the service; the settings file is for both"
        )?;
    }
    if flags.hold_password() {
        writeln!(
            out,
            "hint: other users of this machine can see the password among the flags of the service; the settings file \
             is safer"
        )?;
    }
    Ok(is_change)
}

#[cfg(target_os = "macos")]
fn service(dirs: &Dirs, testing: bool) -> Result<Service, UnknownHome> {
    let home = ::dirs::home_dir().ok_or(UnknownHome)?;
    let uid = rustix::process::getuid().as_raw();
    let log_file = crate::logging::newest_file(&dirs.log, testing);
    Ok(Service::new(&home, uid, log_file, testing))
}

#[cfg(windows)]
fn service(dirs: &Dirs, testing: bool) -> Result<Service, UnknownHome> {
    use crate::service::{Files, Profile, Scm};

    let profile = Profile {
        local: ::dirs::data_local_dir().ok_or(UnknownHome)?,
        roaming: ::dirs::config_dir().ok_or(UnknownHome)?,
    };
    let own = [&dirs.config, &dirs.data, &dirs.cache, &dirs.log];
    let mut own: Vec<_> = own.into_iter().cloned().collect();
    own.dedup();
    let files = Files {
        own,
        settings: crate::settings::server_files(dirs, testing),
    };
    Ok(Service::new(Scm, profile, files, testing))
}

#[cfg(all(unix, not(target_os = "macos")))]
fn service(_dirs: &Dirs, testing: bool) -> Result<Service, UnknownHome> {
    let config = ::dirs::config_dir().ok_or(UnknownHome)?;
    Ok(Service::new(&config, testing))
}

/// Shows how the service is, and returns whether it runs.
#[cfg(unix)]
fn shows_as_running(service: &Service, _out: &mut impl Write) -> Result<bool, CommandError> {
    Ok(service.status()?)
}

/// Shows how the service is, and returns whether it runs.
#[cfg(windows)]
fn shows_as_running(service: &Service, out: &mut impl Write) -> Result<bool, CommandError> {
    let (says, runs) = service.status()?;
    out.write_all(says.as_bytes())?;
    Ok(runs)
}

/// This program, where it is found along `PATH` if it is: a package manager keeps that place when it brings a new one.
fn program() -> Result<PathBuf, ServiceError> {
    let own = env::current_exe().map_err(|source| ServiceError::Io {
        action: "found",
        path: PathBuf::from(NAME),
        source,
    })?;
    let path = env::var_os("PATH").unwrap_or_default();
    let same = |program: &PathBuf| {
        program.is_absolute() && fs::canonicalize(program).is_ok_and(|found| found == own)
    };
    let mut programs = env::split_paths(&path).map(|directory| directory.join(NAME));
    Ok(programs.find(same).unwrap_or(own))
}

/// Other flags than those that choose the service, or how much this command says, have no effect on one that is there.
fn reject_idle(flags: &Flags) -> Result<(), ServiceError> {
    let name = |argument: String| match argument.split_once('=') {
        Some((name, _)) => name.to_owned(),
        None => argument,
    };
    let mut flags: Vec<_> = flags.to_arguments().into_iter().map(name).collect();
    flags.retain(|flag| flag != "--testing" && flag != "--verbose");
    if flags.is_empty() {
        Ok(())
    } else {
        Err(ServiceError::IdleFlags { flags })
    }
}
