//! `config`: what the settings are, where they come from, and the first file.

mod import;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::settings::{Loaded, file};

pub use import::{ImportError, Remark, import};

/// Prints each key with its value and origin, with secrets masked; each line is one that the settings file takes.
///
/// # Errors
/// Those of `out`.
pub fn show(loaded: &Loaded, out: &mut impl Write) -> io::Result<()> {
    let entries = loaded.settings.shown();
    let widest = |texts: &mut dyn Iterator<Item = &str>| {
        texts.map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let names: Vec<_> = entries.iter().map(|(key, _)| in_destination(key)).collect();
    let key_width = widest(&mut names.iter().map(|(_, name)| *name));
    let value_width = widest(&mut entries.iter().map(|(_, value)| &value[..]));
    let mut current = None;
    for ((key, value), (number, name)) in entries.iter().zip(names) {
        let origin = loaded.origins.of(key);
        if number != current {
            writeln!(out, "\n[[remote-write]]")?;
            current = number;
        }
        writeln!(out, "{name:key_width$} = {value:value_width$}  # {origin}")?;
    }
    Ok(())
}

/// Returns the number of the destination that `key` belongs to, if there are several, and the key within its table.
fn in_destination(key: &str) -> (Option<&str>, &str) {
    let of_several = key.strip_prefix("remote-write[");
    match of_several.and_then(|rest| rest.split_once("].")) {
        Some((number, name)) => (Some(number), name),
        None => (None, key),
    }
}

/// Prints the path of the settings file, whether or not it is there.
///
/// # Errors
/// Those of `out`.
pub fn path(path: &Path, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", path.display())
}

/// Writes the settings file with commented defaults, unless there is one, and says which.
///
/// There is no way to replace a file: it may hold the only copy of a password.
///
/// # Errors
/// [`InitError`] for the file, and for `out`.
pub fn init(path: &Path, out: &mut impl Write) -> Result<(), InitError> {
    let written = file::init(path).map_err(|reason| InitError::NotWritten {
        path: path.to_owned(),
        reason,
    })?;
    let said = if written {
        writeln!(out, "wrote {}", path.display())
    } else {
        writeln!(
            out,
            "{} is there already and was left as it is",
            path.display()
        )
    };
    said.map_err(InitError::Output)
}

/// Why there is no new settings file, or nobody was told.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The file or its directory cannot be written.
    #[error(
        "{}: cannot be written: {reason}\n\
         hint: settings can also be given as flags or environment variables",
        path.display()
    )]
    NotWritten {
        /// Path of the settings file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The output is closed or full.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
}

#[cfg(test)]
mod tests;
