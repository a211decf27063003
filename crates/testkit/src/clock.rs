//! `CLOCK_BOOTTIME`: the clock that every decision is made by, and every time in a record is of.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Now.
#[must_use]
pub fn boottime() -> Duration {
    read(ClockId::Boottime)
}

/// Now, in nanoseconds, as in the record of answers.
#[must_use]
pub fn boottime_nanos() -> u64 {
    nanos(boottime())
}

/// What is to be added to `CLOCK_MONOTONIC` for `CLOCK_BOOTTIME`, in nanoseconds: a constant, unless the
/// machine is suspended.
#[must_use]
pub fn boottime_offset_nanos() -> u64 {
    nanos(boottime().saturating_sub(read(ClockId::Monotonic)))
}

/// So many nanoseconds.
#[must_use]
pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("fewer than 585 years")
}

fn read(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).expect("these clocks are not negative")
}
