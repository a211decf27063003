//! Randomness from a seed: a run can be repeated exactly.

use std::time::Duration;

/// SplitMix64 (Steele, Lea, Flood 2014): one word of state, ample for spreading retries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A duration between `period` and twice that.
    pub(crate) fn stretch(&mut self, period: Duration) -> Duration {
        let nanos = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
        let extra = self.next().checked_rem(nanos).unwrap_or(0);
        period.saturating_add(Duration::from_nanos(extra))
    }
}
