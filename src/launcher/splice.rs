//! Cutting entries out of a list in TOML, and adding some, as text. Spans are ranges of bytes.

use std::ops::Range;

use super::MODULE;

/// Adds the agent to the list at `span` behind its `last` entry, in a line of its own if that is how the last one stands.
pub(super) fn add(text: &str, span: &Range<usize>, last: Option<&Range<usize>>) -> String {
    let module = quoted(&MODULE);
    let close = span.end - 1;
    let Some(last) = last else {
        // Comments may be in it.
        let inner = text[span.start + 1..close].trim_end_matches([' ', '\t']);
        let (before, after) = (&text[..=span.start], &text[close..]);
        return if inner.ends_with('\n') {
            let newline = newline(text);
            format!("{before}{inner}  {module}{newline}{after}")
        } else {
            format!("{before}{module}{after}")
        };
    };
    let (before, after) = text.split_at(last.end);
    let Some(line_end) = text[last.end..close].find('\n') else {
        return format!("{before}, {module}{after}");
    };
    // What follows in its line stays there: a comma, a comment.
    let line = after[..line_end].trim_end_matches('\r');
    let after = &after[line.len()..];
    let line_start = line_start(text, last.start);
    let indent = Some(&text[line_start..last.start]).filter(|indent| indent.trim().is_empty());
    let indent = indent.unwrap_or("  ");
    let newline = newline(text);
    if line.trim_start().starts_with(',') {
        format!("{before}{line}{newline}{indent}{module},{after}")
    } else {
        format!("{before},{line}{newline}{indent}{module}{after}")
    }
}

/// Removes one of `entries` with its line, if it has one of its own; `None` if a comment might be lost.
pub(super) fn remove(
    text: &str,
    list: &Range<usize>,
    entries: &[Range<usize>],
    index: usize,
) -> Option<String> {
    let Range { start, end } = entries[index];
    let before = index.checked_sub(1).map(|index| &entries[index]);
    let after = entries.get(index + 1);

    let line_start = line_start(text, start);
    let line_end = text[end..].find('\n').map(|length| end + length + 1);
    if let Some(line_end) = line_end
        && line_start > list.start
        && text[line_start..start].trim().is_empty()
    {
        let rest = text[end..line_end].trim();
        let behind_comma = rest.strip_prefix(',');
        let comment = behind_comma.unwrap_or(rest).trim_start();
        if comment.is_empty() || comment.starts_with('#') {
            let head = match before {
                // Without a comma behind the last one before, without one now.
                Some(before) if after.is_none() && behind_comma.is_none() => {
                    without_comma(&text[..line_start], before.end)
                }
                _ => text[..line_start].to_owned(),
            };
            return Some(head + &text[line_end..]);
        }
    }
    let rest = text[end..list.end].trim_start();
    let behind_comma = rest.strip_prefix(',').map(|rest| list.end - rest.len());
    let ranges = [
        after.map(|after| start..after.start),
        before.map(|before| before.end..end),
        // What is before keeps its comma, which may also be the last in a list.
        behind_comma.map(|end| start..end),
        after.is_none().then_some(start..end),
    ];
    let range = ranges.into_iter().flatten().find(|range| {
        let around = [&text[range.start..start], &text[end..range.end]];
        !around.concat().contains('#')
    })?;
    Some(text[..range.start].to_owned() + &text[range.end..])
}

/// Returns `text` without the comma that follows `position`, if nothing but blanks is between.
fn without_comma(text: &str, position: usize) -> String {
    let (before, after) = text.split_at(position);
    let blanks = after.len() - after.trim_start().len();
    match after[blanks..].strip_prefix(',') {
        Some(rest) => format!("{before}{}{rest}", &after[..blanks]),
        None => text.to_owned(),
    }
}

/// Removes the section with the lines that it is in, and the blank one above.
pub(super) fn remove_table(text: &str, section: &Range<usize>) -> String {
    let head = &text[..line_start(text, section.start)];
    let tail = text[section.end..].split_once('\n');
    let tail = tail.map_or("", |(_, tail)| tail);
    let newline = newline(text);
    let blank = [newline, newline].concat();
    let head = if head.ends_with(&blank) {
        &head[..head.len() - newline.len()]
    } else {
        head
    };
    format!("{head}{tail}")
}

/// Returns `text` with `paragraph` at its end, a blank line in between.
pub(super) fn with_paragraph(text: &str, paragraph: &str) -> String {
    let newline = newline(text);
    let between = match text.strip_suffix('\n') {
        _ if text.trim().is_empty() => "",
        Some(_) => newline,
        None => &[newline, newline].concat(),
    };
    format!("{text}{between}{paragraph}")
}

fn line_start(text: &str, position: usize) -> usize {
    text[..position].rfind('\n').map_or(0, |end| end + 1)
}

pub(super) fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

pub(super) fn quoted(name: &&str) -> String {
    format!("\"{name}\"")
}
