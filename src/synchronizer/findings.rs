//! What a pass has found out about what its receiver takes: pure, from what it answered.

use std::collections::{BTreeMap, BTreeSet};

use super::delivery::{Settled, parcel, part};
use crate::checkpoint::{Cause, Entry, Fate, Part, Refused, Sending};
use crate::metrics::Labels;
use crate::remote_write::Parcel;
use crate::timeline::{Step, Time};

/// How long a stretch of all series is, when it is no longer split by time alone. Well below the hour that a Prometheus
/// without an out-of-order window allows between two samples of different series.
const SPLIT_BY_TIME_MS: i64 = 30 * 60_000;

/// How often something may be refused before anything was taken, until parts are no longer split but put off. Twice the
/// logarithm of the largest request, and some to spare: a fault in one sample is found sooner.
const MOST_FRUITLESS: usize = 40;

/// See the module.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a finding of its own"
)]
pub(super) struct Findings {
    /// Whether anything was delivered.
    has_delivered: bool,
    /// Whether the receiver was asked in vain for what it takes.
    pub(super) nobody_tells: bool,
    /// What is older than this timestamp is too old, in the receiver's words.
    too_old: Option<(i64, String)>,
    /// Whether the newest step of the stretch at hand has been tried alone.
    has_probed: bool,
    /// Series that the receiver does not take, in its words.
    series: BTreeMap<Labels, String>,
    /// How often what is sent now was sent before, as it had not been there.
    pub(super) resent: u32,
    /// Whether something of the stretch at hand may be stored that nobody has seen acknowledged.
    pub(super) was_unclear: bool,
    /// Whether the receiver shows all that was sent to it before the pass.
    pub(super) shows_all: bool,
    /// Whether the pass has waited in vain for the receiver to show what it acknowledges.
    pub(super) hides_fence: bool,
    /// When it last answered to samples.
    pub(super) answered: Option<Time>,
    /// How often something was refused while nothing had been taken yet.
    fruitless: usize,
    /// How many parts were put off since.
    put_off: usize,
}

impl Findings {
    /// Takes out of all that is left what the receiver will not take.
    pub(super) fn take_out(&mut self, sending: &mut Sending) {
        let parts = std::mem::take(&mut sending.parts);
        for whole in parts {
            let is_too_old = |(before, _): &(i64, String)| whole.oldest_ms < *before;
            if !self.too_old.as_ref().is_some_and(is_too_old) && self.series.is_empty() {
                sending.parts.push(whole);
                continue;
            }
            let Some(content) = parcel(&whole) else {
                sending.parts.push(whole);
                continue;
            };
            let mut left = Some(content);
            if let Some((before, reason)) = &self.too_old {
                let (older, newer) = left.map_or((None, None), |left| left.split_at(*before));
                refuse_parcel(sending, older, Cause::TooOld, reason);
                left = newer;
            }
            for (labels, reason) in &self.series {
                let (others, named) = left.map_or((None, None), |left| {
                    left.without(&BTreeSet::from([labels.clone()]))
                });
                refuse_parcel(sending, named, Cause::Fault, reason);
                left = others;
            }
            let resent = whole.resent;
            sending.parts.extend(left.map(|left| Part {
                resent,
                ..part(left.batch())
            }));
        }
    }

    /// Returns what becomes of a part that is too old, at least in part. `oldest_taken` is the first timestamp that the
    /// receiver takes, if that is known.
    pub(super) fn too_old(
        &mut self,
        refused: &Part,
        oldest_taken: Option<i64>,
        reason: String,
    ) -> Settled {
        // Whoever refuses the part finds its oldest sample too old, whatever else was expected.
        let mut before = oldest_taken.unwrap_or(i64::MIN).max(refused.oldest_ms + 1);
        let known = self.too_old.as_ref().map(|(known, _)| *known);
        before = before.max(known.unwrap_or(i64::MIN));
        let parts = match (oldest_taken, parcel(refused)) {
            (None, Some(content)) => {
                // What is newer is tried first: that does no harm here, and if it is too old so is all before it.
                let newest_step = refused.newest_ms;
                let halves = if self.has_probed {
                    content.halves_by_time().ok()
                } else {
                    self.has_probed = true;
                    match content.split_at(newest_step) {
                        (Some(older), Some(newest)) => Some([older, newest]),
                        _ => None,
                    }
                };
                halves.map(|[older, newer]| vec![part(newer.batch()), part(older.batch())])
            }
            _ => None,
        };
        self.too_old = Some((before, reason));
        // Without halves it goes again, less what is now known to be too old.
        Settled::Split(parts.unwrap_or_else(|| vec![refused.clone()]))
    }

    /// Notes that the receiver has taken something.
    pub(super) fn taken(&mut self) {
        self.has_delivered = true;
    }

    /// Returns what becomes of a part in which the receiver finds fault with a sample, while `others` wait; `None` if it
    /// has taken nothing of any part, so that the fault must be somewhere else.
    ///
    /// The older half goes first, and all series of half an hour together: a newer sample would make older ones too old.
    pub(super) fn refused(
        &mut self,
        refused: &Part,
        others: usize,
        is_of_series: bool,
        reason: &str,
    ) -> Option<Settled> {
        if !self.has_delivered {
            self.fruitless += 1;
            if self.fruitless > MOST_FRUITLESS {
                self.put_off += 1;
                return (self.put_off <= others).then_some(Settled::Defer);
            }
        }
        let Some(content) = parcel(refused) else {
            return Some(Settled::Refused(Cause::Fault, reason.to_owned()));
        };
        if let ([series], true) = (content.series(), is_of_series) {
            self.series.insert(series.labels.clone(), reason.to_owned());
            return Some(Settled::Split(vec![refused.clone()]));
        }
        let by_time_first = refused.newest_ms - refused.oldest_ms > SPLIT_BY_TIME_MS;
        Some(
            halves(content, by_time_first)
                .unwrap_or_else(|| Settled::Refused(Cause::Fault, reason.to_owned())),
        )
    }

    /// Returns what becomes of a part that is too large.
    pub(super) fn too_large(refused: &Part, reason: String) -> Settled {
        parcel(refused)
            .and_then(|content| halves(content, true))
            .unwrap_or(Settled::Refused(Cause::TooLarge, reason))
    }

    /// Notes that a part is given up.
    pub(super) fn refuse(sending: &mut Sending, refused: &Part, cause: Cause, reason: &str) {
        refuse_parcel(sending, parcel(refused), cause, reason);
    }
}

fn halves(content: Parcel, by_time_first: bool) -> Option<Settled> {
    let halves = if by_time_first {
        content.halves_by_time().or_else(Parcel::halves_by_series)
    } else {
        content.halves_by_series().or_else(Parcel::halves_by_time)
    };
    let halves = halves.ok()?;
    Some(Settled::Split(
        halves.iter().map(|half| part(half.batch())).collect(),
    ))
}

/// Notes for each device what of a parcel is given up.
///
/// What is too old reaches back to where the stretch begins: all before it is too old as well.
pub(super) fn refuse_parcel(
    sending: &mut Sending,
    given_up: Option<Parcel>,
    cause: Cause,
    reason: &str,
) {
    let Some(given_up) = given_up else {
        return;
    };
    sending.done.push(Entry {
        body: given_up.batch().body,
        fate: Fate::Refused,
    });
    let mut devices = BTreeMap::<(String, String), (u64, i64, i64)>::new();
    for series in given_up.series() {
        let label = |name| series.labels.get(name).unwrap_or_default().to_owned();
        let device =
            devices
                .entry((label("user"), label("host")))
                .or_insert((0, i64::MAX, i64::MIN));
        for sample in &series.samples {
            device.0 += 1;
            device.1 = device.1.min(sample.timestamp_ms);
            device.2 = device.2.max(sample.timestamp_ms);
        }
    }
    for ((user, host), (samples, oldest_ms, newest_ms)) in devices {
        let oldest = Step::of_timestamp_ms(oldest_ms).start();
        let from: Time = match cause {
            Cause::TooOld => sending.from.min(oldest),
            _ => oldest,
        };
        sending.refused.push(Refused {
            user,
            host,
            from,
            until: Step::of_timestamp_ms(newest_ms).end(),
            samples,
            cause,
            reason: reason.to_owned(),
        });
    }
}
