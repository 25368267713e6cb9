use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};

use super::store::{StoreError, create_private, replace};
use crate::timeline::{Time, utc_day};

/// How many pieces a day is kept in, until they are joined to one.
const MOST_PIECES: usize = 64;

/// What was sent in the last days: the bodies of requests, by UTC day.
///
/// It tells what a receiver has of a time that is looked at again. A file a day holds pieces, each after its length in
/// eight bytes, the lowest first; a piece that breaks off was being written in a crash and does not count.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
}

impl Journal {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Whether there is one; without, nobody knows what was sent.
    pub fn exists(&self) -> bool {
        self.directory.is_dir()
    }

    /// Adds bodies that were sent of the day of `time`; they are on disk when it returns.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn add<'a>(
        &self,
        time: Time,
        bodies: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), StoreError> {
        let path = self.path(time);
        let failed = |source| StoreError::Io {
            action: "write",
            path: path.clone(),
            source,
        };
        let mut bytes = Vec::new();
        for body in bodies {
            bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
            bytes.extend_from_slice(body);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        fs::create_dir_all(&self.directory).map_err(failed)?;
        let whole = whole_length(&path).map_err(failed)?;
        let mut file = if path.exists() {
            OpenOptions::new().write(true).open(&path)
        } else {
            create_private(&path)
        }
        .map_err(failed)?;
        append(&mut file, whole, &bytes).map_err(failed)
    }

    /// Returns the bodies that were sent of the day of `time`, in order.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn of_day(&self, time: Time) -> Result<Vec<Vec<u8>>, StoreError> {
        let path = self.path(time);
        let bytes = read(&path)?;
        Ok(pieces(&bytes).map(<[u8]>::to_vec).collect())
    }

    /// Whether a day is kept in so many bodies that they should be joined.
    pub const fn are_many(count: usize) -> bool {
        count > MOST_PIECES
    }

    /// Puts one body in the place of all that were sent of the day of `time`.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn join(&self, time: Time, body: &[u8]) -> Result<(), StoreError> {
        let mut bytes = (body.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(body);
        replace(&self.path(time), &bytes)
    }

    /// Forgets all days before that of `time`.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn forget_before(&self, time: Time) -> Result<(), StoreError> {
        let Ok(entries) = fs::read_dir(&self.directory) else {
            return Ok(());
        };
        let first = date(time);
        for path in entries.flatten().map(|entry| entry.path()) {
            let day = path.file_name().and_then(|name| name.to_str());
            let day: Option<NaiveDate> = day.and_then(|name| name.parse().ok());
            if day.is_some_and(|day| day < first) {
                fs::remove_file(&path).map_err(|source| StoreError::Io {
                    action: "remove",
                    path,
                    source,
                })?;
            }
        }
        Ok(())
    }

    fn path(&self, time: Time) -> PathBuf {
        self.directory.join(date(time).to_string())
    }
}

fn date(time: Time) -> NaiveDate {
    DateTime::<Utc>::from(utc_day(time)).date_naive()
}

/// Returns how many bytes of a file are whole pieces.
fn whole_length(path: &Path) -> io::Result<u64> {
    match fs::read(path) {
        Ok(bytes) => Ok(pieces(&bytes).map(|piece| 8 + piece.len() as u64).sum()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Writes `bytes` after the first `whole` ones.
fn append(file: &mut File, whole: u64, bytes: &[u8]) -> io::Result<()> {
    use std::io::{Seek as _, SeekFrom};

    file.set_len(whole)?;
    file.seek(SeekFrom::Start(whole))?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(StoreError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        }),
    }
}

/// Returns the whole pieces of a file.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (length, further) = rest.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (piece, further) = further.split_at_checked(length)?;
        rest = further;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> Time {
        Time::from_millis(day * 86_400_000 + 5_000)
    }

    #[test]
    fn what_was_sent_is_known_by_day() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::new(directory.path().join("sent"));
        assert!(!journal.exists());
        assert_eq!(journal.of_day(day(1)).unwrap(), Vec::<Vec<u8>>::new());
        journal.add(day(1), [&b"a"[..], b"", b"bc"]).unwrap();
        journal.add(day(1), [&b"d"[..]]).unwrap();
        journal.add(day(2), [&b"e"[..]]).unwrap();
        assert!(journal.exists());
        assert_eq!(
            journal.of_day(day(1)).unwrap(),
            [&b"a"[..], b"", b"bc", b"d"]
        );
        journal.forget_before(day(2)).unwrap();
        assert_eq!(journal.of_day(day(1)).unwrap(), Vec::<Vec<u8>>::new());
        assert_eq!(journal.of_day(day(2)).unwrap(), [b"e"]);
    }

    #[test]
    fn a_piece_that_breaks_off_does_not_count_and_hides_none() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::new(directory.path().to_owned());
        journal.add(day(1), [&b"first"[..]]).unwrap();
        let path = journal.path(day(1));
        let whole = fs::read(&path).unwrap();
        for broken in 1..whole.len() {
            let bytes = [&whole[..], &whole[..broken]].concat();
            fs::write(&path, bytes).unwrap();
            assert_eq!(journal.of_day(day(1)).unwrap(), [b"first"]);
        }
        journal.add(day(1), [&b"second"[..]]).unwrap();
        assert_eq!(
            journal.of_day(day(1)).unwrap(),
            [&b"first"[..], &b"second"[..]]
        );
    }

    #[test]
    fn many_pieces_are_joined() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::new(directory.path().to_owned());
        journal.add(day(1), [&b"a"[..], b"b"]).unwrap();
        assert!(!Journal::are_many(2));
        assert_eq!(journal.of_day(day(1)).unwrap().len(), 2);
        assert!(Journal::are_many(MOST_PIECES + 1));
        journal.join(day(1), b"ab").unwrap();
        assert_eq!(journal.of_day(day(1)).unwrap(), [b"ab"]);
    }
}
