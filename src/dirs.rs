//! ActivityWatch's directories, in the layout of its Python modules.
//!
//! That layout, and not the one of the Rust server, is where aw-qt looks: its "Open config folder" and "Open log
//! folder" lead there, and so does its crash dialog. On Windows the two differ: Python's is *Local*, with
//! `activitywatch` twice, because the author's name defaults to the program's. Nothing here creates a directory.

use std::path::{Path, PathBuf};

const MODULE: &str = "aw-sync-agent";

/// Where the agent keeps its files, and where ActivityWatch keeps its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirs {
    /// Directory of the settings file.
    pub config: PathBuf,
    /// Directory of the checkpoint. The same as `config` on macOS and Windows, so file names must differ.
    pub data: PathBuf,
    /// Directory of what may be deleted at any time.
    pub cache: PathBuf,
    /// Directory of the log files.
    pub log: PathBuf,
    /// ActivityWatch's configuration: each Python module has a directory in it.
    pub base_config: PathBuf,
    /// Where the Rust server and aw-tauri may keep their directories, in the order of search.
    pub rust_configs: Vec<PathBuf>,
}

/// The home directory is unknown, so there is no place for settings, state and logs.
#[derive(Debug, thiserror::Error)]
#[error(
    "the home directory of this user is unknown\nhint: set the environment variable {HOME_VARIABLE}"
)]
pub struct UnknownHome;

const HOME_VARIABLE: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

impl Dirs {
    /// Returns the directories of the user who runs this process.
    ///
    /// An XDG variable that is blank or relative counts as unset, as the specification of XDG demands.
    ///
    /// # Errors
    /// [`UnknownHome`] when the system names no home directory.
    pub fn of_user() -> Result<Self, UnknownHome> {
        Bases::of_user()
            .map(|bases| Self::within(Platform::CURRENT, &bases))
            .ok_or(UnknownHome)
    }

    /// Returns the directories of the user whose `%LOCALAPPDATA%` and `%APPDATA%` these are, whoever runs this process.
    #[cfg(windows)]
    pub fn of_profile(local: PathBuf, roaming: PathBuf) -> Self {
        let bases = Bases {
            home: PathBuf::new(),
            config: roaming.clone(),
            data: roaming,
            cache: local.clone(),
            local,
        };
        Self::within(Platform::Windows, &bases)
    }

    /// Returns directories below `root`, for what must keep away from those of any user.
    ///
    /// ActivityWatch's configuration is `root/config`, and the agent's own directories are `root/config/aw-sync-agent`,
    /// `root/data/aw-sync-agent`, `root/cache/aw-sync-agent` and `root/log/aw-sync-agent`, on each platform.
    pub fn below(root: &Path) -> Self {
        let config = root.join("config");
        Self {
            config: config.join(MODULE),
            data: root.join("data").join(MODULE),
            cache: root.join("cache").join(MODULE),
            log: root.join("log").join(MODULE),
            rust_configs: vec![config.clone()],
            base_config: config,
        }
    }

    fn within(platform: Platform, bases: &Bases) -> Self {
        let (config, data, cache, log, rust_configs) = match platform {
            Platform::Linux => {
                let config = bases.config.join("activitywatch");
                let cache = bases.cache.join("activitywatch");
                let log = cache.join("log");
                let data = bases.data.join("activitywatch");
                (config.clone(), data, cache, log, vec![config])
            }
            Platform::MacOs => {
                let support = bases.config.join("activitywatch");
                let cache = bases.cache.join("activitywatch");
                let log = bases.home.join("Library/Logs/activitywatch");
                (support.clone(), support.clone(), cache, log, vec![support])
            }
            Platform::Windows => {
                let roaming = bases.config.join("activitywatch");
                let once = bases.local.join("activitywatch");
                let twice = once.join("activitywatch");
                (
                    twice.clone(),
                    twice.clone(),
                    twice.join("Cache"),
                    twice.join("Logs"),
                    vec![roaming, once, twice],
                )
            }
        };
        Self {
            config: config.join(MODULE),
            data: data.join(MODULE),
            cache: cache.join(MODULE),
            log: log.join(MODULE),
            base_config: config,
            rust_configs,
        }
    }
}

/// The system's own directories, that ActivityWatch's are made from.
struct Bases {
    home: PathBuf,
    config: PathBuf,
    data: PathBuf,
    cache: PathBuf,
    local: PathBuf,
}

impl Bases {
    fn of_user() -> Option<Self> {
        Some(Self {
            home: ::dirs::home_dir()?,
            config: ::dirs::config_dir()?,
            data: ::dirs::data_dir()?,
            cache: ::dirs::cache_dir()?,
            local: ::dirs::data_local_dir()?,
        })
    }
}

/// The three layouts; all are compiled everywhere, so that each can be tested anywhere.
#[derive(Clone, Copy)]
enum Platform {
    Linux,
    MacOs,
    Windows,
}

impl Platform {
    const CURRENT: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_os = "macos") {
        Self::MacOs
    } else {
        Self::Linux
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bases() -> Bases {
        Bases {
            home: "home".into(),
            config: "config".into(),
            data: "data".into(),
            cache: "cache".into(),
            local: "local".into(),
        }
    }

    #[test]
    fn each_platform_has_the_layout_of_the_python_modules() {
        #[rustfmt::skip]
        let table = [
            (Platform::Linux, [
                "config/activitywatch/aw-sync-agent",
                "data/activitywatch/aw-sync-agent",
                "cache/activitywatch/aw-sync-agent",
                "cache/activitywatch/log/aw-sync-agent",
                "config/activitywatch",
            ]),
            (Platform::MacOs, [
                "config/activitywatch/aw-sync-agent",
                "config/activitywatch/aw-sync-agent",
                "cache/activitywatch/aw-sync-agent",
                "home/Library/Logs/activitywatch/aw-sync-agent",
                "config/activitywatch",
            ]),
            (Platform::Windows, [
                "local/activitywatch/activitywatch/aw-sync-agent",
                "local/activitywatch/activitywatch/aw-sync-agent",
                "local/activitywatch/activitywatch/Cache/aw-sync-agent",
                "local/activitywatch/activitywatch/Logs/aw-sync-agent",
                "local/activitywatch/activitywatch",
            ]),
        ];
        for (platform, expected) in table {
            let dirs = Dirs::within(platform, &bases());
            let found = [
                dirs.config,
                dirs.data,
                dirs.cache,
                dirs.log,
                dirs.base_config,
            ];
            assert_eq!(found, expected.map(PathBuf::from));
        }
    }

    #[test]
    fn on_windows_the_rust_server_is_searched_in_three_places() {
        let dirs = Dirs::within(Platform::Windows, &bases());
        let expected = [
            "config/activitywatch",
            "local/activitywatch",
            "local/activitywatch/activitywatch",
        ];
        assert_eq!(dirs.rust_configs, expected.map(PathBuf::from));
    }
}
