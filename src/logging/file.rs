//! The log file, named and placed so that aw-qt's crash dialog finds the newest.
//!
//! That dialog takes the last by name of all files whose name contains the module's. A size rotation to `.log.1` would
//! thus show the older half; so a file that is full is left as it is, and a new one gets the time as its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{Local, NaiveDateTime, TimeDelta, Timelike};

const MAX_SIZE: u64 = 10 * 1024 * 1024;
const MAX_FILES: usize = 10;

const MODULE: &str = env!("CARGO_PKG_NAME");
const STAMP: &str = "%Y-%m-%dT%H-%M-%S";

/// A file that is followed by a new one when it is full. Each write is one record, which is never split.
///
/// While it is open nobody else removes it: it is locked or, on Windows, where a lock would keep others from reading,
/// not shared for removal.
pub(super) struct LogFile {
    directory: PathBuf,
    prefix: String,
    max_size: u64,
    file: File,
    /// The time in the name of `file`.
    stamp: NaiveDateTime,
    size: u64,
}

impl LogFile {
    /// Creates a file in `directory`, which is made if it is missing, and removes the oldest of those that are too many.
    ///
    /// # Errors
    /// Whatever keeps the directory or the file from being made.
    pub(super) fn create(directory: &Path, testing: bool) -> io::Result<Self> {
        Self::create_with(directory, testing, MAX_SIZE)
    }

    fn create_with(directory: &Path, testing: bool, max_size: u64) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let prefix = prefix(testing);
        let (file, stamp) = create_after(directory, &prefix, None)?;
        remove_oldest(directory, &prefix);
        Ok(Self {
            directory: directory.to_owned(),
            prefix,
            max_size,
            file,
            stamp,
            size: 0,
        })
    }

    fn follow(&mut self) {
        // Whether or not there is a new file: if not, this one goes on, and the next attempt is far away.
        self.size = 0;
        if let Ok((file, stamp)) = create_after(&self.directory, &self.prefix, Some(self.stamp)) {
            (self.file, self.stamp) = (file, stamp);
            remove_oldest(&self.directory, &self.prefix);
        }
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len() as u64;
        if self.size > 0 && self.size + length > self.max_size {
            self.follow();
        }
        self.file.write_all(bytes)?;
        self.size += length;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Returns the newest file in `directory`; `None` if there is none.
pub(super) fn newest(directory: &Path, testing: bool) -> Option<PathBuf> {
    let newest = names(directory, &prefix(testing)).into_iter().max()?;
    Some(directory.join(newest))
}

/// What names begin with, as ActivityWatch's Python modules have it.
fn prefix(testing: bool) -> String {
    format!("{MODULE}_{}", if testing { "testing_" } else { "" })
}

/// Creates a file that is named after now, in local time. Where the name is taken, and where the clock has gone back
/// behind `last`, it is the next second that is free: later files must come later by name.
fn create_after(
    directory: &Path,
    prefix: &str,
    last: Option<NaiveDateTime>,
) -> io::Result<(File, NaiveDateTime)> {
    let second = TimeDelta::seconds(1);
    let now = Local::now().naive_local();
    let now = now.with_nanosecond(0).unwrap_or(now);
    let mut stamp = last.map_or(now, |last| now.max(last + second));
    loop {
        let path = directory.join(format!("{prefix}{}.log", stamp.format(STAMP)));
        match open_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => stamp += second,
            result => return result.map(|file| (file, stamp)),
        }
    }
}

fn open_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    #[cfg(windows)] // all but FILE_SHARE_DELETE
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 0x1 | 0x2);
    let file = options.open(path)?;
    #[cfg(unix)] // Where a file system has no locks, the file is merely not protected.
    drop(file.try_lock());
    Ok(file)
}

/// Removes the oldest log files in `directory`, such that [`MAX_FILES`] are left, but none that a process still writes.
///
/// What cannot be removed stays: there may be too many then, and nothing else is wrong.
fn remove_oldest(directory: &Path, prefix: &str) {
    let mut names = names(directory, prefix);
    names.sort_unstable();
    let mut surplus = names.len().saturating_sub(MAX_FILES);
    for path in names.iter().map(|name| directory.join(name)) {
        if surplus == 0 {
            break;
        }
        if is_free(&path) && fs::remove_file(&path).is_ok() {
            surplus -= 1;
        }
    }
}

/// The names of the files in `directory` that are ours; none if it cannot be read.
fn names(directory: &Path, prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| is_own(name, prefix))
        .collect()
}

/// Whether `name` is one that [`create_after`] gives for `prefix`.
fn is_own(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .and_then(|rest| rest.strip_suffix(".log"))
        .is_some_and(|text| {
            NaiveDateTime::parse_from_str(text, STAMP)
                .is_ok_and(|stamp| stamp.format(STAMP).to_string() == text)
        })
}

#[cfg(unix)]
fn is_free(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

/// The system refuses to remove a file that a process still writes.
#[cfg(not(unix))]
fn is_free(_path: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The log files in `directory` with what is in them, by name.
    fn files(directory: &Path) -> Vec<(String, String)> {
        let mut files: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                (name, fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        files.sort();
        files
    }

    fn contents(directory: &Path) -> Vec<String> {
        let files = files(directory).into_iter();
        files.map(|(_, content)| content).collect()
    }

    #[test]
    fn a_full_file_is_followed_by_one_that_sorts_behind_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let mut log = LogFile::create_with(path, false, 10).unwrap();
        for record in [
            "one\n",
            "two\n",
            "three\n",
            "longer than a file\n",
            "four\n",
        ] {
            log.write_all(record.as_bytes()).unwrap();
        }
        let expected = ["one\ntwo\n", "three\n", "longer than a file\n", "four\n"];
        assert_eq!(contents(path), expected);
    }

    #[test]
    fn when_the_clock_goes_back_the_newest_is_still_the_last_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = LogFile::create_with(directory.path(), false, 1).unwrap();
        log.stamp += TimeDelta::hours(1);
        let before = log.stamp;
        log.write_all(b"in summer\n").unwrap();
        log.write_all(b"in winter\n").unwrap();
        assert_eq!(log.stamp, before + TimeDelta::seconds(1));
        assert_eq!(contents(directory.path()), ["in summer\n", "in winter\n"]);
    }

    #[test]
    fn names_say_when_a_file_begins_and_whether_it_is_of_a_test() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let before = Local::now().naive_local() - TimeDelta::seconds(1);
        let _logs = [true, false, false].map(|testing| LogFile::create(path, testing).unwrap());
        let files = files(path);
        let prefixes = ["aw-sync-agent_", "aw-sync-agent_", "aw-sync-agent_testing_"];
        for ((name, _), prefix) in files.iter().zip(prefixes) {
            let stamp = name.replace(prefix, "").replace(".log", "");
            let stamp = NaiveDateTime::parse_from_str(&stamp, STAMP).unwrap();
            let after = Local::now().naive_local() + TimeDelta::seconds(1);
            assert!(before <= stamp && stamp <= after, "{name}");
        }
        let newest = |testing| newest(path, testing).unwrap();
        assert_eq!(newest(true), path.join(&files[2].0));
        assert_eq!(newest(false), path.join(&files[1].0));
    }

    #[test]
    fn the_oldest_are_removed_but_nothing_of_others() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let others = [
            "aw-sync-agent_2020-01-01T00-00-00.log.1",
            "aw-sync-agent_of-mine.log",
            "aw-sync-agent_testing_2020-01-01T00-00-00.log",
            "other_2020-01-01T00-00-00.log",
        ];
        let old: Vec<_> = (0..12)
            .map(|minute| format!("aw-sync-agent_2020-01-01T00-{minute:02}-00.log"))
            .collect();
        for name in others.into_iter().chain(old.iter().map(String::as_str)) {
            fs::write(path.join(name), "").unwrap();
        }
        let _log = LogFile::create(path, false).unwrap();
        let left: Vec<_> = files(path).into_iter().map(|(name, _)| name).collect();
        assert_eq!(left.len(), 10 + others.len(), "{left:?}");
        for name in others
            .into_iter()
            .chain(old[3..].iter().map(String::as_str))
        {
            assert!(left.iter().any(|left| left == name), "{name}: {left:?}");
        }
    }

    #[test]
    fn what_another_agent_still_writes_is_not_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let mut first = LogFile::create(path, false).unwrap();
        let mut second = LogFile::create_with(path, false, 1).unwrap();
        for _ in 0..30 {
            second.write_all(b"second\n").unwrap();
        }
        first.write_all(b"first\n").unwrap();
        let contents = contents(path);
        assert_eq!(contents.len(), MAX_FILES);
        assert_eq!(contents[0], "first\n");
        assert_eq!(contents[MAX_FILES - 1], "second\n");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        let _log = LogFile::create(directory.path(), false).unwrap();
        let (name, _) = &files(directory.path())[0];
        let mode = fs::metadata(directory.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
