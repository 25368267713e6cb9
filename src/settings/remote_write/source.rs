//! Values that may stand in a file of their own, where whoever renews a password or a certificate puts it.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use super::{DestinationProblem, Fault, Secret};

/// A password, a token or a certificate, or the file that it is in.
#[derive(Clone, Debug, PartialEq)]
pub struct SecretSource {
    /// The key that says so, such as `remote-write.basic-auth.password-file`.
    pub key: String,
    /// Where the value is.
    pub place: Place,
}

/// Where a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// Among the settings.
    Inline(Secret),
    /// In this file, which may change at any time.
    File(PathBuf),
}

/// Why a file has no value. That can pass: whoever renews a secret may be writing it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error(
        "`{key}`: {path}: cannot be read: {reason}\n\
         hint: a path without a root begins at the directory of the settings file; \
         the file is read again before each request",
        path = path.display()
    )]
    Unreadable {
        /// The key that names the file.
        key: String,
        /// Path of the file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is empty.
    #[error(
        "`{key}`: {path} is empty\n\
         hint: write the value into it; the file is read again before each request",
        path = path.display()
    )]
    Empty {
        /// The key that names the file.
        key: String,
        /// Path of the file.
        path: PathBuf,
    },
}

impl SecretSource {
    /// Returns where `key` has its value: inline, or in the file of the key that ends in `-file`; `None` if neither is
    /// given. A relative path begins at `directory`, where the settings file is.
    pub(super) fn of(
        key: &str,
        inline: Option<Secret>,
        file: Option<PathBuf>,
        directory: &Path,
    ) -> Result<Option<Self>, Fault> {
        let file_key = format!("{key}-file");
        match (inline, file) {
            (Some(_), Some(_)) => Err(DestinationProblem::TwoPlaces(key.to_owned()).of(file_key)),
            (Some(text), None) => Ok(Some(Self::inline(key, text))),
            (None, Some(path)) => Ok(Some(Self {
                key: file_key,
                place: Place::File(directory.join(path)),
            })),
            (None, None) => Ok(None),
        }
    }

    pub(super) fn inline(key: &str, text: Secret) -> Self {
        Self {
            key: key.to_owned(),
            place: Place::Inline(text),
        }
    }

    /// Returns the value as it is now, without the line break that editors leave at the end of a file.
    ///
    /// # Errors
    /// Any [`SecretError`], if it is in a file.
    pub fn read(&self) -> Result<Secret, SecretError> {
        let path = match &self.place {
            Place::Inline(text) => return Ok(text.clone()),
            Place::File(path) => path,
        };
        let text = fs::read_to_string(path).map_err(|reason| SecretError::Unreadable {
            key: self.key.clone(),
            path: path.clone(),
            reason: reason.to_string(),
        })?;
        let value = text.trim_end_matches(['\r', '\n']);
        if value.trim().is_empty() {
            return Err(SecretError::Empty {
                key: self.key.clone(),
                path: path.clone(),
            });
        }
        Ok(Secret::from(value))
    }
}

impl fmt::Display for SecretSource {
    /// Names the key, and the file if there is one; never the value.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", self.key)?;
        match &self.place {
            Place::Inline(_) => Ok(()),
            Place::File(path) => write!(formatter, ": {}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_each_time() {
        let directory = tempfile::tempdir().unwrap();
        let source = SecretSource::of("a.password", None, Some("secret".into()), directory.path())
            .unwrap()
            .unwrap();
        let path = directory.path().join("secret");
        let message = || {
            let error = source.read().unwrap_err().to_string();
            error.replace(&directory.path().display().to_string(), "DIR")
        };
        insta::assert_snapshot!(message(), @"
        `a.password-file`: DIR/secret: cannot be read: No such file or directory (os error 2)
        hint: a path without a root begins at the directory of the settings file; the file is read again before each request
        ");
        for (text, value) in [
            ("first\n", "first"),
            ("second", "second"),
            (" third \r\n\n", " third "),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(source.read().unwrap().expose(), value);
        }
        fs::write(&path, " \n").unwrap();
        insta::assert_snapshot!(message(), @"
        `a.password-file`: DIR/secret is empty
        hint: write the value into it; the file is read again before each request
        ");
    }
}
