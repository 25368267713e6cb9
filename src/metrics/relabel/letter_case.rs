//! Letter case as Go's `strings.ToLower` and `strings.ToUpper` have it: character by character, each by Unicode's
//! *simple* mapping. Rust has the full one, which makes `SS` of `ß` and heeds the end of a word for `Σ`.

/// Returns `text` in lower case.
pub(super) fn lower(text: &str) -> String {
    // `İ` is the one character whose full mapping is longer; the simple one drops the dot.
    let lower = |letter: char| one(letter.to_lowercase()).unwrap_or('i');
    text.chars().map(lower).collect()
}

/// Returns `text` in upper case.
pub(super) fn upper(text: &str) -> String {
    let upper = |letter: char| one(letter.to_uppercase()).unwrap_or_else(|| simple_upper(letter));
    text.chars().map(upper).collect()
}

fn one(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    mapped.next().filter(|_| mapped.next().is_none())
}

/// Returns the simple mapping of a letter whose full one is longer: most have none, like `ß`, but the Greek letters
/// with an iota below have capitals of their own, as a table of Unicode's blocks shows: 8 or 9 places further.
fn simple_upper(letter: char) -> char {
    let distance = match letter {
        '\u{1f80}'..='\u{1faf}' if u32::from(letter) % 16 < 8 => 8,
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => 9,
        _ => 0,
    };
    char::from_u32(u32::from(letter) + distance).unwrap_or(letter)
}
