use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeZone};

use super::ExportReport;
use super::destination::is_compressed;
use crate::command::amount::plural;
use crate::timeline::Time;

/// What Prometheus holds in memory, where blocks of a file do not reach.
const HEAD: Duration = Duration::from_hours(3);

/// The longest that a block may get. `promtool` reads the whole file again for each, and takes two hours by itself.
const BLOCK_DURATION: &str = "486h";

/// Says what has been written to `output`, and how it gets into Prometheus if that is a file. `now` tells the zone too.
///
/// # Errors
/// Those of `out`.
pub fn print_next_steps<Tz: TimeZone<Offset: Display>>(
    report: &ExportReport,
    output: &Path,
    now: &DateTime<Tz>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let local = |time: Time, format: &str| {
        let time = DateTime::from(time).with_timezone(&now.timezone());
        time.format(format).to_string()
    };
    if !report.problems.is_empty() {
        return writeln!(
            out,
            "aw-sync-agent: nothing has been exported, since not everything could be read
hint: try again, or leave out a bucket that never can be with `--excluded-watchers`"
        );
    }
    let Some(range) = report.range else {
        return writeln!(out, "exported nothing: there was no activity");
    };
    writeln!(
        out,
        "exported {} and {}, from {} to {}",
        plural(report.series, "series", "series"),
        plural(report.samples, "sample", "samples"),
        local(range.start(), "%Y-%m-%d %H:%M"),
        local(range.end(), "%Y-%m-%d %H:%M"),
    )?;
    if output == Path::new("-") {
        return Ok(());
    }
    writeln!(out, "\nTo bring it into Prometheus, make blocks of it:")?;
    let mut file = output.to_owned();
    if is_compressed(output) {
        writeln!(out, "  gunzip --keep {}", quoted(&file))?;
        file.set_extension("");
    }
    let mut blocks = file.clone().into_os_string();
    blocks.push(".blocks");
    let blocks = quoted(Path::new(&blocks));
    writeln!(
        out,
        "  promtool tsdb create-blocks-from --max-block-duration={BLOCK_DURATION} openmetrics {} {blocks}",
        quoted(&file),
    )?;
    writeln!(
        out,
        "Then move what is in {blocks} into the directory of Prometheus's data (`--storage.tsdb.path`), owned by its user.
It finds the blocks within a minute or two, or when it starts. What is older than its `--storage.tsdb.retention.time`
is deleted at once: the export begins on {}.",
        local(range.start(), "%Y-%m-%d"),
    )?;
    if range.end() + HEAD > Time::from(now.to_utc()) {
        let way_out = if report.only_refused {
            "move them in three hours from now"
        } else {
            "`--until yesterday` leaves them out"
        };
        writeln!(
            out,
            "The last three hours may be in Prometheus's memory, where blocks are in the way: {way_out}."
        )?;
    }
    if report.only_refused {
        writeln!(
            out,
            "Once they are there, `aw-sync-agent backfill --refused` finds what they hold and clears the list of it."
        )?;
    }
    Ok(())
}

/// Returns a path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+=:,@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) && !text.starts_with('-') {
        return text;
    }
    let dash = if text.starts_with('-') { "./" } else { "" };
    format!("'{dash}{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;
    use crate::timeline::Interval;

    fn said(output: &str, hours_ago: u64) -> String {
        said_of(output, hours_ago, false)
    }

    fn said_of(output: &str, hours_ago: u64, only_refused: bool) -> String {
        let now = FixedOffset::east_opt(3600)
            .and_then(|zone| zone.with_ymd_and_hms(2026, 11, 24, 12, 0, 0).single())
            .unwrap();
        let end = Time::from(now.to_utc()) - Duration::from_hours(hours_ago);
        let report = ExportReport {
            series: 1,
            samples: 60,
            range: Some(Interval::new(end - Duration::from_hours(24 * 300), end)),
            only_refused,
            ..ExportReport::default()
        };
        let mut out = Vec::new();
        print_next_steps(&report, Path::new(output), &now, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_person_is_told_how_to_go_on() {
        insta::assert_snapshot!(said("-it's.om.GZ", 2), @r"
        exported 1 series and 60 samples, from 2026-01-28 10:00 to 2026-11-24 10:00

        To bring it into Prometheus, make blocks of it:
          gunzip --keep './-it'\''s.om.GZ'
          promtool tsdb create-blocks-from --max-block-duration=486h openmetrics './-it'\''s.om' './-it'\''s.om.blocks'
        Then move what is in './-it'\''s.om.blocks' into the directory of Prometheus's data (`--storage.tsdb.path`), owned by its user.
        It finds the blocks within a minute or two, or when it starts. What is older than its `--storage.tsdb.retention.time`
        is deleted at once: the export begins on 2026-01-28.
        The last three hours may be in Prometheus's memory, where blocks are in the way: `--until yesterday` leaves them out.
        ");
        let refused = said_of("a.om", 2, true);
        let last: Vec<&str> = refused.lines().rev().take(2).collect();
        insta::assert_snapshot!(last.join("\n"), @"
        Once they are there, `aw-sync-agent backfill --refused` finds what they hold and clears the list of it.
        The last three hours may be in Prometheus's memory, where blocks are in the way: move them in three hours from now.
        ");
        assert_eq!(said("a.om", 4).lines().count(), 7);
        assert_eq!(said("-", 2).lines().count(), 1);
    }

    #[test]
    fn without_activity_there_is_nothing_to_do() {
        let mut out = Vec::new();
        let now = chrono::Utc::now();
        print_next_steps(&ExportReport::default(), Path::new("a"), &now, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @"exported nothing: there was no activity");
    }
}
