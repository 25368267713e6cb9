//! What ActivityWatch itself shows of a day, set against what a receiver has of it.
//!
//! Pure: which query to ask ActivityWatch ([`canonical_query`]), and how the answers of both
//! compare. Who is asked, and how a person is told, is for the caller.

mod canonical;
mod comparison;
mod shown;

pub use canonical::{EVENTS, WINDOWS, canonical_query, is_asked};
pub use comparison::{Comparison, Row, Table};
pub use shown::{Names, Shown, Sum, Windows};
