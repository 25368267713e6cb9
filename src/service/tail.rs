//! The log of a service whose system has no program that shows it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use super::ServiceError;

/// How many lines of the past are shown.
const LINES: usize = 100;

const LOOK: Duration = Duration::from_secs(1);

/// Prints the end of the file that `newest` names, and with `follow` whatever comes to it, and to files after it.
///
/// # Errors
/// [`ServiceError::NoLog`], [`ServiceError::Io`], and [`ServiceError::Output`] when nobody reads `out` any more.
pub fn show_log(
    newest: impl Fn() -> Option<PathBuf>,
    follow: bool,
    out: &mut impl Write,
) -> Result<(), ServiceError> {
    let mut path = newest().ok_or(ServiceError::NoLog)?;
    let mut shown = 0;
    let mut text = added(&path, &mut shown)?;
    text.drain(..last_lines(&text));
    loop {
        out.write_all(&text)
            .and_then(|()| out.flush())
            .map_err(ServiceError::Output)?;
        if !follow {
            return Ok(());
        }
        sleep(LOOK);
        // The newer file began after the last line of the older one.
        let next = newest().unwrap_or_else(|| path.clone());
        text = added(&path, &mut shown)?;
        if next != path {
            (path, shown) = (next, 0);
            text.extend(added(&path, &mut shown)?);
        }
    }
}

/// Returns what the file at `path` has after the first `shown` bytes, which then are all.
fn added(path: &PathBuf, shown: &mut u64) -> Result<Vec<u8>, ServiceError> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(*shown))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|source| ServiceError::Io {
        action: "read",
        path: path.clone(),
        source,
    })?;
    *shown += bytes.len() as u64;
    Ok(bytes)
}

/// Where the last [`LINES`] of `text` begin.
fn last_lines(text: &[u8]) -> usize {
    let whole = text.strip_suffix(b"\n").unwrap_or(text);
    let ends = whole.iter().enumerate().rev();
    let mut ends = ends.filter(|(_, byte)| **byte == b'\n');
    ends.nth(LINES - 1).map_or(0, |(place, _)| place + 1)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_last_lines_are_shown_and_what_comes_later() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let lines = |range: std::ops::Range<u32>| {
            let lines: Vec<_> = range.map(|number| format!("line {number}\n")).collect();
            lines.concat()
        };
        fs::write(&path, lines(0..250)).unwrap();
        let mut out = Vec::new();
        show_log(|| Some(path.clone()), false, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), lines(150..250));

        let mut shown = 0;
        assert_eq!(added(&path, &mut shown).unwrap(), lines(0..250).as_bytes());
        fs::write(&path, lines(0..251)).unwrap();
        assert_eq!(added(&path, &mut shown).unwrap(), b"line 250\n");
    }

    #[test]
    fn a_service_that_never_ran_has_no_log() {
        let result = show_log(|| None, true, &mut Vec::new());
        assert!(matches!(result, Err(ServiceError::NoLog)));
    }

    #[test]
    fn fewer_lines_are_shown_whole() {
        for text in ["", "\n", "one", "one\n", "one\ntwo\n"] {
            assert_eq!(last_lines(text.as_bytes()), 0, "{text:?}");
        }
    }
}
