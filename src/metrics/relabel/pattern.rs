//! From Go's regular expressions, which Prometheus takes, to those of the crate `regex`.
//!
//! Both stem from RE2, but where the crate goes further it would match something else without a word: `\d`, `\s`, `\w`
//! and `\b` know only ASCII in Go, and in a class `[`, `&&`, `--` and `~~` have no meaning of their own. These are
//! rewritten. What only Go has (`\Q…\E`, octal escapes, `\p{^Greek}`) is an error; what only the crate has, such as
//! `(?x)`, is taken.

use regex::Regex;

/// The letters that after a `\` stand for more than one character.
const SETS: [char; 8] = ['d', 'D', 's', 'S', 'w', 'W', 'p', 'P'];

/// What stands between `[:` and `:]`.
const NAMED_SETS: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// Compiles `pattern` to match a text as a whole; `.` matches a line break too.
///
/// # Errors
/// What is wrong with it, on one line.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    let pattern = translate(pattern)?;
    // By itself first: `a)|(b` would otherwise parse, and be anchored at neither end.
    Regex::new(&pattern)
        .and_then(|_| Regex::new(&format!("^(?s:{pattern})$")))
        .map_err(|error| {
            // The crate draws the pattern over several lines, with the reason in the last.
            let message = error.to_string();
            let reason = message.lines().last().unwrap_or_default();
            reason.trim_start_matches("error: ").to_owned()
        })
}

fn translate(pattern: &str) -> Result<String, String> {
    let mut translated = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        let length = match character {
            '\\' => escape(rest, false, &mut translated),
            '[' => class(rest, &mut translated)?,
            '{' if !is_repetition(rest) => {
                translated.push_str(r"\{");
                1
            }
            other => {
                translated.push(other);
                other.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Ok(translated)
}

/// Translates the escape that `text` begins with, and returns its length.
fn escape(text: &str, in_class: bool, translated: &mut String) -> usize {
    let Some(escaped) = text[1..].chars().next() else {
        translated.push('\\');
        return 1;
    };
    let length = 1 + escaped.len_utf8();
    match escaped {
        'd' => translated.push_str("[0-9]"),
        'D' => translated.push_str("[^0-9]"),
        's' => translated.push_str(r"[\t\n\f\r ]"),
        'S' => translated.push_str(r"[^\t\n\f\r ]"),
        'w' => translated.push_str("[0-9A-Za-z_]"),
        'W' => translated.push_str("[^0-9A-Za-z_]"),
        'b' if !in_class => translated.push_str(r"(?-u:\b)"),
        'B' if !in_class => translated.push_str(r"(?-u:\B)"),
        '<' | '>' => translated.push(escaped),
        // Braces belong to these.
        'p' | 'P' | 'x' if text[length..].starts_with('{') => {
            let length = text.find('}').map_or(text.len(), |end| end + 1);
            translated.push_str(&text[..length]);
            return length;
        }
        _ => translated.push_str(&text[..length]),
    }
    length
}

/// Translates the class that `text` begins with, `[` to `]`, and returns its length.
fn class(text: &str, translated: &mut String) -> Result<usize, String> {
    let start = if text.starts_with("[^") { 2 } else { 1 };
    translated.push_str(&text[..start]);
    let mut at = start;
    let mut range = Range::None;
    while let Some(character) = text[at..].chars().next() {
        let rest = &text[at..];
        let mut is_set = rest.starts_with('\\') && rest[1..].starts_with(SETS);
        match character {
            ']' if at > start => {
                translated.push(']');
                return Ok(at + 1);
            }
            '\\' => at += escape(rest, true, translated),
            '[' if let Some(length) = named_set(rest)? => {
                is_set = true;
                translated.push_str(&rest[..length]);
                at += length;
            }
            '-' if range == Range::Begun && !rest.starts_with("-]") => {
                translated.push('-');
                at += 1;
                range = Range::Open;
                continue;
            }
            '[' | ']' | '&' | '~' | '-' => {
                translated.extend(['\\', character]);
                at += 1;
            }
            other => {
                translated.push(other);
                at += other.len_utf8();
            }
        }
        range = match range {
            Range::Open if is_set => return Err("a range ends in a set".to_owned()),
            Range::None | Range::Begun if !is_set => Range::Begun,
            _ => Range::None,
        };
    }
    Ok(at)
}

/// How much of a range in a class has been read.
#[derive(PartialEq)]
enum Range {
    None,
    /// A character that a `-` may follow.
    Begun,
    /// Both of them.
    Open,
}

/// Returns the length of the named set that `text` begins with, such as `[:alpha:]` or `[:^alpha:]`.
///
/// # Errors
/// When there is no set of that name; the crate would take it for a list of characters.
fn named_set(text: &str) -> Result<Option<usize>, String> {
    let inner = text
        .strip_prefix("[:")
        .and_then(|rest| rest.split_once(":]"));
    let Some((name, _)) = inner else {
        return Ok(None);
    };
    if !NAMED_SETS.contains(&name.trim_start_matches('^')) {
        return Err(format!("there is no `[:{name}:]`"));
    }
    Ok(Some(name.len() + 4))
}

/// Whether `text` begins with `{n}`, `{n,}` or `{n,m}`; any other brace is a character in Go.
fn is_repetition(text: &str) -> bool {
    let Some((count, _)) = text[1..].split_once('}') else {
        return false;
    };
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let (least, most) = count.split_once(',').unwrap_or((count, ""));
    !least.is_empty() && is_number(least) && is_number(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_go() {
        for (pattern, matching, other) in [
            (r"\d+", "12", "\u{661}"),
            (r"\D", "\u{661}", "1"),
            (r"\w+", "az_9", "gr\u{f6}\u{df}e"),
            (r"\W", "\u{f6}", "o"),
            (r"\s", "\t", "\u{a0}"),
            (r"\S", "\u{b}", " "),
            (r"[\d.]+", "1.2", "\u{661}"),
            (r"[^\w]", "\u{f6}", "o"),
            (r".\b.", "\u{f6}o", "oo"),
            (r".\B.", "oo", "\u{f6}o"),
            (r"[[]", "[", "]"),
            (r"[]a]+", "]a", "[a"),
            (r"[^]a]", "[", "]"),
            (r"[a&&b]+", "&ab", "c"),
            (r"[a~~b]+", "~ab", "c"),
            (r"[+--]+", "+,-", "."),
            (r"[a-c-]+", "b-", "d"),
            (r"[[:digit:]x]+", "1x", "\u{661}"),
            (r"[[:x]+", "[:x", "y"),
            (r"[[:]]", ":]", ":"),
            (r"[--a]", "A", "b"),
            (r"[\w.-]+", "a.-", "+"),
            (r"[\w-\s]+", "a- ", "."),
            (r"[a-c-e]+", "c-e", "d"),
            (r"[[:^alpha:]-]", "-", "a"),
            (r"a{,2}", "a{,2}", "aa"),
            (r"a{2,}", "aaa", "a"),
            (r"{}", "{}", ""),
            (r"\p{Greek}\x{3b1}", "\u{3b2}\u{3b1}", "ab"),
            (r"\<a\>", "<a>", "a"),
            ("a.b", "a\nb", "ab"),
            ("a|b", "b", "ab"),
            ("", "", "a"),
            ("(?i)straSSe", "STRASSE", "stra\u{df}e"),
        ] {
            let regex = compile(pattern).unwrap();
            assert!(regex.is_match(matching), "{pattern} {matching}");
            assert!(!regex.is_match(other), "{pattern} {other}");
        }
    }

    #[test]
    fn what_does_not_parse_has_a_reason_on_one_line() {
        for pattern in [
            "(",
            "a)|(b",
            "[",
            "[a",
            "*",
            r"\",
            r"\p{Nobody}",
            "a{5000000}",
            r"\x{",
            r"[[:letter:]]",
            r"[+-\d]",
            r"[+-[:digit:]]",
            "[z-a]",
        ] {
            let reason = compile(pattern).unwrap_err();
            assert!(
                !reason.is_empty() && !reason.contains('\n'),
                "{pattern}: {reason}"
            );
        }
    }
}
