//! Hashes that are kept in files.

use md5::{Digest, Md5};

/// Returns the first eight bytes of the MD5 of `text`, the most significant first: the same for the same text in every
/// version of the program and on every machine.
pub fn stable_hash(text: &str) -> u64 {
    stable_hash_of([text.as_bytes()])
}

/// Returns the [`stable_hash`] of `parts` in a row.
pub fn stable_hash_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let mut digest = Md5::new();
    for part in parts {
        digest.update(part);
    }
    let digest: [u8; 16] = digest.finalize().into();
    u64::from_be_bytes(std::array::from_fn(|place| digest[place]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_earlier_versions() {
        // md5sum: 1bc29b36f623ba82 aaf6724fd3b16718
        assert_eq!(stable_hash("md5"), 0x1bc2_9b36_f623_ba82);
        assert_eq!(stable_hash_of([&b"m"[..], b"", b"d5"]), stable_hash("md5"));
    }
}
