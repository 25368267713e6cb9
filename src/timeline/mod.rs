//! Time as the agent counts it: integer nanoseconds, half-open intervals, and the fixed grid of steps.
//!
//! Everything here is pure: no clock, no zone, no floating point. It knows nothing of buckets or series.

mod grid;
mod interval;
mod overlap;
mod time;

pub use grid::{STEP, Step, horizon, split, utc_day_end};
pub use interval::Interval;
pub use overlap::without_overlap;
pub use time::Time;
