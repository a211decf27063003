//! Where the claim is kept for readers: a word in a page that fork() wipes.

use std::sync::atomic::{Ordering, fence};

use election::Word;

use crate::os::Slot;

/// The claim of one election of this process.
pub(crate) type ClaimCell = election::ClaimCell<Slot>;

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

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use election::{ClaimCell, Instant, Word};
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicBool, AtomicU64};

    use crate::os::Slot;

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
            let cell = Arc::new(ClaimCell::over(LoomWord(AtomicU64::new(0))));
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
        let cell = ClaimCell::over(Slot::new().unwrap());
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
        let cell = ClaimCell::over(Slot::new().unwrap());
        assert!(!cell.is_leading(|| panic!("a clock was read for nothing")));
    }
}
