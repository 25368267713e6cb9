use std::io::{self, Write};

use super::Report;
use crate::diagnosis::{Check, End, Fix, Verdict};

/// How wide a line is at most, unless it holds a longer word or something to paste.
const WIDTH: usize = 80;

/// In front of what was found: mark, name and the gaps around them.
const INDENT: usize = 2 + 4 + 2 + NAME + 2;

/// How wide the names of checks are.
const NAME: usize = 13;

/// Prints `report` for a program.
///
/// # Errors
/// Those of `out`.
pub fn print_json(report: &Report, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}

/// Prints `report` for a person.
///
/// # Errors
/// Those of `out`.
pub fn print(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let mut place = None;
    let mut host = None;
    for check in &report.checks {
        if place != Some((check.end, &check.address)) {
            if place.is_some() {
                writeln!(out)?;
            }
            writeln!(out, "{}", heading(check))?;
            place = Some((check.end, &check.address));
            host = None;
        }
        if check.host != host {
            if let Some(host) = &check.host {
                writeln!(out, "  {host}")?;
            }
            host.clone_from(&check.host);
        }
        print_check(check, out)?;
    }
    writeln!(out, "\n{}", summary(report))
}

fn heading(check: &Check) -> String {
    let end = match check.end {
        End::Agent => "aw-sync-agent",
        End::ActivityWatch => "ActivityWatch",
        End::Receiver => "Receiver",
    };
    match &check.address {
        Some(address) => format!("{end} {address}"),
        None => format!("{end} {}", env!("CARGO_PKG_VERSION")),
    }
}

fn print_check(check: &Check, out: &mut impl Write) -> io::Result<()> {
    let mark = match check.verdict {
        Verdict::Pass => "ok",
        Verdict::Warn => "warn",
        Verdict::Fail(_) => "FAIL",
    };
    let mut lines = wrapped(&check.found, WIDTH - INDENT).into_iter();
    let first = lines.next().unwrap_or_default();
    writeln!(out, "  {mark:4}  {:NAME$}  {first}", check.name)?;
    for line in lines {
        writeln!(out, "{:INDENT$}{line}", "")?;
    }
    for fix in &check.fixes {
        print_fix(fix, out)?;
    }
    Ok(())
}

fn print_fix(fix: &Fix, out: &mut impl Write) -> io::Result<()> {
    const ARROW: &str = "-> ";
    const INDENT: usize = 8;
    let colon = if fix.text.is_some() { ":" } else { "" };
    let how = wrapped(&format!("{}{colon}", fix.how), WIDTH - INDENT - ARROW.len());
    for (place, line) in how.iter().enumerate() {
        let arrow = if place == 0 { ARROW } else { "" };
        writeln!(out, "{:INDENT$}{arrow:3}{line}", "")?;
    }
    for line in fix.text.iter().flat_map(|text| text.lines()) {
        writeln!(out, "{:INDENT$}     {line}", "")?;
    }
    Ok(())
}

fn summary(report: &Report) -> String {
    let verdicts = || report.checks.iter().map(|check| check.verdict);
    let failed = verdicts()
        .filter(|verdict| matches!(verdict, Verdict::Fail(_)))
        .count();
    let warned = verdicts()
        .filter(|verdict| *verdict == Verdict::Warn)
        .count();
    let counts = format!(
        "{} ok, {warned} warn, {failed} FAIL",
        report.checks.len() - failed - warned
    );
    let meaning = if report.checks.iter().all(|check| check.end == End::Agent) {
        "both ends are looked at once the settings are right"
    } else if failed > 0 {
        "put right what failed first"
    } else if warned > 0 {
        "samples can flow, but some may be lost or missing"
    } else {
        "all is well"
    };
    format!("{counts}: {meaning}")
}

/// Breaks a text between words, so that no line is wider than `width` unless a word is; lines of the text stay apart.
/// What would move the cursor of a terminal becomes a space: names of hosts and buckets are anybody's.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = line.replace(char::is_control, " ");
        let mut current = String::new();
        for word in line.split(' ') {
            let length = current.chars().count() + 1 + word.chars().count();
            if !current.is_empty() && length > width {
                lines.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Fault;

    fn check(end: End, host: Option<&str>, name: &'static str, verdict: Verdict) -> Check {
        Check {
            end,
            address: (end != End::Agent).then(|| "http://desk.lan".to_owned()),
            host: host.map(str::to_owned),
            name,
            verdict,
            found: "as it should be".to_owned(),
            fixes: vec![],
        }
    }

    fn printed(checks: Vec<Check>) -> String {
        let mut out = Vec::new();
        print(&Report { checks }, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
    }

    #[test]
    fn long_findings_are_broken_and_what_is_typed_is_not() {
        let long =
            "one_word_that_is_longer_than_any_line_of_a_terminal_and_cannot_be_broken_anywhere";
        let refused = Check {
            found: format!("somebody says something that does not fit into one line of a terminal, with {long} in it"),
            fixes: vec![
                Fix {
                    how: "add to a file what follows, which is explained in so many words that they need two lines".to_owned(),
                    text: Some(format!("first:\n  second: {long} {long}")),
                },
                Fix { how: "or do something else".to_owned(), text: None },
            ],
            ..check(End::Receiver, None, "write path", Verdict::Fail(Fault::Settings))
        };
        let text = printed(vec![
            check(End::Agent, None, "settings", Verdict::Pass),
            check(End::ActivityWatch, None, "reachable", Verdict::Pass),
            check(End::ActivityWatch, Some("laptop"), "windows", Verdict::Warn),
            check(End::ActivityWatch, Some("phone"), "windows", Verdict::Pass),
            refused,
        ]);
        insta::assert_snapshot!(text, @"
        aw-sync-agent VERSION
          ok    settings       as it should be

        ActivityWatch http://desk.lan
          ok    reachable      as it should be
          laptop
          warn  windows        as it should be
          phone
          ok    windows        as it should be

        Receiver http://desk.lan
          FAIL  write path     somebody says something that does not fit into one line
                               of a terminal, with
                               one_word_that_is_longer_than_any_line_of_a_terminal_and_cannot_be_broken_anywhere
                               in it
                -> add to a file what follows, which is explained in so many words that
                   they need two lines:
                     first:
                       second: one_word_that_is_longer_than_any_line_of_a_terminal_and_cannot_be_broken_anywhere one_word_that_is_longer_than_any_line_of_a_terminal_and_cannot_be_broken_anywhere
                -> or do something else

        3 ok, 1 warn, 1 FAIL: put right what failed first
        ");
    }

    #[test]
    fn what_others_said_does_not_move_the_cursor() {
        assert_eq!(wrapped("a\u{1b}[2Jb\nc", 80), ["a [2Jb", "c"]);
    }

    #[test]
    fn the_last_line_says_how_it_is() {
        let last = |verdicts: &[Verdict]| {
            let checks = verdicts
                .iter()
                .map(|verdict| check(End::Receiver, None, "clock", *verdict));
            let text = printed(checks.collect());
            text.lines().last().unwrap().to_owned()
        };
        insta::assert_snapshot!(last(&[Verdict::Pass]), @"1 ok, 0 warn, 0 FAIL: all is well");
        insta::assert_snapshot!(last(&[Verdict::Pass, Verdict::Warn]), @"1 ok, 1 warn, 0 FAIL: samples can flow, but some may be lost or missing");
        insta::assert_snapshot!(last(&[Verdict::Warn, Verdict::Fail(Fault::State)]), @"0 ok, 1 warn, 1 FAIL: put right what failed first");
    }
}
