//! aw-qt and aw-tauri, the programs that start ActivityWatch's modules and stop them.

mod autostart;
mod list;
mod parent;
mod search;
mod splice;

use std::fmt;

use clap::ValueEnum;

pub use autostart::{Autostart, AutostartError};
pub use parent::Parent;
pub use search::Search;

/// The agent's name as a module, which is that of its program.
const MODULE: &str = "aw-sync-agent";

/// A program that starts ActivityWatch's modules when the user logs in, and stops them when the user quits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Launcher {
    /// The tray icon of ActivityWatch's stable releases.
    AwQt,
    /// Its successor, with the Rust server inside.
    AwTauri,
}

impl Launcher {
    /// Both, the older one first.
    pub const ALL: [Self; 2] = [Self::AwQt, Self::AwTauri];

    /// The name of its program, and of its directory within ActivityWatch's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AwQt => "aw-qt",
            Self::AwTauri => "aw-tauri",
        }
    }

    /// Returns the launcher that a process of this name is, if it is one.
    ///
    /// Nix wraps programs: the real one is then `.aw-qt-wrapped`, and of a longer name Linux keeps 15 bytes. On Windows
    /// it ends in `.exe`, in letters of any case.
    fn of_process(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix(".exe").unwrap_or(&name);
        let name = name.strip_prefix('.').unwrap_or(name);
        Self::ALL.into_iter().find(|launcher| {
            name.strip_prefix(launcher.name())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("-wrapp"))
        })
    }
}

impl fmt::Display for Launcher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_is_known_by_the_name_of_its_process() {
        for (name, expected) in [
            ("aw-qt", Some(Launcher::AwQt)),
            (".aw-qt-wrapped", Some(Launcher::AwQt)),
            ("aw-tauri", Some(Launcher::AwTauri)),
            (".aw-tauri-wrapp", Some(Launcher::AwTauri)),
            ("aw-qt.exe", Some(Launcher::AwQt)),
            ("AW-Tauri.EXE", Some(Launcher::AwTauri)),
            ("aw-qt.exe.exe", None),
            ("aw-qt-like", None),
            ("my-aw-qt", None),
            ("systemd", None),
            ("", None),
        ] {
            assert_eq!(Launcher::of_process(name), expected, "{name}");
        }
    }
}
