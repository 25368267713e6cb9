//! From what a clock on the wall shows to the time that it is. Pure: the zone is handed in.

use std::iter;

use chrono::{
    DateTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Timelike,
};

/// Longest jump of a local clock, in minutes: Samoa left out a whole day in 2011.
const LONGEST_GAP_MINUTES: i64 = 24 * 60;

/// Returns the time at which a clock in `zone` first shows `local`, or the first full minute after
/// the gap if it jumps over it.
pub fn first_occurrence<Tz: TimeZone>(zone: &Tz, local: NaiveDateTime) -> Option<DateTime<Tz>> {
    // `Local::from_local_datetime` takes the end of a repeated hour for a part of it, and swaps the
    // earlier and the later time: https://github.com/chronotope/chrono/issues/1625.
    let [before, after] = [-1, 1]
        .map(TimeDelta::days)
        .map(|distance| zone.offset_from_utc_datetime(&(local + distance)).fix());
    let minute = local - TimeDelta::seconds(local.second().into());
    iter::once(local)
        .chain((1..=LONGEST_GAP_MINUTES).map(|gap| minute + TimeDelta::minutes(gap)))
        .flat_map(|local| [(local, before), (local, after)])
        .map(|(local, offset)| (local, zone.from_utc_datetime(&(local - offset))))
        .find_map(|(local, time)| (time.naive_local() == local).then_some(time))
}

/// Returns when the day `date` of somebody begins whose days begin when the clock in `zone` shows `begin`: then, or right
/// after a gap that this lies in.
///
/// `None` beyond the years that [`DateTime`] knows.
pub fn day_start<Tz: TimeZone>(
    zone: &Tz,
    date: NaiveDate,
    begin: NaiveTime,
) -> Option<DateTime<Tz>> {
    first_occurrence(zone, date.and_time(begin))
}

#[cfg(test)]
mod tests {
    use chrono_tz::America::{Havana, Santiago};
    use chrono_tz::Asia::Kolkata;
    use chrono_tz::Europe::Berlin;
    use chrono_tz::Tz;

    use super::*;

    #[test]
    fn a_day_begins_when_its_midnight_comes_first() {
        let start = |zone: Tz, date: &str| {
            let date: NaiveDate = date.parse().unwrap();
            let start = day_start(&zone, date, NaiveTime::MIN).unwrap();
            start.to_utc().to_rfc3339()
        };
        for (zone, date, expected) in [
            (Berlin, "2026-03-29", "2026-03-28T23:00:00+00:00"), // of 23 hours
            (Berlin, "2026-03-30", "2026-03-29T22:00:00+00:00"),
            (Berlin, "2026-10-26", "2026-10-25T23:00:00+00:00"), // after one of 25
            (Kolkata, "2026-11-20", "2026-11-19T18:30:00+00:00"),
            (Havana, "2026-11-01", "2026-11-01T04:00:00+00:00"), // has two midnights
            (Santiago, "2026-09-06", "2026-09-06T04:00:00+00:00"), // has none
        ] {
            assert_eq!(start(zone, date), expected, "{zone} {date}");
        }
    }
}
