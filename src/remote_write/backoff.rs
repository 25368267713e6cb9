use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::{Instant, sleep};

use super::client::Client;
use super::outcome::Outcome;

/// The first delay between two attempts, doubled from then on, each with up to as much again by chance: the agents of
/// a whole office must not come back at the same moment.
const MIN_DELAY: Duration = Duration::from_millis(500);

/// The longest delay, also if the receiver wishes a longer one: it may be wrong by hours, and asking costs little.
const MAX_DELAY: Duration = Duration::from_mins(1);

/// How often in a row the same refusal to answer is taken for something that passes: for a quarter of an hour at least.
/// Older receivers answer 500 to what they will never take.
const MOST_EQUAL_ANSWERS: usize = 40;

/// How long a receiver that is unavailable is tried again.
#[derive(Debug, Clone, Copy)]
pub enum Patience {
    /// No attempt begins after this.
    Until(Instant),
    /// For each request anew, so long after its first attempt.
    Each(Duration),
}

/// How delivering a request ended.
#[derive(Debug)]
pub struct Delivery {
    /// What the last answer means; [`Outcome::Unavailable`] if patience has ended.
    pub outcome: Outcome,
    /// Whether an attempt without a clear end may have been stored, whatever came after it.
    pub maybe_stored: bool,
    /// Whether the answers bear the mark of VictoriaMetrics, the last that there was; `None` if there was none.
    pub is_victoria: Option<bool>,
    /// When it ended.
    pub at: SystemTime,
}

/// Posts `body` until there is an answer that settles it, or patience ends.
///
/// `appends` tells whether the receiver counts twice what it gets twice, if anybody knows. Only if it is known not to is
/// anything sent again that may have been stored. It can be dropped at any moment.
pub async fn deliver(
    client: &Client,
    body: &[u8],
    appends: Option<bool>,
    patience: Patience,
) -> Delivery {
    let mut backoff = Backoff::new(patience, Instant::now());
    let (mut maybe_stored, mut is_victoria) = (false, None);
    let mut attempt = 0;
    loop {
        let ended = client.post(body, attempt, appends).await;
        is_victoria = ended.is_victoria.or(is_victoria);
        let outcome = ended.outcome;
        let Outcome::Unavailable {
            maybe_stored: this_one,
            retry_after,
            reason,
        } = &outcome
        else {
            client.is_new_reason(None);
            return Delivery {
                outcome,
                maybe_stored,
                is_victoria,
                at: SystemTime::now(),
            };
        };
        maybe_stored |= this_one;
        attempt += 1;
        let delay = backoff.delay(reason, *retry_after, Instant::now());
        let Some(delay) = delay.filter(|_| appends == Some(false) || !maybe_stored) else {
            return Delivery {
                outcome,
                maybe_stored,
                is_victoria,
                at: SystemTime::now(),
            };
        };
        // An outage can last for weeks; the pass tells of it too.
        let level = if client.is_new_reason(Some(reason)) {
            log::Level::Warn
        } else {
            log::Level::Debug
        };
        log::log!(
            level,
            "{}: {reason}; attempt {} in {delay:.1?}",
            client.shown(),
            attempt + 1
        );
        sleep(delay).await;
    }
}

/// Puts `question` until there is an answer, or patience ends.
pub async fn ask<T>(patience: Patience, mut question: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let mut backoff = Backoff::new(patience, Instant::now());
    loop {
        let answer = question().await;
        if answer.is_some() {
            return answer;
        }
        sleep(backoff.delay("no answer", None, Instant::now())?).await;
    }
}

/// When to try again, and how long.
struct Backoff {
    delays: ExponentialBackoff,
    end: Instant,
    last_reason: String,
    equal_answers: usize,
}

impl Backoff {
    fn new(patience: Patience, now: Instant) -> Self {
        let delays = ExponentialBuilder::default()
            .with_min_delay(MIN_DELAY)
            .with_max_delay(MAX_DELAY / 2)
            .with_jitter()
            .without_max_times();
        Self {
            delays: delays.build(),
            end: match patience {
                Patience::Until(end) => end,
                Patience::Each(duration) => now + duration,
            },
            last_reason: String::new(),
            equal_answers: 0,
        }
    }

    /// Returns how long to wait after an attempt that failed for `reason`; `None` if patience ends.
    fn delay(
        &mut self,
        reason: &str,
        retry_after: Option<Duration>,
        now: Instant,
    ) -> Option<Duration> {
        if self.last_reason != reason {
            reason.clone_into(&mut self.last_reason);
            self.equal_answers = 0;
        }
        self.equal_answers += 1;
        let delay = self
            .delays
            .next()
            .unwrap_or(MAX_DELAY)
            .max(retry_after.unwrap_or_default())
            .min(MAX_DELAY);
        let has_patience = now + delay <= self.end && self.equal_answers < MOST_EQUAL_ANSWERS;
        has_patience.then_some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    /// Returns the delays after attempts that all fail alike from `began` on, until `length` has gone by or patience
    /// ends, and whether the first came to pass.
    fn through(
        length: Duration,
        patience: Duration,
        wish: Option<Duration>,
    ) -> (Vec<Duration>, bool) {
        let began = Instant::now();
        let mut backoff = Backoff::new(Patience::Until(began + patience), began);
        let (mut now, mut delays) = (began, Vec::new());
        while now < began + length {
            let Some(delay) = backoff.delay("HTTP 503", wish, now) else {
                return (delays, false);
            };
            now += delay;
            delays.push(delay);
        }
        (delays, true)
    }

    #[test]
    fn a_receiver_that_answers_503_for_ten_minutes_is_met_when_it_is_back() {
        let outage = Duration::from_mins(10);
        // Delays are left to chance.
        for _ in 0..100 {
            let (delays, outlived) = through(outage, HOUR, None);
            assert!(outlived, "{delays:?}");
            assert!((10..=30).contains(&delays.len()), "{delays:?}");
            assert!(delays.iter().all(|delay| *delay <= MAX_DELAY), "{delays:?}");
            // By the default schedule the next pass takes over.
            let schedule = Duration::from_mins(5);
            let (delays, outlived) = through(outage, schedule, None);
            let waited: Duration = delays.iter().sum();
            assert!(!outlived && waited <= schedule, "{delays:?}");
            assert!(waited + MAX_DELAY > schedule, "{delays:?}");
        }
    }

    #[test]
    fn a_wish_lengthens_delays_and_no_wish_is_followed_for_hours() {
        let wish = |wish| through(Duration::from_mins(10), HOUR, Some(wish)).0;
        let seconds = Duration::from_secs(45);
        assert!(
            wish(seconds)
                .iter()
                .all(|delay| (seconds..=MAX_DELAY).contains(delay))
        );
        let minutes = wish(HOUR);
        assert!(
            minutes.iter().all(|delay| *delay == MAX_DELAY),
            "{minutes:?}"
        );
    }

    #[test]
    fn what_is_never_taken_is_not_tried_for_ever() {
        let (delays, outlived) = through(HOUR, 2 * HOUR, None);
        assert!(!outlived);
        assert_eq!(delays.len(), MOST_EQUAL_ANSWERS - 1);
        let waited: Duration = delays.iter().sum();
        assert!(waited >= Duration::from_mins(15), "{waited:?}");
    }
}
