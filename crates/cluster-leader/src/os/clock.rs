//! The two clocks.

use std::time::{SystemTime, UNIX_EPOCH};

use election::{Instant, WallTime};
use rustix::time::{ClockId, clock_gettime};

/// `CLOCK_BOOTTIME`: monotonic, and it counts while the host is suspended. Read through the
/// vDSO, without a system call.
#[inline]
pub(crate) fn now() -> Instant {
    let time = clock_gettime(ClockId::Boottime);
    // Both fields are never negative on this clock, and 64 bits hold five centuries.
    let seconds = time.tv_sec.cast_unsigned();
    Instant::from_nanos(seconds.wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec.cast_unsigned()))
}

/// The wall clock, for what others read in records.
pub(crate) fn wall_now() -> WallTime {
    let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
    };
    #[cfg(test)]
    let micros = micros.saturating_add(WALL_STEPPED.get());
    WallTime::from_micros(micros)
}

#[cfg(test)]
thread_local! {
    /// For tests: by how many microseconds somebody has set the wall clock, as this thread sees it.
    pub(crate) static WALL_STEPPED: std::cell::Cell<i64> = const { std::cell::Cell::new(0) };
}
