use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

/// What the file of a day begins with; no length that a file of the first version began with is as large.
pub(super) const MAGIC: &[u8; 8] = b"aw-sent2";

/// What came of the samples of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// The receiver has acknowledged them.
    Delivered,
    /// They were given up.
    Refused,
}

/// The body of a request that has come to its end, or of a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The body.
    pub body: Vec<u8>,
    /// What came of it.
    pub fate: Fate,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Its entries up to the first that is not as it was written.
    pub(super) entries: Vec<Entry>,
    /// How many bytes they take, from the beginning of the file on.
    pub(super) bytes: usize,
    /// The highest number of an entry.
    pub(super) last: u64,
    /// Whether a number is missing.
    has_gap: bool,
}

impl Kept {
    /// Whether all entries from 1 to `last` are there.
    pub(super) fn is_whole(&self, last: u64) -> bool {
        !self.has_gap && self.last >= last
    }
}

/// How long everything but the body is: its length, the first and the last of the numbers that it stands for, its fate,
/// and a digest of all of it.
const HEAD: usize = 8 + 8 + 8 + 1;
const DIGEST: usize = 16;

/// Writes an entry that stands for the numbers from `first` to `last`.
pub(super) fn write(bytes: &mut Vec<u8>, entry: &Entry, (first, last): (u64, u64)) {
    let begin = bytes.len();
    for number in [entry.body.len() as u64, first, last] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.push(u8::from(entry.fate == Fate::Refused));
    bytes.extend_from_slice(&entry.body);
    let digest = Md5::digest(&bytes[begin..]);
    bytes.extend_from_slice(&digest);
}

/// Reads a file; `None` if it was not begun by [`MAGIC`].
pub(super) fn read(bytes: &[u8]) -> Option<Kept> {
    let mut kept = Kept::default();
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        // The very first entry may have broken off.
        return MAGIC.starts_with(bytes).then_some(kept);
    };
    while let Some((entry, (first, last), further)) = split_entry(rest) {
        kept.has_gap |= first > kept.last + 1;
        kept.last = kept.last.max(last);
        kept.entries.push(entry);
        rest = further;
    }
    if !kept.entries.is_empty() {
        kept.bytes = bytes.len() - rest.len();
    }
    Some(kept)
}

fn split_entry(bytes: &[u8]) -> Option<(Entry, (u64, u64), &[u8])> {
    let number = |place: usize| Some(u64::from_le_bytes(*bytes.get(place..)?.first_chunk()?));
    let length = usize::try_from(number(0)?).ok()?;
    let end = HEAD.checked_add(length)?;
    let written = bytes.get(..end)?;
    let (digest, further) = bytes[end..].split_at_checked(DIGEST)?;
    if Md5::digest(written)[..] != *digest {
        return None;
    }
    let fate = match written[HEAD - 1] {
        0 => Fate::Delivered,
        _ => Fate::Refused,
    };
    let entry = Entry {
        body: written[HEAD..].to_vec(),
        fate,
    };
    Some((entry, (number(8)?, number(16)?), further))
}
