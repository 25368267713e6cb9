//! Time as the agent counts it: integer nanoseconds, half-open intervals, and the fixed grid of steps.
//!
//! Everything here is pure: no clock, no zone, no floating point. It knows nothing of buckets or series.

mod flood;
mod grid;
mod interval;
mod period;
mod time;

pub use flood::flood;
pub use grid::{STEP, Step, horizon, split, utc_day, utc_day_end};
pub use interval::Interval;
pub use period::Periods;
pub use time::Time;
