//! Who tries first when a lease becomes free.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::record::Identity;

/// How long a candidate holds back before it takes what has become free.
///
/// All candidates learn of it at the same time. If all wrote at once, all but one would write in vain;
/// so each waits for its own small part of a window, and those who have seen another's write by then
/// need not try. Nobody knows who else there is, and who is first is another after each holder and in
/// each election: what one dead process held is scattered over those that are left, and nobody is last
/// for as long as it lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Stagger {
    /// Of its name; `None`: nobody holds back.
    election: Option<u64>,
}

impl Stagger {
    /// A write and the event of it fit in several times.
    const WINDOW_NANOS: u64 = 20_000_000;
    /// Longer than the window, so that every one of another generation comes before.
    const SAME_GENERATION: Duration = Duration::from_millis(25);

    pub(crate) fn of(election: &str) -> Self {
        Self { election: Some(hash_of(election)) }
    }

    /// How long to hold back where `predecessor` was the holder before.
    ///
    /// While a Deployment rolls, a successor of the old generation would soon hand over again: the
    /// new one goes first.
    pub(crate) fn after(self, predecessor: Option<&Identity>, us: &Identity) -> Duration {
        let Some(election) = self.election else {
            return Duration::ZERO;
        };
        let share = Duration::from_nanos(hash_of((election, us, predecessor)) % Self::WINDOW_NANOS);
        let generation = us.generation();
        let same = generation.is_some() && predecessor.and_then(Identity::generation) == generation;
        if same { share + Self::SAME_GENERATION } else { share }
    }
}

/// The same in every process of every version of this library that a Rust release builds; candidates
/// need not agree on it.
fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
