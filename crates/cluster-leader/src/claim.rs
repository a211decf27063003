//! The claim as readers see it: one word, no lock.

use std::io;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use election::Instant;

use crate::os::Slot;

/// Until when we lead, in nanoseconds of `CLOCK_BOOTTIME`; 0: we do not.
///
/// There is no stored "yes": every answer compares the deadline with a clock read inside the
/// call, so an answer cannot outlive the claim, whatever happens to the thread that renews it.
pub(crate) struct ClaimCell<W = Slot> {
    deadline: W,
}

/// One shared word. The tests explore every interleaving with loom's.
pub(crate) trait Word {
    fn load(&self) -> u64;
    fn store(&self, value: u64);
    /// Keeps loads before it, those of the clock among them, before loads after it.
    fn fence();
}

impl Word for Slot {
    #[inline]
    fn load(&self) -> u64 {
        self.word().load(Ordering::Acquire)
    }

    fn store(&self, value: u64) {
        self.word().store(value, Ordering::SeqCst);
    }

    #[inline]
    fn fence() {
        fence(Ordering::Acquire);
    }
}

impl ClaimCell {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { deadline: Slot::new()? })
    }
}

impl<W: Word> ClaimCell<W> {
    /// Sets the deadline, or withdraws the claim with `None`: no read that reads its clock after
    /// this returns answers by the old value.
    pub(crate) fn store(&self, deadline: Option<Instant>) {
        self.deadline.store(deadline.map_or(0, Instant::as_nanos));
    }

    /// How long we still lead; zero if we do not.
    #[inline]
    pub(crate) fn remaining(&self, clock: impl FnOnce() -> Instant) -> Duration {
        self.read(clock).map_or(Duration::ZERO, |(deadline, now)| deadline.since(now))
    }

    /// Whether we lead now.
    #[inline]
    pub(crate) fn is_leading(&self, clock: impl FnOnce() -> Instant) -> bool {
        self.read(clock).is_some_and(|(deadline, now)| now < deadline)
    }

    /// The deadline of a claim that stood when the clock was read, and what the clock said.
    ///
    /// The deadline is loaded before *and* after the clock is read: a reader that is held up in
    /// between (a page fault, a preemption) must not answer for a claim withdrawn meanwhile.
    #[inline]
    fn read(&self, clock: impl FnOnce() -> Instant) -> Option<(Instant, Instant)> {
        let before = self.deadline.load();
        if before == 0 {
            return None; // a follower needs no clock
        }
        let now = clock();
        W::fence();
        let after = self.deadline.load();
        (before == after).then_some((Instant::from_nanos(before), now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicBool, AtomicU64};

    struct LoomWord(AtomicU64);

    impl Word for LoomWord {
        fn load(&self) -> u64 {
            self.0.load(Ordering::Acquire)
        }
        fn store(&self, value: u64) {
            self.0.store(value, Ordering::SeqCst);
        }
        fn fence() {
            loom::sync::atomic::fence(Ordering::Acquire);
        }
    }

    const DEADLINE: Instant = Instant::from_nanos(100);

    /// A reader that is held up anywhere, for any time, while the claim is withdrawn: if the
    /// withdrawal was complete when the clock was read, the answer is no.
    #[test]
    fn g1_no_yes_by_a_clock_read_after_the_withdrawal() {
        loom::model(|| {
            let cell = Arc::new(ClaimCell { deadline: LoomWord(AtomicU64::new(0)) });
            cell.store(Some(DEADLINE));
            let withdrawn = Arc::new(AtomicBool::new(false));
            let writer = loom::thread::spawn({
                let (cell, withdrawn) = (cell.clone(), withdrawn.clone());
                move || {
                    cell.store(None);
                    withdrawn.store(true, Ordering::Release);
                }
            });
            let mut withdrawn_at_clock = false;
            let yes = cell.is_leading(|| {
                withdrawn_at_clock = withdrawn.load(Ordering::Acquire);
                Instant::from_nanos(1)
            });
            assert!(!(yes && withdrawn_at_clock), "a yes for a claim that was withdrawn");
            writer.join().unwrap();
            assert!(!cell.is_leading(|| Instant::from_nanos(1)));
        });
    }

    #[test]
    fn g1_the_answer_is_yes_before_the_deadline_and_no_at_it() {
        let cell = ClaimCell::new().unwrap();
        for (deadline, now, remaining) in
            [(None, 0, 0), (Some(100), 99, 1), (Some(100), 100, 0), (Some(100), 101, 0)]
        {
            cell.store(deadline.map(Instant::from_nanos));
            let clock = || Instant::from_nanos(now);
            assert_eq!(cell.remaining(clock), Duration::from_nanos(remaining), "{deadline:?} at {now}");
            assert_eq!(cell.is_leading(clock), remaining > 0);
        }
    }

    #[test]
    fn a_follower_reads_no_clock() {
        let cell = ClaimCell::new().unwrap();
        assert!(!cell.is_leading(|| panic!("a clock was read for nothing")));
    }
}
