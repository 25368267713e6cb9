use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::entry::{self, Entry, Kept};
use super::file::{create_private, read, remove, replace, sync_directory};
use crate::timeline::{Time, utc_day};

/// In how many entries a day is kept, until they are joined.
const MOST_ENTRIES: usize = 64;

/// What was sent in the last days: the bodies of requests, by UTC day, a file each.
///
/// It tells what a receiver has of a time that is looked at again. Entries are numbered from 1 on in each day, and the
/// checkpoint remembers how many there are, so that a day that was deleted, cut or changed is known for one. An entry
/// that breaks off at the end was being written in a crash, and does not count.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
}

/// The number of the last entry of each day in a [`Journal`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Days(BTreeMap<NaiveDate, u64>);

impl Days {
    fn last(&self, time: Time) -> u64 {
        self.0.get(&date(time)).copied().unwrap_or_default()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Journal {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Where what was sent of the day of `time` is.
    pub fn path(&self, time: Time) -> PathBuf {
        self.directory.join(date(time).to_string())
    }

    /// Adds to what was sent of the day of `time`, and to `days`; on disk when it returns.
    ///
    /// A day that is not whole does not become so by it.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn add(&self, time: Time, days: &mut Days, entries: &[Entry]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let path = self.path(time);
        let failed = |source| StoreError::Io {
            action: "write",
            path: path.clone(),
            source,
        };
        fs::create_dir_all(&self.directory).map_err(failed)?;
        let bytes = read(&path)?.unwrap_or_default();
        let kept = entry::read(&bytes).unwrap_or_default();
        let mut last = kept.last.max(days.last(time));
        let mut added = Vec::new();
        if kept.bytes == 0 {
            added.extend_from_slice(entry::MAGIC);
        }
        for one in entries {
            last += 1;
            entry::write(&mut added, one, (last, last));
        }
        let mut file = if path.exists() {
            OpenOptions::new().write(true).open(&path)
        } else {
            create_private(&path)
        }
        .map_err(failed)?;
        append(&mut file, kept.bytes as u64, &added).map_err(failed)?;
        if kept.bytes == 0 {
            // The checkpoint, which is written next, says that the day is there.
            let parents = [Some(&*path), path.parent()].into_iter().flatten();
            for name in parents {
                sync_directory(name).map_err(failed)?;
            }
        }
        days.0.insert(date(time), last);
        Ok(())
    }

    /// Returns what was sent of the day of `time`, in order; `None` if that is not known, since not all of `days` is
    /// there.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn of_day(&self, time: Time, days: &Days) -> Result<Option<Vec<Entry>>, StoreError> {
        let bytes = read(&self.path(time))?.unwrap_or_default();
        let kept = entry::read(&bytes).filter(|kept| kept.is_whole(days.last(time)));
        Ok(kept.map(|kept| kept.entries))
    }

    /// Whether a day is kept in so many entries that they should be joined.
    pub const fn are_many(count: usize) -> bool {
        count > MOST_ENTRIES
    }

    /// Puts `entries` in the place of all that were sent of the day of `time`, which is whole.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn join(&self, time: Time, entries: &[Entry]) -> Result<(), StoreError> {
        let path = self.path(time);
        let bytes = read(&path)?.unwrap_or_default();
        let Some(Kept { last, .. }) = entry::read(&bytes) else {
            return Ok(());
        };
        let mut bytes = entry::MAGIC.to_vec();
        for one in entries {
            entry::write(&mut bytes, one, (1, last));
        }
        replace(&path, &bytes)
    }

    /// Forgets all days before that of `time`.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn forget_before(&self, time: Time, days: &mut Days) -> Result<(), StoreError> {
        let first = date(time);
        days.0.retain(|day, _| *day >= first);
        let Ok(entries) = fs::read_dir(&self.directory) else {
            return Ok(());
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let day = path.file_name().and_then(|name| name.to_str());
            let day: Option<NaiveDate> = day.and_then(|name| name.parse().ok());
            if day.is_some_and(|day| day < first) {
                remove(path)?;
            }
        }
        Ok(())
    }
}

fn date(time: Time) -> NaiveDate {
    DateTime::<Utc>::from(utc_day(time)).date_naive()
}

/// Writes `bytes` after the first `whole` ones.
fn append(file: &mut File, whole: u64, bytes: &[u8]) -> io::Result<()> {
    file.set_len(whole)?;
    file.seek(SeekFrom::Start(whole))?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Fate;

    fn day(day: i64) -> Time {
        Time::from_millis(day * 86_400_000 + 5_000)
    }

    fn entries(bodies: &[&str]) -> Vec<Entry> {
        let entry = |body: &&str| Entry {
            body: body.as_bytes().to_vec(),
            fate: if body.is_empty() {
                Fate::Refused
            } else {
                Fate::Delivered
            },
        };
        bodies.iter().map(entry).collect()
    }

    /// A journal of two days.
    fn journal() -> (tempfile::TempDir, Journal, Days) {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::new(directory.path().join("sent"));
        let mut days = Days::default();
        assert_eq!(journal.of_day(day(1), &days).unwrap(), Some(vec![]));
        let first = entries(&["a", "", "bc"]);
        journal.add(day(1), &mut days, &first).unwrap();
        journal.add(day(1), &mut days, &entries(&["d"])).unwrap();
        journal.add(day(2), &mut days, &entries(&["e"])).unwrap();
        (directory, journal, days)
    }

    #[test]
    fn what_was_sent_is_known_by_day() {
        let (_directory, journal, mut days) = journal();
        let all = Some(entries(&["a", "", "bc", "d"]));
        assert_eq!(journal.of_day(day(1), &days).unwrap(), all);
        journal.forget_before(day(2), &mut days).unwrap();
        assert_eq!(journal.of_day(day(1), &days).unwrap(), Some(vec![]));
        assert_eq!(
            journal.of_day(day(2), &days).unwrap(),
            Some(entries(&["e"]))
        );
    }

    #[test]
    fn an_entry_that_breaks_off_in_a_crash_does_not_count_and_hides_none() {
        let (_directory, journal, mut days) = journal();
        let path = journal.path(day(2));
        let whole = fs::read(&path).unwrap();
        let before = days.clone();
        journal.add(day(2), &mut days, &entries(&["f"])).unwrap();
        let longer = fs::read(&path).unwrap();
        for cut in whole.len()..longer.len() {
            fs::write(&path, &longer[..cut]).unwrap();
            let left = journal.of_day(day(2), &before).unwrap();
            assert_eq!(left, Some(entries(&["e"])), "{cut}");
        }
        let mut days = before;
        journal.add(day(2), &mut days, &entries(&["g"])).unwrap();
        let all = Some(entries(&["e", "g"]));
        assert_eq!(journal.of_day(day(2), &days).unwrap(), all);
        // A crash before the checkpoint knows of it, and once more the same.
        let mut days = Days::default();
        journal.add(day(2), &mut days, &entries(&["g"])).unwrap();
        let all = Some(entries(&["e", "g", "g"]));
        assert_eq!(journal.of_day(day(2), &days).unwrap(), all);
    }

    #[test]
    fn a_day_that_is_not_as_it_was_written_is_not_known_whatever_comes_after() {
        let (_directory, journal, days) = journal();
        let path = journal.path(day(1));
        let whole = fs::read(&path).unwrap();
        let is_unknown = |what: &str| {
            assert_eq!(journal.of_day(day(1), &days).unwrap(), None, "{what}");
            let mut days = days.clone();
            for _ in 0..6 {
                journal.add(day(1), &mut days, &entries(&["x"])).unwrap();
            }
            assert_eq!(journal.of_day(day(1), &days).unwrap(), None, "{what}");
        };
        fs::remove_file(&path).unwrap();
        is_unknown("removed");
        for place in 0..whole.len() {
            fs::write(&path, &whole[..place]).unwrap();
            is_unknown(&format!("cut at {place}"));
            let mut flipped = whole.clone();
            flipped[place] ^= 1;
            fs::write(&path, &flipped).unwrap();
            is_unknown(&format!("flipped at {place}"));
        }
    }

    #[test]
    fn a_day_of_an_earlier_version_is_not_known() {
        let (_directory, journal, _) = journal();
        let path = journal.path(day(3));
        fs::write(&path, [&1_u64.to_le_bytes()[..], b"a"].concat()).unwrap();
        assert_eq!(journal.of_day(day(3), &Days::default()).unwrap(), None);
    }

    #[test]
    fn many_entries_are_joined() {
        let (_directory, journal, mut days) = journal();
        assert!(!Journal::are_many(MOST_ENTRIES));
        assert!(Journal::are_many(MOST_ENTRIES + 1));
        journal.join(day(1), &entries(&["abcd", ""])).unwrap();
        let joined = journal.of_day(day(1), &days).unwrap();
        assert_eq!(joined, Some(entries(&["abcd", ""])));
        journal.add(day(1), &mut days, &entries(&["f"])).unwrap();
        let all = Some(entries(&["abcd", "", "f"]));
        assert_eq!(journal.of_day(day(1), &days).unwrap(), all);
    }
}
