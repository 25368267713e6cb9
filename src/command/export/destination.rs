use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::ExportError;
use crate::command::CommandError;
use crate::metrics::Series;
use crate::openmetrics;

/// Where an export goes.
#[derive(Debug)]
pub enum Destination {
    /// To standard output, as it is.
    Stdout,
    /// Into a file.
    File(Partial),
}

/// A file that gets its name once it is whole, and is removed if it never is.
#[derive(Debug)]
pub struct Partial {
    path: PathBuf,
    scratch: PathBuf,
    file: File,
}

impl Destination {
    /// Opens the destination that `output` names: `-` is standard output, and what ends in `.gz` will be compressed.
    ///
    /// # Errors
    /// [`ExportError::Exists`] unless `force`, and [`ExportError::Unwritable`].
    pub fn open(output: &Path, force: bool) -> Result<Self, ExportError> {
        if output == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let path = output.to_owned();
        match fs::metadata(output) {
            Ok(there) if !force || !there.is_file() => return Err(ExportError::Exists { path }),
            _ => {}
        }
        let mut scratch = path.clone().into_os_string();
        scratch.push(".partial");
        let scratch = PathBuf::from(scratch);
        match create_private(&scratch) {
            Ok(file) => Ok(Self::File(Partial {
                path,
                scratch,
                file,
            })),
            Err(reason) => Err(ExportError::Unwritable { path, reason }),
        }
    }

    /// Writes `series`, ascending by labels, as OpenMetrics; to `stdout` if that is the destination.
    ///
    /// # Errors
    /// [`CommandError::Output`] of standard output, [`ExportError::Unwritable`] of a file, which then does not exist.
    pub(super) fn write(
        self,
        series: &[Series],
        stdout: &mut dyn Write,
    ) -> Result<(), CommandError> {
        match self {
            Self::Stdout => {
                let mut out = BufWriter::new(stdout);
                openmetrics::write(series, &mut out)?;
                out.flush()?;
                Ok(())
            }
            Self::File(partial) => {
                let failed = |reason| ExportError::Unwritable {
                    path: partial.path.clone(),
                    reason,
                };
                partial.write(series).map_err(failed)?;
                Ok(())
            }
        }
    }
}

impl Partial {
    fn write(&self, series: &[Series]) -> io::Result<()> {
        let mut file = BufWriter::new(&self.file);
        if is_compressed(&self.path) {
            let mut compressed = GzEncoder::new(&mut file, Compression::default());
            openmetrics::write(series, &mut compressed)?;
            compressed.finish()?;
        } else {
            openmetrics::write(series, &mut file)?;
        }
        file.flush()?;
        self.file.sync_all()?;
        fs::rename(&self.scratch, &self.path)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Once it has its name, there is nothing under this one.
        let _renamed = fs::remove_file(&self.scratch);
    }
}

/// Whether a file of this name is compressed.
pub(super) fn is_compressed(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

/// What a person did all day is for that person to read.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
