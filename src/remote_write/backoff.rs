use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::{Instant, sleep};

use super::client::Client;
use super::outcome::Outcome;

/// The first delay between two attempts, doubled from then on, each with up to as much again by chance: the agents of
/// a whole office must not come back at the same moment.
const MIN_DELAY: Duration = Duration::from_millis(500);

/// The longest delay, also if the receiver wishes a longer one: it may be wrong by hours, and asking costs little.
const MAX_DELAY: Duration = Duration::from_mins(1);

/// How long a receiver that is unavailable is tried again.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// No attempt begins after this.
    pub until: Instant,
}

/// Posts `body` until there is an answer that settles it, or patience ends.
///
/// Returns the last outcome; [`Outcome::Unavailable`] means that patience has ended. `sent_before` tells that the same
/// bytes may have reached the receiver already. It can be dropped at any moment.
pub async fn deliver(
    client: &Client,
    body: &[u8],
    mut sent_before: bool,
    patience: Patience,
) -> Outcome {
    let mut delays = ExponentialBuilder::default()
        .with_min_delay(MIN_DELAY)
        .with_max_delay(MAX_DELAY / 2)
        .with_jitter()
        .without_max_times()
        .build();
    let mut attempt = 0;
    loop {
        let outcome = client.post(body, attempt).await;
        let Outcome::Unavailable {
            retry_after,
            reason,
        } = &outcome
        else {
            return if sent_before && outcome.says_stored_before() {
                Outcome::Delivered
            } else {
                outcome
            };
        };
        sent_before = true;
        attempt += 1;
        let delay = delays
            .next()
            .unwrap_or(MAX_DELAY)
            .max(retry_after.unwrap_or_default())
            .min(MAX_DELAY);
        if Instant::now() + delay > patience.until {
            return outcome;
        }
        log::warn!(
            "{}: {reason}; attempt {} in {delay:.1?}",
            client.url(),
            attempt + 1
        );
        sleep(delay).await;
    }
}
