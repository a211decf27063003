//! The clocks of one host.

use std::time::Duration;

use election::{Instant, WallTime};

/// A monotonic clock that ticks at its own rate from its own origin, and a wall clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// Ticks per thousand of real time.
    pub(crate) per_mille: u32,
    /// What it showed when the world began.
    pub(crate) origin: Duration,
    pub(crate) wall: Wall,
}

/// A wall clock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wall {
    /// It goes, this many seconds from the truth.
    Goes { ahead: i64 },
    /// It stands still at this millisecond.
    Stands { at: i64 },
}

impl Clock {
    pub(crate) const TRUE: Self =
        Self { per_mille: 1000, origin: Duration::from_secs(1000), wall: Wall::Goes { ahead: 0 } };

    /// What it shows at this time of the world.
    pub(crate) fn shows(&self, real: Duration) -> Instant {
        Instant::from_nanos(0) + self.origin + real * self.per_mille / 1000
    }

    /// The first time of the world at which it shows `instant`.
    pub(crate) fn reaches(&self, instant: Instant) -> Duration {
        let ticks = u128::from(instant.as_nanos()).saturating_sub(self.origin.as_nanos());
        let nanos = (ticks * 1000).div_ceil(u128::from(self.per_mille));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// What time of day its host believes it is. The world begins at 1,000,000 s.
    pub(crate) fn wall(&self, real: Duration) -> WallTime {
        let true_micros = 1_000_000_000_000 + i64::try_from(real.as_micros()).unwrap();
        WallTime::from_micros(match self.wall {
            Wall::Goes { ahead } => true_micros + ahead * 1_000_000,
            Wall::Stands { at } => at * 1_000,
        })
    }
}
