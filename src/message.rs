//! What others said, made fit for our own messages.

use std::error::Error;

/// Returns the innermost cause of `error`, which says most: the outer ones repeat the address and that something
/// failed.
pub fn innermost(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Returns the beginning of a foreign text, at most `max` characters, on one line and without control characters: it
/// ends in a terminal.
///
/// ```
/// use aw_sync_agent::message::one_line;
///
/// assert_eq!(one_line(" <html>\n\x1b[31m", 80), "<html>  [31m");
/// assert_eq!(one_line("too long", 3), "too");
/// ```
pub fn one_line(text: &str, max: usize) -> String {
    let printable = |character: char| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    };
    text.trim().chars().map(printable).take(max).collect()
}
