//! What is compared all over: seconds by the value of a label.

use crate::harness::activity::Totals;
use crate::harness::{Receiver, midnight};

/// The seconds of yesterday that `receiver` has.
pub(crate) fn yesterday(receiver: &dyn Receiver, selector: &str, label: &str) -> Totals {
    receiver.totals(selector, label, midnight(1), midnight(0))
}

/// The seconds that a test knows.
pub(crate) fn seconds(known: &[(&str, u32)]) -> Totals {
    known
        .iter()
        .map(|&(value, seconds)| (value.to_owned(), seconds.into()))
        .collect()
}

/// Asserts that both are the same to half a millisecond. That is far above what adding up a million floating-point
/// numbers loses, and below what ActivityWatch stores.
#[track_caller]
pub(crate) fn assert_equal(found: &Totals, truth: &Totals) {
    assert_close(found, truth, 0.0005);
}

/// Asserts that both are the same to a few seconds' fraction, where ActivityWatch itself cuts each event's start to
/// milliseconds whenever it closes a gap.
#[track_caller]
pub(crate) fn assert_close(found: &Totals, truth: &Totals, seconds: f64) {
    let agree = |(one, other): ((&String, &f64), (&String, &f64))| {
        one.0 == other.0 && (one.1 - other.1).abs() < seconds
    };
    assert!(
        found.len() == truth.len() && found.iter().zip(truth).all(agree),
        "found {found:#?}\ntruth {truth:#?}"
    );
}
