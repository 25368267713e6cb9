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
    let agree = |(one, other): ((&String, &f64), (&String, &f64))| {
        one.0 == other.0 && (one.1 - other.1).abs() < 0.0005
    };
    assert!(
        found.len() == truth.len() && found.iter().zip(truth).all(agree),
        "found {found:#?}\ntruth {truth:#?}"
    );
}
