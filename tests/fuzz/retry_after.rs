//! What a receiver answers: any `Retry-After` is a wait or none, and any text leaves the status its meaning.

#![no_main]

use std::time::{Duration, SystemTime};

use aw_sync_agent::remote_write::{Answer, Outcome, classify};
use libfuzzer_sys::fuzz_target;

const STATUSES: [u16; 12] = [200, 204, 302, 400, 404, 408, 413, 422, 429, 500, 502, 503];

fuzz_target!(|text: &str| {
    let (header, body) = text.split_once('\n').unwrap_or((text, ""));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_000_000);
    for status in STATUSES {
        let answer = Answer {
            status,
            body,
            retry_after: Some(header),
            ..Answer::default()
        };
        match classify(&answer, now) {
            Outcome::Delivered => assert!(status < 300, "{status}"),
            Outcome::Unavailable {
                maybe_stored,
                retry_after,
                ..
            } => {
                assert!(matches!(status, 408 | 429 | 500..), "{status}");
                assert_eq!(maybe_stored, matches!(status, 408 | 502 | 504), "{status}");
                let seconds = header.trim().parse().ok().map(Duration::from_secs);
                assert!(seconds.is_none() || seconds == retry_after, "{header:?}");
            }
            Outcome::TooLarge { .. } => assert!(matches!(status, 400 | 413), "{status}"),
            Outcome::TooOld { .. } | Outcome::Refused { .. } => {
                assert!(matches!(status, 400 | 409 | 422 | 500..), "{status}");
            }
            Outcome::Misconfigured { .. } => assert!(status < 500 && status != 429, "{status}"),
            Outcome::NotSent(error) => panic!("there was an answer: {error}"),
        }
    }
});
