//! What the account of the service may do with files of the user: `icacls`, and `sc privs`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::service::ServiceError;
use crate::service::tool::{Tool, writable};

/// Of the privileges that Windows gives to service accounts it needs only the one to walk through directories that it may
/// not list. Others, that to impersonate above all, would help whoever put another program in the place of this one.
const PRIVILEGES: &str = "SeChangeNotifyPrivilege";

/// The files that the service works with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Its own directories, in which it writes; they are made if they are missing.
    pub own: Vec<PathBuf>,
    /// Files of ActivityWatch that tell it the server's port and key; those that are missing count for nothing. Not their
    /// directories, in which servers have their databases.
    pub settings: Vec<PathBuf>,
}

/// The programs of the system that change rights.
#[derive(Debug)]
pub(super) struct Access {
    icacls: Tool,
    sc: Tool,
}

impl Access {
    /// Returns those at these places.
    pub(super) fn of(icacls: impl Into<PathBuf>, sc: impl Into<PathBuf>) -> Self {
        let tool = |program: PathBuf| Tool {
            program,
            first: &[],
            hint: "it is part of Windows",
        };
        Self {
            icacls: tool(icacls.into()),
            sc: tool(sc.into()),
        }
    }

    /// Lets `account`, which is that of `service`, run `program` and use `files`, and takes from it what it does not need.
    ///
    /// # Errors
    /// Any [`ServiceError`].
    pub(super) fn grant(
        &self,
        account: &str,
        service: &str,
        program: &Path,
        files: &Files,
    ) -> Result<(), ServiceError> {
        self.allow(program, &format!("{account}:(RX)"))?;
        for file in existing(&files.settings) {
            self.allow(file, &format!("{account}:(R)"))?;
        }
        for directory in &files.own {
            fs::create_dir_all(directory).map_err(|source| ServiceError::Io {
                action: "made",
                path: directory.clone(),
                source,
            })?;
            // `(OI)(CI)`: and whatever is in it, now and later.
            self.allow(directory, &format!("{account}:(OI)(CI)(M)"))?;
        }
        if let Err(error) = self.sc.run(&["privs", service, PRIVILEGES]) {
            log::warn!("the service keeps privileges that it does not need: {error}");
        }
        Ok(())
    }

    /// Takes back what [`Self::grant`] gave, as far as that goes.
    pub(super) fn revoke(&self, account: &str, files: &Files) {
        for directory in existing(files.settings.iter().chain(&files.own)) {
            let taken = writable(directory.as_os_str())
                .and_then(|path| self.icacls.run(&[path, "/remove:g", account, "/q"]));
            if let Err(error) = taken {
                log::warn!("{account} keeps its rights: {error}");
            }
        }
    }

    fn allow(&self, path: &Path, grant: &str) -> Result<(), ServiceError> {
        let path = writable(path.as_os_str())?;
        self.icacls.run(&[path, "/grant:r", grant, "/q"])
    }
}

fn existing<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> impl Iterator<Item = &'a PathBuf> {
    paths.into_iter().filter(|path| path.exists())
}
