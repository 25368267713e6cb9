//! The result of `verify` for people, and for programs.

use std::fmt::Display;
use std::io::{self, Write};

use chrono::{DateTime, TimeZone, Utc};

use super::{DayReport, Outcome, Report};
use crate::message::one_line;
use crate::timeline::Time;
use crate::verification::{Comparison, Row, Table};

/// The widest column of names.
const MAX_NAME_WIDTH: usize = 40;

/// What the longest time of a day takes, and the heading above it.
const TIME_WIDTH: usize = 15;

/// Prints days one after the other, as they come.
pub struct Printer<'a, Tz, W> {
    zone: Tz,
    /// Whether several days were asked for, so that one that is equal takes one line.
    is_brief: bool,
    /// What was printed last, if anything was.
    last: Option<Printed>,
    out: &'a mut W,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Printed {
    Line,
    Tables,
}

impl<'a, Tz: TimeZone<Offset: Display>, W: Write> Printer<'a, Tz, W> {
    /// Returns a printer to `out` of one day, or of `several`, with times in `zone`.
    pub fn new(zone: Tz, several: bool, out: &'a mut W) -> Self {
        Self {
            zone,
            is_brief: several,
            last: None,
            out,
        }
    }

    /// Prints a day.
    ///
    /// # Errors
    /// Those of the output.
    pub fn day(&mut self, day: &DayReport) -> io::Result<()> {
        let date = day.date.format("%a %Y-%m-%d");
        let title = format!("{} (user {}), {date}", day.host, day.user);
        let line = match &day.outcome {
            Outcome::Undelivered {
                delivered_until: Some(until),
            } => format!(
                "not delivered yet: only what was before {} is",
                self.moment(*until)
            ),
            Outcome::Undelivered {
                delivered_until: None,
            } => "nothing has been delivered yet\nhint: `aw-sync-agent sync` does it".to_owned(),
            Outcome::Skipped { reason } => format!("not compared: {reason}"),
            Outcome::Compared {
                comparison,
                is_equal: true,
                ..
            } if self.is_brief => {
                let total = duration(comparison.total.activitywatch);
                let within = duration(comparison.largest_difference());
                format!("{total}, equal to within {within}")
            }
            Outcome::Compared {
                comparison,
                is_equal,
                delivered_until,
                notes,
            } => {
                self.begin(Printed::Tables)?;
                writeln!(self.out, "{title}")?;
                if let Some(until) = delivered_until {
                    let until = self.moment(*until);
                    writeln!(
                        self.out,
                        "not finished: compared is what has been delivered, until {until}"
                    )?;
                }
                for note in notes {
                    writeln!(self.out, "{note}")?;
                }
                print_tables(comparison, self.out)?;
                let verdict = if *is_equal {
                    equal(comparison)
                } else {
                    different(comparison)
                };
                return writeln!(self.out, "\n{verdict}");
            }
        };
        self.begin(Printed::Line)?;
        writeln!(self.out, "{title}: {line}")
    }

    /// Prints what can be said after all days.
    ///
    /// # Errors
    /// Those of the output.
    pub fn end(&mut self, report: &Report) -> io::Result<()> {
        if let Some(reason) = &report.no_query_api {
            return writeln!(self.out, "nothing to compare with: {reason}");
        }
        let count =
            |is: fn(&Outcome) -> bool| report.days.iter().filter(|day| is(&day.outcome)).count();
        let equal = count(|outcome| matches!(outcome, Outcome::Compared { is_equal: true, .. }));
        let different = count(|outcome| {
            matches!(
                outcome,
                Outcome::Compared {
                    is_equal: false,
                    ..
                }
            )
        });
        match report.days.len() {
            0 if report.problems.is_empty() => {
                writeln!(self.out, "there are no windows to compare")
            }
            0 | 1 => Ok(()),
            all => {
                let skipped = all - equal - different;
                writeln!(
                    self.out,
                    "\n{all} days: {equal} equal, {different} different, {skipped} not compared"
                )
            }
        }
    }

    /// Leaves a line empty around tables.
    fn begin(&mut self, next: Printed) -> io::Result<()> {
        let is_apart = self
            .last
            .is_some_and(|last| last == Printed::Tables || next == Printed::Tables);
        self.last = Some(next);
        if is_apart { writeln!(self.out) } else { Ok(()) }
    }

    fn moment(&self, time: Time) -> String {
        let local = DateTime::<Utc>::from(time).with_timezone(&self.zone);
        local.format("%Y-%m-%d %H:%M").to_string()
    }
}

/// Prints `report` for a program.
///
/// # Errors
/// Those of `out`.
pub fn print_json(report: &Report, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}

fn print_tables(comparison: &Comparison, out: &mut impl Write) -> io::Result<()> {
    let tables = [
        ("app", &comparison.apps),
        ("category", &comparison.categories),
    ];
    let names = tables
        .iter()
        .flat_map(|(_, table)| &table.rows)
        .map(|row| name(row).chars().count());
    let width = names
        .max()
        .unwrap_or(0)
        .clamp("category".len(), MAX_NAME_WIDTH);
    let heading = |text: &str| {
        format!(
            "  {text:width$}  {:>TIME_WIDTH$}  {:>TIME_WIDTH$}  {:>TIME_WIDTH$}",
            "ActivityWatch", "Prometheus", "difference"
        )
    };
    let line = |label: &str, row: &Row, is_judged: bool| {
        let mark = if is_judged && !row.is_equal() {
            "  differs"
        } else {
            ""
        };
        format!(
            "  {label:width$}  {:>TIME_WIDTH$}  {:>TIME_WIDTH$}  {:>TIME_WIDTH$}{mark}",
            duration(row.activitywatch),
            duration(row.prometheus),
            signed(row.difference()),
        )
    };
    for (label, Table { rows }) in tables {
        writeln!(out, "\n{}", heading(label))?;
        for row in rows {
            writeln!(out, "{}", line(&name(row), row, !comparison.is_folded))?;
        }
    }
    writeln!(out, "\n{}", line("total", &comparison.total, true))
}

/// Returns a name as it fits into the column.
fn name(row: &Row) -> String {
    match row.name.as_str() {
        "" => "(none)".to_owned(),
        name if name.chars().count() > MAX_NAME_WIDTH => one_line(name, MAX_NAME_WIDTH - 1) + "…",
        name => one_line(name, MAX_NAME_WIDTH),
    }
}

fn equal(comparison: &Comparison) -> String {
    format!(
        "equal to within {}; ActivityWatch itself is exact only to {}",
        duration(comparison.largest_difference()),
        duration(comparison.total.allowed),
    )
}

fn different(comparison: &Comparison) -> String {
    let total = &comparison.total;
    let (what, hint) = if total.is_equal() {
        let what = match (comparison.apps.is_equal(), comparison.categories.is_equal()) {
            (true, _) => "by category",
            (_, true) => "by app",
            _ => "by app and by category",
        };
        (
            format!("differs {what}, while the total is equal"),
            "have categories or rules changed since the day was sent? what was sent stays. ActivityWatch before aw-core \
             0.5.18 also gives the whole of a short gap to one window",
        )
    } else if total.prometheus == 0 {
        (
            "differs: Prometheus has nothing of it".to_owned(),
            "is the day older than the receiver keeps samples, or than `history`? see also `aw-sync-agent status`",
        )
    } else if total.difference() > 0 {
        (
            format!(
                "differs: Prometheus has {} more",
                duration(total.difference())
            ),
            "were events removed from ActivityWatch? VictoriaMetrics counts what was sent again after a lost answer, \
             unless it runs with -dedup.minScrapeInterval=1ms; and only one agent may send for this user and host",
        )
    } else {
        (
            format!(
                "differs: Prometheus has {} less",
                duration(-total.difference())
            ),
            "were events added to ActivityWatch after the day was sent? see also `aw-sync-agent status`",
        )
    };
    format!("{what}\nhint: {hint}")
}

/// Returns a length of time, given in nanoseconds, as in `1h 02m 03.456s`.
pub(super) fn duration(nanos: i64) -> String {
    let millis = (nanos + 500_000).div_euclid(1_000_000);
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}.{millis:03}s"),
        (0, _) => format!("{minutes}m {seconds:02}.{millis:03}s"),
        _ => format!("{hours}h {minutes:02}m {seconds:02}.{millis:03}s"),
    }
}

/// Returns a difference with its sign; what is below half a millisecond is none.
fn signed(nanos: i64) -> String {
    let text = duration(nanos.abs());
    if nanos.abs() < 500_000 {
        "0".to_owned()
    } else if nanos > 0 {
        format!("+{text}")
    } else {
        format!("-{text}")
    }
}
