use serde::{Deserialize, Serialize};

use super::{Cause, Refused};
use crate::timeline::{Interval, Time};

/// A stretch of time of one device that has been gone through again.
///
/// What is remembered of it as refused has come to an end: it has arrived, or is refused anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retried {
    /// The label `user` of the samples.
    pub user: String,
    /// Their label `host`.
    pub host: String,
    /// Its begin, on the step grid.
    pub from: Time,
    /// Its end, on the step grid.
    pub until: Time,
    /// The part of it, from and until, that stays remembered: samples in whose place the receiver has others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<(Time, Time)>,
    /// How many samples of it were missing.
    pub missing: u64,
    /// What was refused for another cause stays as it is.
    pub causes: Vec<Cause>,
}

impl Retried {
    fn concerns(&self, known: &Refused) -> bool {
        (&self.user, &self.host) == (&known.user, &known.host)
            && self.causes.contains(&known.cause)
            && self.from < known.until
            && known.from < self.until
    }

    /// Returns what stays of a stretch, ascending.
    fn left(&self, known: &Refused) -> Vec<Interval> {
        let whole = Interval::new(known.from, known.until);
        let before = Interval::new(known.from, self.from.max(known.from));
        let after = Interval::new(self.until.min(known.until), known.until);
        let kept = self.kept.map(|(from, until)| Interval::new(from, until));
        let mut left = Vec::<Interval>::new();
        for piece in [Some(before), kept, Some(after)].into_iter().flatten() {
            let Some(piece) = piece.intersect(whole) else {
                continue;
            };
            match left.last_mut() {
                Some(last) if last.end() == piece.start() => *last = last.hull(piece),
                _ => left.push(piece),
            }
        }
        left
    }
}

/// Takes what has been gone through again out of a list; returns how many samples fewer it tells of.
pub(super) fn take_out(list: &mut Vec<Refused>, retried: &Retried) -> u64 {
    let mut fewer = 0;
    let mut left = Vec::new();
    for known in std::mem::take(list) {
        if !retried.concerns(&known) {
            left.push(known);
            continue;
        }
        let pieces = retried.left(&known);
        // Which samples the list means is not remembered: those that were missing are.
        let samples = match pieces.len() as u64 {
            0 => 0,
            least => known.samples.saturating_sub(retried.missing).max(least),
        };
        fewer += known.samples.saturating_sub(samples);
        left.extend(shared(&known, samples, &pieces));
    }
    left.sort_by(|one, other| {
        (&one.user, &one.host, one.from).cmp(&(&other.user, &other.host, other.from))
    });
    *list = left;
    fewer
}

/// Returns what is refused again, no longer than what of its device has been gone through.
///
/// What is too old is noted from the begin of the request on, which may be that of another device.
pub(super) fn within(refused: &Refused, retried: &[Retried]) -> Refused {
    let of_device = |one: &&Retried| (&one.user, &one.host) == (&refused.user, &refused.host);
    let stretches = || retried.iter().filter(of_device);
    let from = stretches().map(|one| one.from).min();
    let until = stretches().map(|one| one.until).max();
    Refused {
        from: refused.from.max(from.unwrap_or(refused.from)),
        until: refused.until.min(until.unwrap_or(refused.until)),
        ..refused.clone()
    }
}

/// Returns the pieces of a stretch with their share of its samples, by length and at least one each.
fn shared(known: &Refused, samples: u64, pieces: &[Interval]) -> Vec<Refused> {
    let nanos = |pieces: &[Interval]| -> u128 {
        let nanos = pieces.iter().map(|piece| piece.nanos().unsigned_abs());
        nanos.map(u128::from).sum()
    };
    let mut rest = samples;
    let mut shared = Vec::new();
    for (place, piece) in pieces.iter().enumerate() {
        let later = &pieces[place + 1..];
        let whole = nanos(&pieces[place..]).max(1);
        let share = u128::from(rest) * nanos(&[*piece]) / whole;
        let most = rest.saturating_sub(later.len() as u64);
        let share = u64::try_from(share).unwrap_or(most).min(most).max(1);
        rest = rest.saturating_sub(share);
        shared.push(Refused {
            from: piece.start(),
            until: piece.end(),
            samples: share,
            ..known.clone()
        });
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64) -> Time {
        Time::from_millis(minute * 60_000)
    }

    fn refused(from: i64, until: i64, samples: u64, cause: Cause) -> Refused {
        Refused {
            user: "ada".to_owned(),
            host: "laptop".to_owned(),
            from: minute(from),
            until: minute(until),
            samples,
            cause,
            reason: "no".to_owned(),
        }
    }

    fn retried(from: i64, until: i64, missing: u64) -> Retried {
        Retried {
            user: "ada".to_owned(),
            host: "laptop".to_owned(),
            from: minute(from),
            until: minute(until),
            kept: None,
            missing,
            causes: vec![Cause::TooOld],
        }
    }

    /// What is left of one stretch of 100 minutes with 100 samples.
    fn left(retried: &Retried) -> (Vec<(i64, i64, u64)>, u64) {
        let mut list = vec![refused(0, 100, 100, Cause::TooOld)];
        let fewer = take_out(&mut list, retried);
        let minutes = |time: Time| time.millis() / 60_000;
        let left = list
            .iter()
            .map(|known| (minutes(known.from), minutes(known.until), known.samples));
        (left.collect(), fewer)
    }

    #[test]
    fn a_stretch_is_shortened_and_then_gone() {
        assert_eq!(left(&retried(0, 10, 8)), (vec![(10, 100, 92)], 8));
        assert_eq!(left(&retried(0, 10, 500)), (vec![(10, 100, 1)], 99));
        assert_eq!(left(&retried(-5, 100, 8)), (vec![], 100));
        assert_eq!(left(&retried(100, 120, 8)), (vec![(0, 100, 100)], 0));
        assert_eq!(
            left(&retried(25, 50, 40)),
            (vec![(0, 25, 20), (50, 100, 40)], 40)
        );
    }

    #[test]
    fn what_has_others_in_its_place_is_kept() {
        let kept = Retried {
            kept: Some((minute(30), minute(50))),
            ..retried(0, 100, 98)
        };
        assert_eq!(left(&kept), (vec![(30, 50, 2)], 98));
        let with_the_rest = Retried {
            until: minute(50),
            ..kept
        };
        assert_eq!(left(&with_the_rest), (vec![(30, 100, 2)], 98));
    }

    #[test]
    fn other_devices_and_causes_are_left_alone() {
        let mut list = vec![
            refused(0, 10, 5, Cause::TooOld),
            refused(0, 10, 5, Cause::Fault),
            Refused {
                host: "phone".to_owned(),
                ..refused(0, 10, 5, Cause::TooOld)
            },
        ];
        assert_eq!(take_out(&mut list, &retried(0, 10, 5)), 5);
        assert_eq!(list.len(), 2);
        assert_eq!(list[0].cause, Cause::Fault);
        assert_eq!(list[1].host, "phone");
    }

    #[test]
    fn what_is_refused_again_is_no_longer_than_what_was_tried() {
        let laptop = [retried(10, 20, 1), retried(30, 40, 1)];
        let again = within(&refused(0, 90, 2, Cause::TooOld), &laptop);
        assert_eq!(again, refused(10, 40, 2, Cause::TooOld));
        let phone = Refused {
            host: "phone".to_owned(),
            ..refused(0, 90, 2, Cause::TooOld)
        };
        assert_eq!(within(&phone, &laptop), phone);
    }
}
