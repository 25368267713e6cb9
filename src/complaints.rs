//! What is wrong, said at once and then less and less often: a log is read weeks later, and an outage may last as long.

use std::time::Duration;

use crate::timeline::Time;

/// How long the same complaint is not said again after the first time. Each time it is twice as long as before.
const FIRST_PAUSE: Duration = Duration::from_hours(1);

/// The longest that it is not said.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);

/// In how many rounds, one after the other, a complaint is not met until it is over while there are others. Two may take
/// turns.
const ABSENT_UNTIL_OVER: u32 = 3;

/// What is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// This is new, or still so.
    Complaint(String),
    /// This is over.
    Over(String),
}

/// What is wrong, from round to round.
#[derive(Debug, Default)]
pub struct Complaints {
    known: Vec<Complaint>,
}

#[derive(Debug)]
struct Complaint {
    text: String,
    since: Time,
    rounds: u64,
    said: Time,
    pause: Duration,
    absent: u32,
}

impl Complaints {
    /// Notes what was met in a round that ends at `now`, and returns what is to be said of it, in order.
    pub fn round(&mut self, now: Time, met: impl IntoIterator<Item = String>) -> Vec<Said> {
        let mut said = Vec::new();
        for known in &mut self.known {
            known.absent += 1;
        }
        for text in met {
            let known = self.known.iter_mut().find(|known| known.text == text);
            if let Some(known) = known {
                said.extend(known.again(now).map(Said::Complaint));
                continue;
            }
            said.push(Said::Complaint(text.clone()));
            self.known.push(Complaint {
                text,
                since: now,
                rounds: 1,
                said: now,
                pause: FIRST_PAUSE,
                absent: 0,
            });
        }
        let is_quiet = self.known.iter().all(|known| known.absent > 0);
        let is_over = |known: &mut Complaint| is_quiet || known.absent >= ABSENT_UNTIL_OVER;
        let over = self.known.extract_if(.., is_over);
        said.extend(over.map(|known| Said::Over(known.ended())));
        said
    }
}

impl Complaint {
    /// Notes that it is met again, and returns what is to be said if it is time to.
    fn again(&mut self, now: Time) -> Option<String> {
        self.rounds += 1;
        self.absent = 0;
        // The clock may have been set back.
        self.said = self.said.min(now);
        if now.since(self.said) < self.pause {
            return None;
        }
        self.said = now;
        self.pause = LONGEST_PAUSE.min(self.pause * 2);
        Some(format!("still, since {}: {}", self.length(), self.text))
    }

    fn ended(&self) -> String {
        let what = self.text.lines().next().unwrap_or_default();
        format!("over, after it was so since {}: {what}", self.length())
    }

    /// Says since when and how often.
    fn length(&self) -> String {
        let since = Time::from_millis(self.since.millis().div_euclid(1000) * 1000);
        let times = match self.rounds {
            1 => "once".to_owned(),
            rounds => format!("{rounds} times"),
        };
        format!("{since}, {times}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has a round every five minutes; what is said of each, after its time in minutes.
    fn log(rounds: impl IntoIterator<Item = &'static [&'static str]>) -> Vec<String> {
        let mut complaints = Complaints::default();
        let mut log = Vec::new();
        for (met, round) in rounds.into_iter().zip(0..) {
            let now = Time::from_millis(round * 300_000 + 7);
            for said in complaints.round(now, met.iter().map(|text| (*text).to_owned())) {
                log.push(format!("{} {said:?}", round * 5));
            }
        }
        log
    }

    #[test]
    fn a_week_of_the_same_takes_few_lines_and_its_end_one() {
        let week: Vec<&'static [&'static str]> = vec![&["down\nhint: wait"]; 7 * 24 * 12];
        let all = log(week.into_iter().chain([&[][..], &[][..]]));
        insta::assert_snapshot!(all.join("\n"), @r#"
        0 Complaint("down\nhint: wait")
        60 Complaint("still, since 1970-01-01T00:00:00Z, 13 times: down\nhint: wait")
        180 Complaint("still, since 1970-01-01T00:00:00Z, 37 times: down\nhint: wait")
        420 Complaint("still, since 1970-01-01T00:00:00Z, 85 times: down\nhint: wait")
        900 Complaint("still, since 1970-01-01T00:00:00Z, 181 times: down\nhint: wait")
        1860 Complaint("still, since 1970-01-01T00:00:00Z, 373 times: down\nhint: wait")
        3300 Complaint("still, since 1970-01-01T00:00:00Z, 661 times: down\nhint: wait")
        4740 Complaint("still, since 1970-01-01T00:00:00Z, 949 times: down\nhint: wait")
        6180 Complaint("still, since 1970-01-01T00:00:00Z, 1237 times: down\nhint: wait")
        7620 Complaint("still, since 1970-01-01T00:00:00Z, 1525 times: down\nhint: wait")
        9060 Complaint("still, since 1970-01-01T00:00:00Z, 1813 times: down\nhint: wait")
        10080 Over("over, after it was so since 1970-01-01T00:00:00Z, 2016 times: down")
        "#);
    }

    #[test]
    fn what_is_met_once_is_said_twice() {
        let all = log([&["down"][..], &[], &["down"]]);
        insta::assert_snapshot!(all.join("\n"), @r#"
        0 Complaint("down")
        5 Over("over, after it was so since 1970-01-01T00:00:00Z, once: down")
        10 Complaint("down")
        "#);
    }

    #[test]
    fn two_that_take_turns_are_said_once_each() {
        let turns = [&["refused"][..], &["no answer"]].repeat(6);
        let all = log(turns
            .into_iter()
            .chain([&["other"][..], &["other"], &["other"]]));
        insta::assert_snapshot!(all.join("\n"), @r#"
        0 Complaint("refused")
        5 Complaint("no answer")
        60 Complaint("other")
        65 Over("over, after it was so since 1970-01-01T00:00:00Z, 6 times: refused")
        70 Over("over, after it was so since 1970-01-01T00:05:00Z, 6 times: no answer")
        "#);
    }

    #[test]
    fn a_clock_that_is_set_back_silences_nothing() {
        let mut complaints = Complaints::default();
        let year = Duration::from_hours(365 * 24);
        let mut round = |now| complaints.round(now, ["down".to_owned()]).len();
        let now = Time::EPOCH + year;
        assert_eq!(round(now + year), 1);
        assert_eq!(round(now), 0);
        assert_eq!(round(now + FIRST_PAUSE), 1);
    }
}
