//! The claim as readers see it: one word, no lock.

use std::time::Duration;

use crate::time::Instant;

/// One word that the thread which renews writes and any other reads.
///
/// The memory is the caller's: a page that fork() wipes in production, a model's or a script's in
/// tests.
pub trait Word {
    /// Reads it; later reads of anything are not moved before it.
    fn load(&self) -> u64;
    /// Writes it; visible to every load that begins after this returns.
    fn store(&self, value: u64);
    /// Keeps loads before it, those of the clock among them, before loads after it.
    fn fence();
}

/// Until when we lead, in nanoseconds of the caller's monotonic clock; 0: we do not.
///
/// There is no stored "yes": every answer compares the deadline with a clock read inside the
/// call, so an answer cannot outlive the claim, whatever happens to the thread that renews it.
#[derive(Debug)]
pub struct ClaimCell<W> {
    deadline: W,
}

impl<W: Word> ClaimCell<W> {
    /// A cell over a word, which must be 0 where nothing was claimed yet.
    pub const fn over(word: W) -> Self {
        Self { deadline: word }
    }

    /// Sets the deadline, or withdraws the claim with `None`: no read that reads its clock after
    /// this returns answers by the old value.
    pub fn store(&self, deadline: Option<Instant>) {
        self.deadline.store(deadline.map_or(0, Instant::as_nanos));
    }

    /// How long we still lead; zero if we do not.
    #[inline]
    pub fn remaining(&self, clock: impl FnMut() -> Instant) -> Duration {
        self.read(clock).map_or(Duration::ZERO, |(deadline, now)| deadline.since(now))
    }

    /// Whether we lead now.
    #[inline]
    pub fn is_leading(&self, clock: impl FnMut() -> Instant) -> bool {
        self.read(clock).is_some_and(|(deadline, now)| now < deadline)
    }

    /// The deadline of a claim that stood when the clock was read, and what the clock said.
    ///
    /// The deadline is loaded before *and* after the clock is read: a reader that is held up in
    /// between (a page fault, a preemption) must not answer for a claim withdrawn meanwhile. If it
    /// changed meanwhile, by a renewal as a rule, the reader looks again.
    #[inline]
    fn read(&self, mut clock: impl FnMut() -> Instant) -> Option<(Instant, Instant)> {
        loop {
            let before = self.deadline.load();
            if before == 0 {
                return None; // a follower needs no clock
            }
            let now = clock();
            W::fence();
            let after = self.deadline.load();
            if before == after {
                return Some((Instant::from_nanos(before), now));
            }
        }
    }
}
