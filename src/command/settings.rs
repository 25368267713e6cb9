use std::env;

use crate::cli::Flags;
use crate::dirs::Dirs;
use crate::logging;
use crate::settings::{self, Loaded, PartialSettings, SettingsError};

/// Returns the settings that `flags`, this process's environment and the file give, has as much logged as they say, and
/// logs what is odd about them.
///
/// # Errors
/// Any [`SettingsError`].
pub fn load_settings(flags: &Flags, dirs: &Dirs) -> Result<Loaded, SettingsError> {
    let loaded = read_settings(flags, dirs)?;
    for warning in &loaded.warnings {
        log::warn!("{warning}");
    }
    Ok(loaded)
}

/// As [`load_settings`], for who shows what is odd about them by itself.
pub(super) fn read_settings(flags: &Flags, dirs: &Dirs) -> Result<Loaded, SettingsError> {
    let environment = |name: &str| env::var(name).ok();
    let loaded = settings::load(PartialSettings::from(flags), environment, dirs)?;
    logging::set_level(loaded.settings.log_level);
    Ok(loaded)
}
