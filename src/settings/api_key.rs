//! The key of ActivityWatch's servers, where they want one.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use reqwest::header::HeaderValue;

use super::{
    error::{Fault, Problem},
    origin::Origin,
    secret::Secret,
};

/// A key, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiKey(Source);

#[derive(Clone, Debug, PartialEq)]
enum Source {
    Text { key: Secret, origin: Origin },
    File(PathBuf),
}

impl ApiKey {
    /// Returns the key that was found in the file at `path`, which belongs to the server itself.
    pub(super) fn found(key: Secret, path: PathBuf) -> Self {
        let origin = Origin::Found(path);
        Self(Source::Text { key, origin })
    }

    /// Returns the key as it is now: a file is read each time, since it may have changed.
    ///
    /// # Errors
    /// Any [`ApiKeyError`], of a file only.
    pub fn read(&self) -> Result<Secret, ApiKeyError> {
        match &self.0 {
            Source::Text { key, .. } => Ok(key.clone()),
            Source::File(path) => read(path),
        }
    }

    /// Returns the setting that the key is, with its value as it may be shown.
    pub(super) fn setting(&self) -> (&'static str, String) {
        match &self.0 {
            Source::Text { key, .. } => ("aw-api-key", key.to_string()),
            Source::File(path) => ("aw-api-key-file", path.display().to_string()),
        }
    }
}

impl fmt::Display for ApiKey {
    /// Says where it stands.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Text {
                origin: Origin::Found(path),
                ..
            }
            | Source::File(path) => write!(formatter, "{}", path.display()),
            Source::Text { origin, .. } => origin.fmt(formatter),
        }
    }
}

/// Why a file has no key.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    /// It cannot be read.
    #[error(
        "`aw-api-key-file`: {path}: cannot be read: {reason}\n\
         hint: a path without a root begins at the directory of the settings file",
        path = path.display()
    )]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// There is nothing in it.
    #[error(
        "`aw-api-key-file`: {path} is empty\n\
         hint: write the key into it that ActivityWatch's server wants, or remove the setting",
        path = .0.display()
    )]
    Empty(PathBuf),
    /// What is in it cannot be sent; it may be a secret all the same, so it is not shown.
    #[error(
        "`aw-api-key-file`: {path} has characters that a header cannot carry\n\
         hint: write the key into it and nothing else, on one line",
        path = .0.display()
    )]
    NotAHeaderValue(PathBuf),
}

/// Returns the key that the settings name, checked; a relative `file` begins at `directory`, where the settings file
/// is. `origin` is that of `key`.
pub(super) fn resolve(
    key: Option<Secret>,
    file: Option<PathBuf>,
    directory: &Path,
    origin: Origin,
) -> Result<Option<ApiKey>, Fault> {
    // Both are set only where the environment, which has no variable for the file, is stronger than the settings file.
    if let Some(key) = key {
        if key.expose().trim().is_empty() {
            return Err(Problem::Empty("aw-api-key".to_owned()).of("aw-api-key"));
        }
        if HeaderValue::from_str(key.expose()).is_err() {
            return Err(Problem::NotAHeaderValue("aw-api-key".to_owned()).of("aw-api-key"));
        }
        return Ok(Some(ApiKey(Source::Text { key, origin })));
    }
    let Some(file) = file else {
        return Ok(None);
    };
    let key = ApiKey(Source::File(directory.join(file)));
    match key.read() {
        Ok(_) => Ok(Some(key)),
        Err(error) => Err(Problem::ApiKey(error).of("aw-api-key-file")),
    }
}

fn read(path: &Path) -> Result<Secret, ApiKeyError> {
    let text = fs::read_to_string(path).map_err(|reason| ApiKeyError::Unreadable {
        path: path.to_owned(),
        reason,
    })?;
    // Editors on Windows begin a file with a byte-order mark.
    let key = text.trim_start_matches('\u{feff}').trim();
    if key.is_empty() {
        return Err(ApiKeyError::Empty(path.to_owned()));
    }
    if HeaderValue::from_str(key).is_err() {
        return Err(ApiKeyError::NotAHeaderValue(path.to_owned()));
    }
    Ok(Secret::from(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_text(text: &str) -> Result<Option<ApiKey>, Fault> {
        resolve(Some(text.into()), None, Path::new(""), Origin::Default)
    }

    #[test]
    fn a_key_must_be_one() {
        let message = |text| from_text(text).unwrap_err().problem.to_string();
        insta::assert_snapshot!(message(" "), @"
        `aw-api-key` is empty
        hint: give it a value, or remove it
        ");
        insta::assert_snapshot!(message("hunter2\n"), @"
        `aw-api-key` has characters that a header cannot carry
        hint: look for a line break or a control character
        ");
    }

    #[test]
    fn a_file_is_read_again_each_time_and_trimmed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        fs::write(&path, "first\r\n").unwrap();
        let key = resolve(None, Some("key".into()), directory.path(), Origin::Default);
        let key = key.unwrap().unwrap();
        assert_eq!(key.read().unwrap().expose(), "first");
        fs::write(&path, "\u{feff} second ").unwrap();
        assert_eq!(key.read().unwrap().expose(), "second");
        assert_eq!(key.to_string(), path.display().to_string());

        let message = || {
            let error = key.read().unwrap_err().to_string();
            error.replace(&directory.path().display().to_string(), "DIR")
        };
        fs::write(&path, "\n").unwrap();
        insta::assert_snapshot!(message(), @"
        `aw-api-key-file`: DIR/key is empty
        hint: write the key into it that ActivityWatch's server wants, or remove the setting
        ");
        fs::write(&path, "hunter2\n# of the desk").unwrap();
        insta::assert_snapshot!(message(), @"
        `aw-api-key-file`: DIR/key has characters that a header cannot carry
        hint: write the key into it and nothing else, on one line
        ");
        fs::remove_file(&path).unwrap();
        insta::assert_snapshot!(message(), @"
        `aw-api-key-file`: DIR/key: cannot be read: No such file or directory (os error 2)
        hint: a path without a root begins at the directory of the settings file
        ");
    }

    #[test]
    fn a_file_without_a_key_is_a_fault_at_once() {
        let fault = resolve(None, Some("none".into()), Path::new("/"), Origin::Default);
        assert_eq!(fault.unwrap_err().key, "aw-api-key-file");
    }
}
