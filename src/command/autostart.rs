//! `autostart`: has aw-qt or aw-tauri start the agent.

use std::env;
use std::io::{self, Write};

use thiserror::Error;

use crate::cli::AutostartAction;
use crate::dirs::Dirs;
use crate::launcher::{Autostart, AutostartError, Launcher, Search};

/// There is nobody who could start the agent.
#[derive(Debug, Error)]
#[error(
    "neither aw-qt nor aw-tauri is found: no settings in {searched}, no program on PATH\n\
     hint: start ActivityWatch once, or name the one to set up with --launcher"
)]
pub struct NoLauncher {
    searched: String,
}

/// Returns the settings of `wanted`; without it, those of each launcher that this user has.
///
/// # Errors
/// [`NoLauncher`] when there is none. What is wrong with the settings of one comes back in its place.
pub fn settings(
    wanted: Option<Launcher>,
    dirs: &Dirs,
    testing: bool,
) -> Result<Vec<Result<Autostart, AutostartError>>, NoLauncher> {
    let path = env::var_os("PATH").unwrap_or_default();
    let launchers = match wanted {
        Some(launcher) => vec![launcher],
        None => Launcher::ALL
            .into_iter()
            .filter(|launcher| launcher.is_present(dirs, &path))
            .collect(),
    };
    if launchers.is_empty() {
        return Err(NoLauncher {
            searched: dirs.base_config.display().to_string(),
        });
    }
    let settings = launchers
        .into_iter()
        .map(|launcher| Autostart::new(launcher, dirs, testing));
    Ok(settings.collect())
}

/// Does what is wanted with each of `settings` and prints it; returns what went wrong, the others are done all the same.
///
/// # Errors
/// Those of `out`.
pub fn run(
    action: AutostartAction,
    settings: Vec<Result<Autostart, AutostartError>>,
    dirs: &Dirs,
    out: &mut impl Write,
) -> io::Result<Vec<AutostartError>> {
    let mut problems = Vec::new();
    for settings in settings {
        let done = settings.and_then(|settings| Ok((act(action, &settings)?, settings)));
        match done {
            Ok(((says, is_enabled), settings)) => {
                let launcher = settings.launcher();
                writeln!(out, "{launcher}: {says} ({})", settings.path().display())?;
                if is_enabled {
                    print_search(launcher, dirs, out)?;
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    Ok(problems)
}

/// Returns what to say, and whether the launcher starts the agent now.
fn act(
    action: AutostartAction,
    settings: &Autostart,
) -> Result<(&'static str, bool), AutostartError> {
    Ok(match action {
        AutostartAction::Status if settings.is_enabled()? => ("starts aw-sync-agent", true),
        AutostartAction::Status => ("does not start aw-sync-agent", false),
        AutostartAction::Enable if settings.set(true)? => (
            "will start aw-sync-agent when it starts the next time",
            true,
        ),
        AutostartAction::Enable => ("starts aw-sync-agent already", true),
        AutostartAction::Disable if settings.set(false)? => {
            ("will not start aw-sync-agent any more", false)
        }
        AutostartAction::Disable => ("does not start aw-sync-agent anyway", false),
    })
}

/// Says what to do if the launcher will look for the agent in vain.
fn print_search(launcher: Launcher, dirs: &Dirs, out: &mut impl Write) -> io::Result<()> {
    let path = env::var_os("PATH").unwrap_or_default();
    let search = Search::of(launcher, dirs, &path, ::dirs::home_dir());
    if search.finds_module() {
        return Ok(());
    }
    writeln!(
        out,
        "{launcher}: but will not find it where it looks for modules"
    )?;
    let program = env::current_exe().ok();
    match (program, search.suggestion()) {
        (Some(program), Some(place)) => {
            let (program, place) = (program.display(), place.display());
            writeln!(out, "hint: copy or link {program} to {place}")
        }
        _ => writeln!(out, "hint: put its binary into a directory of PATH"),
    }
}
