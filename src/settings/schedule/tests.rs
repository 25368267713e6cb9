use chrono::{NaiveDate, Timelike, Utc};
use chrono_tz::America::{Havana, New_York};
use chrono_tz::Australia::Lord_Howe;
use chrono_tz::Europe::Berlin;
use chrono_tz::Pacific::Apia;
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;

fn schedule(text: &str) -> Schedule {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn at(zone: Tz, text: &str) -> DateTime<Tz> {
    DateTime::parse_from_str(text, "%F %T%.f %#z")
        .unwrap()
        .with_timezone(&zone)
}

/// The first runs after `now`, each as a local time with its offset.
fn runs(text: &str, zone: Tz, now: &str, count: usize) -> Vec<String> {
    let schedule = schedule(text);
    iter::successors(Some(at(zone, now)), |now| schedule.next_after(now))
        .skip(1)
        .take(count)
        .map(|time| time.format("%m-%d %T%.f %z").to_string())
        .collect()
}

fn message(text: &str) -> String {
    text.parse::<Schedule>().unwrap_err().to_string()
}

#[test]
fn next_run_of_each_form() {
    // 1 March 2026 is a Sunday.
    for (text, now, next) in [
        (
            "*/5 * * * *",
            "2026-03-01 12:04:59.999",
            "2026-03-01 12:05:00",
        ),
        ("*/5 * * * *", "2026-03-01 12:05:00", "2026-03-01 12:10:00"),
        (
            "*/5 * * * *",
            "2026-03-01 12:05:00.001",
            "2026-03-01 12:10:00",
        ),
        ("*/5 * * * *", "2026-12-31 23:58:00", "2027-01-01 00:00:00"),
        (
            "10/20 * * * *",
            "2026-03-01 12:31:00",
            "2026-03-01 12:50:00",
        ),
        (
            "1,5-7,50-58/4 * * * *",
            "2026-03-01 12:07:00",
            "2026-03-01 12:50:00",
        ),
        (
            "30 */10 * * * *",
            "2026-03-01 12:00:31",
            "2026-03-01 12:10:30",
        ),
        (
            "  0\t9  *  *  * ",
            "2026-03-01 12:00:00",
            "2026-03-02 09:00:00",
        ),
        (
            "0 9-17 * * MON-Fri",
            "2026-03-01 12:00:00",
            "2026-03-02 09:00:00",
        ),
        (
            "0 0 1 FEB,august *",
            "2026-03-01 12:00:00",
            "2026-08-01 00:00:00",
        ),
        ("0 0 29 2 *", "2026-03-01 12:00:00", "2028-02-29 00:00:00"),
        ("@hourly", "2026-03-01 12:30:00", "2026-03-01 13:00:00"),
        ("@daily", "2026-03-01 12:30:00", "2026-03-02 00:00:00"),
        ("@midnight", "2026-03-01 12:30:00", "2026-03-02 00:00:00"),
        ("@weekly", "2026-03-01 12:30:00", "2026-03-08 00:00:00"),
        ("@monthly", "2026-03-01 12:30:00", "2026-04-01 00:00:00"),
        ("@yearly", "2026-03-01 12:30:00", "2027-01-01 00:00:00"),
        ("@annually", "2026-03-01 12:30:00", "2027-01-01 00:00:00"),
        (
            "@every 5m",
            "2026-03-01 12:01:02.5",
            "2026-03-01 12:06:02.5",
        ),
        (
            "@every  1h30m",
            "2026-03-01 23:00:00",
            "2026-03-02 00:30:00",
        ),
    ] {
        let at = |text: &str| at(Tz::UTC, &format!("{text} +00"));
        assert_eq!(
            schedule(text).next_after(&at(now)),
            Some(at(next)),
            "{text} after {now}"
        );
    }
}

#[test]
fn weekdays_count_from_sunday_as_0_and_7() {
    for (field, days) in [
        ("*", "1,2,3,4,5,6,7"),
        ("0", "1"),
        ("7", "1"),
        ("1", "2"),
        ("SUN", "1"),
        ("Saturday", "7"),
        ("5-7", "6,7,1"),
        ("fri-sun", "6,7,1"),
        ("sat-mon", "7,1,2"),
        ("0-7", "1,2,3,4,5,6,7,1"),
        ("*/2", "1,3,5,7"),
        ("mon-fri/2", "2,4,6"),
        ("2/2", "3,5,7"),
        ("tue,4,6-0", "3,5,7,1"),
    ] {
        assert_eq!(weekdays(field).as_deref(), Some(days), "{field}");
    }
    for field in [
        "", "8", "-1", "+1", "mon-", "1-2-3", "1,", "*/0", "*/8", "1/", "*-3", "mo",
    ] {
        assert_eq!(weekdays(field), None, "{field}");
    }
}

#[test]
fn either_day_field_counts_when_neither_is_open() {
    let days = |text: &str| -> Vec<String> {
        let runs = runs(text, Tz::UTC, "2026-03-01 12:00:00 +00", 4);
        runs.iter().map(|run| run[..5].to_owned()).collect()
    };
    assert_eq!(days("0 0 13 * fri"), ["03-06", "03-13", "03-20", "03-27"]);
    assert_eq!(days("0 0 1,15 * 3"), ["03-04", "03-11", "03-15", "03-18"]);
    assert_eq!(days("0 0 30 2 mon"), ["02-01", "02-08", "02-15", "02-22"]);
    // An open field, be it with a step, leaves the choice to the other.
    assert_eq!(days("0 0 13 * *"), ["03-13", "04-13", "05-13", "06-13"]);
    assert_eq!(days("0 0 ? * fri"), ["03-06", "03-13", "03-20", "03-27"]);
    assert_eq!(days("0 0 */2 * fri"), ["03-13", "03-27", "04-03", "04-17"]);
    assert_eq!(days("0 0 13 * */5"), ["03-13", "09-13", "11-13", "12-13"]);
}

#[test]
fn any_hour_follows_real_time_through_a_repeated_hour() {
    assert_eq!(
        runs("*/30 * * * *", Berlin, "2026-10-25 01:45:00 +02", 5),
        [
            "10-25 02:00:00 +0200",
            "10-25 02:30:00 +0200",
            "10-25 02:00:00 +0100",
            "10-25 02:30:00 +0100",
            "10-25 03:00:00 +0100",
        ]
    );
    assert_eq!(
        runs("7 * * * *", New_York, "2026-11-01 00:30:00 -04", 3),
        [
            "11-01 01:07:00 -0400",
            "11-01 01:07:00 -0500",
            "11-01 02:07:00 -0500"
        ]
    );
    assert_eq!(
        runs("*/20 * * * *", Lord_Howe, "2026-04-05 01:30:00 +11", 3),
        [
            "04-05 01:40:00 +1100",
            "04-05 01:40:00 +1030",
            "04-05 02:00:00 +1030"
        ]
    );
    assert_eq!(
        runs("*/20 * * * *", Lord_Howe, "2026-04-05 01:59:59 +11", 1),
        ["04-05 01:40:00 +1030"]
    );
}

#[test]
fn any_hour_has_no_runs_in_a_skipped_hour() {
    assert_eq!(
        runs("*/30 * * * *", Berlin, "2026-03-29 01:15:00 +01", 3),
        [
            "03-29 01:30:00 +0100",
            "03-29 03:00:00 +0200",
            "03-29 03:30:00 +0200"
        ]
    );
    assert_eq!(
        runs("7 */2 * * *", New_York, "2026-03-08 00:07:00 -05", 2),
        ["03-08 04:07:00 -0400", "03-08 06:07:00 -0400"]
    );
    assert_eq!(
        runs("0 * * * *", Lord_Howe, "2026-10-04 01:00:00 +1030", 2),
        ["10-04 03:00:00 +1100", "10-04 04:00:00 +1100"]
    );
    assert_eq!(
        runs("0 */12 8 3 *", Havana, "2026-03-07 12:00:00 -05", 1),
        ["03-08 12:00:00 -0400"]
    );
}

#[test]
fn fixed_hours_run_once_in_a_repeated_hour() {
    for (zone, text, now, next) in [
        (
            Berlin,
            "30 2 * * *",
            "2026-10-25 01:00:00 +02",
            "10-25 02:30:00 +0200",
        ),
        (
            Berlin,
            "30 2 * * *",
            "2026-10-25 02:30:00 +02",
            "10-26 02:30:00 +0100",
        ),
        (
            Berlin,
            "30 2 * * *",
            "2026-10-25 02:10:00 +01",
            "10-26 02:30:00 +0100",
        ),
        (
            Berlin,
            "0 3 * * *",
            "2026-10-25 02:59:00 +02",
            "10-25 03:00:00 +0100",
        ),
        (
            New_York,
            "30 1 * * *",
            "2026-11-01 00:30:00 -04",
            "11-01 01:30:00 -0400",
        ),
        (
            New_York,
            "30 1 * * *",
            "2026-11-01 01:10:00 -05",
            "11-02 01:30:00 -0500",
        ),
        (
            Lord_Howe,
            "45 1 * * *",
            "2026-04-05 01:00:00 +11",
            "04-05 01:45:00 +1100",
        ),
        (
            Lord_Howe,
            "45 1 * * *",
            "2026-04-05 01:31:00 +1030",
            "04-06 01:45:00 +1030",
        ),
    ] {
        assert_eq!(runs(text, zone, now, 1), [next], "{text} after {now}");
    }
}

#[test]
fn fixed_hours_of_a_gap_run_once_when_it_ends() {
    assert_eq!(
        runs("0,30 2 * * *", Berlin, "2026-03-29 01:59:00 +01", 2),
        ["03-29 03:00:00 +0200", "03-30 02:00:00 +0200"]
    );
    assert_eq!(
        runs("15 30 2 * * *", New_York, "2026-03-08 01:00:00 -05", 2),
        ["03-08 03:00:00 -0400", "03-09 02:30:15 -0400"]
    );
    assert_eq!(
        runs("10 2 * * *", Lord_Howe, "2026-10-04 01:00:00 +1030", 2),
        ["10-04 02:30:00 +1100", "10-05 02:10:00 +1100"]
    );
    // Samoa had no 30 December 2011.
    assert_eq!(
        runs("0 9 30 12 *", Apia, "2011-12-29 23:00:00 -10", 1),
        ["12-31 00:00:00 +1400"]
    );
}

#[test]
fn calendar_ends_with_the_year_2100() {
    let last_minute = at(Tz::UTC, "2100-12-31 23:59:00 +00");
    assert_eq!(schedule("* * * * *").next_after(&last_minute), None);
    let end = DateTime::<Utc>::MAX_UTC;
    assert_eq!(schedule("@every 366days").next_after(&end), None);
}

#[test]
fn displays_the_text_as_typed() {
    assert_eq!(
        schedule(" 0 9 * *  Mon-FRI\n").to_string(),
        "0 9 * *  Mon-FRI"
    );
    assert_eq!(schedule("@every 90s").to_string(), "@every 90s");
    assert_eq!(schedule(" @daily "), schedule("@daily"));
    assert_ne!(schedule("@daily"), schedule("0 0 * * *"));
}

#[test]
fn bad_value_is_named_with_its_field() {
    assert_eq!(
        message("61 * * * *"),
        "cron expression `61 * * * *`: minute `61` is not in 0-59\n\
         hint: type 0-59, or `*` for every minute"
    );
    for (text, problem) in [
        ("60 * * * * *", "second `60` is not in 0-59"),
        ("* 5-24 * * *", "hour `24` is not in 0-23"),
        ("* ? * * *", "hour `?` is not in 0-23"),
        ("* * 0 * *", "day of month `0` is not in 1-31"),
        ("* * * 1,13 *", "month `13` is not in 1-12 or jan-dec"),
        ("* * * foo *", "month `foo` is not in 1-12 or jan-dec"),
        ("* * * * 8", "day of week `8` is not in 0-7 or sun-sat"),
        (
            "* * * * mon-fry",
            "day of week `fry` is not in 0-7 or sun-sat",
        ),
        ("*/60 * * * *", "minute `60` is not in 0-59"),
        ("** * * * *", "minute `**` is not in 0-59"),
        ("5* * * * *", "minute `5*` is not in 0-59"),
        ("99999999999 * * * *", "minute `99999999999` is not in 0-59"),
    ] {
        let start = format!("cron expression `{text}`: {problem}\nhint: type ");
        assert!(message(text).starts_with(&start), "{}", message(text));
    }
}

#[test]
fn bad_form_is_named_with_its_field() {
    assert_eq!(
        message("0 22-6 * * *"),
        "cron expression `0 22-6 * * *`: hour `22-6` is not a list, rising range or step\n\
         hint: type `*`, a value, a range such as `1-5` or a step such as `*/2`, joined by \
         commas"
    );
    for (text, field) in [
        ("*/0 * * * *", "minute `*/0`"),
        ("1, * * * *", "minute `1,`"),
        ("1--5 * * * *", "minute `1--5`"),
        ("* * * dec-jan *", "month `dec-jan`"),
        ("* * * * 1/", "day of week `1/`"),
    ] {
        let start = format!("cron expression `{text}`: {field} is not a list, rising range");
        assert!(message(text).starts_with(&start), "{}", message(text));
    }
}

#[test]
fn other_problems_say_what_to_type() {
    let fields = "hint: type minute, hour, day of month, month and day of week, such as \
                  `*/5 * * * *`";
    for (text, count) in [("", 0), ("*/5", 1), ("* * * *", 4), ("0 0 0 1 1 * 2026", 7)] {
        assert_eq!(
            message(text),
            format!("cron expression `{text}`: {count} fields instead of 5 or 6\n{fields}")
        );
    }
    for text in ["@reboot", "@Daily", "@every", "@everyday", "@daily * * * *"] {
        assert_eq!(
            message(text),
            format!(
                "cron expression `{text}`: unknown name\n\
                 hint: type `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, \
                 `@yearly`, `@annually` or `@every 5m`"
            )
        );
    }
    for period in ["5", "0s", "999ms", "5x", "-5m", "1000y", "99999999999y"] {
        assert_eq!(
            message(&format!("@every {period}")),
            format!(
                "cron expression `@every {period}`: period `{period}` is not a duration from \
                 1s to 366days\n\
                 hint: type a number with its unit, such as `@every 5m` or `@every 1h30m`"
            )
        );
    }
    for text in ["0 0 30 2 *", "0 0 31 4,6,9,11 */2"] {
        assert_eq!(
            message(text),
            format!(
                "cron expression `{text}`: no date has these days\n\
                 hint: choose a day that the month has, such as `0 0 28 2 *`"
            )
        );
    }
}

/// Times of 2026 in zones that change their clocks, most of them near a change.
fn times() -> impl Strategy<Value = DateTime<Tz>> {
    let zones = prop::sample::select(vec![Berlin, New_York, Lord_Howe]);
    let changes = [
        "03-08", "03-29", "04-04", "10-03", "10-25", "11-01", "07-15",
    ];
    (
        zones,
        prop::sample::select(changes.to_vec()),
        0..172_800_000_i64,
    )
        .prop_map(|(zone, day, millis)| {
            let midnight = at(zone, &format!("2026-{day} 00:00:00 +00"));
            midnight + TimeDelta::milliseconds(millis)
        })
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "[@a-z0-9*/,? -]{0,24}|\\PC{0,24}") {
        if let Ok(schedule) = text.parse::<Schedule>() {
            prop_assert!(schedule.next_after(&Utc::now()).is_some());
        }
    }

    #[test]
    fn five_minutes_are_five_minutes_of_real_time(now in times()) {
        let next = schedule("*/5 * * * *").next_after(&now).unwrap();
        prop_assert_eq!(next.timestamp(), (now.timestamp() / 300 + 1) * 300);
    }

    #[test]
    fn any_hour_finds_the_first_matching_minute(now in times(), minute in 0..60_u32) {
        let next = schedule(&format!("{minute} * * * *")).next_after(&now);
        let first = (1..=120)
            .map(|ahead| now.timestamp() / 60 + ahead)
            .map(|minutes| now.timezone().timestamp_opt(minutes * 60, 0).unwrap())
            .find(|time| time.minute() == minute);
        prop_assert_eq!(next, first);
    }

    #[test]
    fn fixed_hour_runs_once_a_day_in_order(now in times(), hour in 0..24, minute in 0..60) {
        let schedule = schedule(&format!("{minute} {hour} * * *"));
        let first = schedule.next_after(&now).unwrap();
        prop_assert!(first > now);
        let runs = iter::successors(Some(first), |now| schedule.next_after(now)).take(5);
        let runs: Vec<_> = runs.collect();
        prop_assert!(runs.is_sorted_by(|earlier, later| earlier < later));
        let dates: Vec<NaiveDate> = runs.iter().map(DateTime::date_naive).collect();
        let days: Vec<NaiveDate> = dates[0].iter_days().take(5).collect();
        prop_assert_eq!(dates, days);
    }
}
