//! The two times of an election, kept apart by type so that they cannot be mixed up.

use std::ops::Add;
use std::time::Duration;

/// A point on the caller's monotonic clock, in nanoseconds since an arbitrary origin.
///
/// Every decision rests on this time. The clock must count while the host is suspended
/// (`CLOCK_BOOTTIME` on Linux); an instant means nothing outside the process that read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The instant `nanos` nanoseconds after the clock's origin.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's origin.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this instant is; zero if it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of time, 584 years after the clock's origin.
    fn add(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

/// Wall-clock time in microseconds since the Unix epoch: what a Lease's `MicroTime` can hold.
///
/// It is written into records for others to read and compared with nothing but itself:
/// no decision of an election depends on what time of day it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(i64);

impl WallTime {
    const MICROS_PER_SECOND: i64 = 1_000_000;

    /// The time `micros` microseconds after the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// This time, moved forward by one second if `last` lies in the same whole second.
    ///
    /// client-go compares records at a grain of one second, so a renewal within the second of
    /// the previous one would look to it like no renewal at all.
    #[must_use]
    pub(crate) const fn in_another_second_than(self, last: Self) -> Self {
        if self.0.div_euclid(Self::MICROS_PER_SECOND) == last.0.div_euclid(Self::MICROS_PER_SECOND) {
            Self(self.0.saturating_add(Self::MICROS_PER_SECOND))
        } else {
            self
        }
    }
}
