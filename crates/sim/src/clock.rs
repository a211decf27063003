//! The clocks of one host, and the real time that nobody in the world can see.

use std::time::Duration;

use election::{Instant, WallTime};

/// Real time: nanoseconds since the world began.
pub type Real = u64;

/// One second of [`Real`] time.
pub const SECOND: Real = 1_000_000_000;
/// One millisecond of [`Real`] time.
pub const MILLISECOND: Real = 1_000_000;
/// One microsecond of [`Real`] time.
pub const MICROSECOND: Real = 1_000;

/// A duration as a number of nanoseconds.
#[must_use]
pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A `CLOCK_BOOTTIME` that ticks at its own rate from its own origin, and a wall clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostClock {
    /// It ticks `rate.0` nanoseconds while `rate.1` of real time pass.
    pub rate: (u32, u32),
    /// What it showed when the world began.
    pub origin: u64,
    /// How far the wall clock is ahead of the truth, in microseconds.
    pub wall_ahead: i64,
    /// The wall clock stands still at this time.
    pub wall_stands: Option<WallTime>,
}

impl HostClock {
    /// The true wall time when the world begins.
    const DAWN_MICROS: i64 = 1_700_000_000_000_000;

    /// A clock without fault.
    pub const TRUE: Self = Self { rate: (1, 1), origin: 1_000 * SECOND, wall_ahead: 0, wall_stands: None };

    /// What it shows at `real`.
    #[must_use]
    pub fn shows(&self, real: Real) -> Instant {
        let (ticks, of) = self.rate;
        Instant::from_nanos(self.origin + real * u64::from(ticks) / u64::from(of))
    }

    /// The first real time at which it shows `instant`.
    #[must_use]
    pub fn reaches(&self, instant: Instant) -> Real {
        let (ticks, of) = self.rate;
        let elapsed = instant.as_nanos().saturating_sub(self.origin);
        match elapsed.checked_mul(u64::from(of)) {
            Some(scaled) => scaled.div_ceil(u64::from(ticks)),
            None => Real::MAX,
        }
    }

    /// How much real time passes while it ticks `duration`, at most.
    #[must_use]
    pub fn real(&self, duration: Duration) -> Real {
        let (ticks, of) = self.rate;
        nanos(duration).saturating_mul(u64::from(of)).div_ceil(u64::from(ticks))
    }

    /// What time of day its host believes it is.
    #[must_use]
    pub fn wall(&self, real: Real) -> WallTime {
        self.wall_stands.unwrap_or_else(|| {
            let passed = i64::try_from(real / MICROSECOND).unwrap_or(i64::MAX);
            WallTime::from_micros(Self::DAWN_MICROS + passed + self.wall_ahead)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_shows_an_instant_when_it_reaches_it_and_not_before() {
        for rate in [(1, 1), (3, 2), (2, 3), (10_000, 9_000), (123_457, 100_000)] {
            let clock = HostClock { rate, ..HostClock::TRUE };
            for nanos in [0, 1, 2, 3, 999, 1_000_000_007, 15 * SECOND] {
                let instant = Instant::from_nanos(clock.origin + nanos);
                let real = clock.reaches(instant);
                assert!(clock.shows(real) >= instant, "{rate:?} {nanos}");
                assert!(real == 0 || clock.shows(real - 1) < instant, "{rate:?} {nanos}");
            }
        }
    }
}
