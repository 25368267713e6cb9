use std::time::Duration;

use super::check::{Check, Fault};
use super::length::words;

/// From here on, minutes go to the wrong step, and what is new looks old or still to come.
const WARN: u64 = 30;

/// From here on, what is settled here is not over there: receivers refuse the future, and some for everybody else too.
const FAIL: u64 = 5 * 60;

/// How to let the network set the clock of this machine.
const SET: &str = if cfg!(target_os = "windows") {
    "w32tm /resync"
} else if cfg!(target_os = "macos") {
    "sudo sntp -sS time.apple.com"
} else {
    "sudo timedatectl set-ntp true"
};

/// Judges a clock that shows `ahead` seconds more than the agent's own.
pub(super) fn check(ahead: i64) -> Check {
    let apart = ahead.unsigned_abs();
    if apart < WARN {
        return Check::pass("clock", "shows the same time as this machine's");
    }
    let which = if ahead > 0 { "ahead of" } else { "behind" };
    let found = format!(
        "{} {which} this machine's",
        words(Duration::from_secs(apart))
    );
    let check = if apart < FAIL {
        Check::warn("clock", found)
    } else {
        Check::fail("clock", Fault::Settings, found)
    };
    check.fix(
        "see which of the two is wrong; if it is this machine's, let the network set it",
        SET,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Verdict;

    #[test]
    fn a_clock_may_be_off_by_less_than_half_a_minute() {
        for (ahead, verdict, found) in [
            (0, "pass", "shows the same time as this machine's"),
            (-29, "pass", "shows the same time as this machine's"),
            (30, "warn", "30 s ahead of this machine's"),
            (-299, "warn", "4 min behind this machine's"),
            (300, "fail", "5 min ahead of this machine's"),
            (i64::MIN, "fail", "292471208677 years behind this machine's"),
        ] {
            let check = check(ahead);
            assert_eq!(
                (check.verdict.word(), check.found.as_str()),
                (verdict, found)
            );
        }
        assert_eq!(check(-9000).verdict, Verdict::Fail(Fault::Settings));
    }
}
