use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::{Instant, sleep};

use super::client::Client;
use super::outcome::Outcome;

/// The first delay between two attempts, doubled from then on, each with up to as much again by chance: the agents of
/// a whole office must not come back at the same moment.
const MIN_DELAY: Duration = Duration::from_millis(500);

/// The longest delay, also if the receiver wishes a longer one: it may be wrong by hours, and asking costs little.
const MAX_DELAY: Duration = Duration::from_mins(1);

/// How often in a row the same refusal to answer is taken for something that passes. Older receivers answer 500 to
/// what they will never take.
const MOST_EQUAL_ANSWERS: usize = 20;

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
/// `appends` tells that the receiver counts twice what it gets twice: then nothing is sent again that may have been
/// stored, and its answer is waited for longer. It can be dropped at any moment.
pub async fn deliver(client: &Client, body: &[u8], appends: bool, patience: Patience) -> Delivery {
    let mut delays = ExponentialBuilder::default()
        .with_min_delay(MIN_DELAY)
        .with_max_delay(MAX_DELAY / 2)
        .with_jitter()
        .without_max_times()
        .build();
    let end = match patience {
        Patience::Until(end) => end,
        Patience::Each(duration) => Instant::now() + duration,
    };
    let (mut maybe_stored, mut is_victoria) = (false, None);
    let mut equal_answers = (String::new(), 0);
    let mut attempt = 0;
    loop {
        let answer = client.post(body, attempt, appends).await;
        is_victoria = answer.is_victoria.or(is_victoria);
        let outcome = answer.outcome;
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
        if equal_answers.0 != *reason {
            equal_answers = (reason.clone(), 0);
        }
        equal_answers.1 += 1;
        let delay = delays
            .next()
            .unwrap_or(MAX_DELAY)
            .max(retry_after.unwrap_or_default())
            .min(MAX_DELAY);
        let has_patience = Instant::now() + delay <= end && equal_answers.1 < MOST_EQUAL_ANSWERS;
        if !has_patience || appends && maybe_stored {
            return Delivery {
                outcome,
                maybe_stored,
                is_victoria,
                at: SystemTime::now(),
            };
        }
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
