use serde::{Deserialize, Serialize};

use crate::timeline::{STEP, Time};

/// How many stretches are told apart for one device. Beyond that the nearest ones are joined.
const MOST: usize = 100;

/// A stretch of time of which a receiver did not take everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// The label `user` of the samples.
    pub user: String,
    /// Their label `host`.
    pub host: String,
    /// Its begin, on the step grid.
    pub from: Time,
    /// Its end, on the step grid.
    pub until: Time,
    /// How many samples were not taken.
    pub samples: u64,
    /// Why.
    pub cause: Cause,
    /// The receiver's words.
    pub reason: String,
}

/// Why samples were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The receiver takes nothing as old as this.
    TooOld,
    /// It finds fault with them.
    Fault,
    /// Even a single one is too large.
    TooLarge,
    /// Whether it has them is not known, and to send them again could count them twice.
    Unclear,
}

impl Refused {
    /// Whether both are of the same device and have the same cause.
    fn is_alike(&self, other: &Self) -> bool {
        (&self.user, &self.host, self.cause) == (&other.user, &other.host, other.cause)
    }

    fn join(&mut self, other: Self) {
        self.from = self.from.min(other.from);
        self.until = self.until.max(other.until);
        self.samples += other.samples;
        self.reason = other.reason;
    }
}

/// Adds `new` to a list, joined with what it touches.
pub(super) fn add(list: &mut Vec<Refused>, new: &Refused) {
    let mut joined = new.clone();
    list.retain(|known| {
        let touches = known.is_alike(&joined)
            && known.from <= joined.until + STEP
            && joined.from <= known.until + STEP;
        if touches {
            let reason = joined.reason.clone();
            joined.join(known.clone());
            joined.reason = reason;
        }
        !touches
    });
    list.push(joined);
    list.sort_by(|one, other| {
        (&one.user, &one.host, one.from).cmp(&(&other.user, &other.host, other.from))
    });
    while list.iter().filter(|known| known.is_alike(new)).count() > MOST {
        join_nearest(list, new);
    }
}

/// Joins those two stretches like `new` that have the shortest time between them.
fn join_nearest(list: &mut Vec<Refused>, new: &Refused) {
    let alike: Vec<usize> = (0..list.len())
        .filter(|&place| list[place].is_alike(new))
        .collect();
    let gap = |pair: &&[usize]| list[pair[1]].from.since(list[pair[0]].until);
    if let Some(&[one, other]) = alike.windows(2).min_by_key(gap) {
        let later = list.remove(other);
        list[one].join(later);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(host: &str, from: i64, until: i64) -> Refused {
        Refused {
            user: "ada".to_owned(),
            host: host.to_owned(),
            from: Time::from_millis(from * 60_000),
            until: Time::from_millis(until * 60_000),
            samples: 1,
            cause: Cause::TooOld,
            reason: format!("{from}"),
        }
    }

    fn list(stretches: &[(&str, i64, i64)]) -> Vec<(String, i64, i64, u64)> {
        let mut list = Vec::new();
        for &(host, from, until) in stretches {
            add(&mut list, &refused(host, from, until));
        }
        let minutes = |time: Time| time.millis() / 60_000;
        list.into_iter()
            .map(|known| {
                (
                    known.host,
                    minutes(known.from),
                    minutes(known.until),
                    known.samples,
                )
            })
            .collect()
    }

    #[test]
    fn stretches_that_touch_are_one() {
        let one = |from, until, samples| ("a".to_owned(), from, until, samples);
        assert_eq!(
            list(&[("a", 0, 5), ("a", 9, 12), ("a", 5, 9)]),
            [one(0, 12, 3)]
        );
        assert_eq!(
            list(&[("a", 0, 5), ("a", 7, 12)]),
            [one(0, 5, 1), one(7, 12, 1)]
        );
    }

    #[test]
    fn devices_and_causes_are_told_apart() {
        let mut list = vec![];
        add(&mut list, &refused("a", 0, 5));
        add(&mut list, &refused("b", 0, 5));
        let fault = Refused {
            cause: Cause::Fault,
            ..refused("a", 0, 5)
        };
        add(&mut list, &fault);
        assert_eq!(list.len(), 3);
    }

    #[test]
    fn a_list_stays_short_and_keeps_every_sample() {
        let mut list = vec![];
        for place in 0..1000 {
            add(&mut list, &refused("a", place * 10, place * 10 + 1));
        }
        assert_eq!(list.len(), MOST);
        assert_eq!(list.iter().map(|known| known.samples).sum::<u64>(), 1000);
        assert_eq!(list[0].from, Time::EPOCH);
    }
}
