//! What a forked child must not share with its parent.
#![allow(unsafe_code)]

use std::process;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use super::Slot;

/// Which process this is: another number in a forked child.
///
/// It is not the process id: in another PID namespace a child may have its parent's.
pub(crate) fn this_process() -> u64 {
    static MARK: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());
    static PROCESSES: AtomicU64 = AtomicU64::new(0);
    let mut mark = MARK.load(Ordering::Acquire);
    if mark.is_null() {
        let Ok(slot) = Slot::new() else { return u64::from(process::id()) };
        let slot = Box::into_raw(Box::new(slot));
        match MARK.compare_exchange(mark, slot, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => mark = slot,
            Err(first) => {
                // SAFETY: made above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(slot) });
                mark = first;
            }
        }
    }
    // SAFETY: not null, so it is a box that was given away above and is never freed.
    let word = unsafe { (*mark).word() };
    match word.load(Ordering::Acquire) {
        0 => {
            // The first, or a child that finds the page wiped.
            let number = PROCESSES.fetch_add(1, Ordering::Relaxed) + 1;
            word.compare_exchange(0, number, Ordering::AcqRel, Ordering::Acquire)
                .map_or_else(|first| first, |_| number)
        }
        number => number,
    }
}

/// A value of which each process has its own.
///
/// A forked child finds a fresh one, whatever its parent's threads were doing with theirs at that
/// moment: a lock that they held would never be let go of in the child, where they do not run.
/// What the parent's value owns is neither used nor ended there.
#[derive(Debug)]
pub struct PerProcess<T: 'static> {
    current: AtomicPtr<Entry<T>>,
    fresh: fn() -> T,
}

#[derive(Debug)]
struct Entry<T> {
    process: u64,
    value: T,
    /// For nobody but those who look for memory that was lost.
    _of_parent: *mut Self,
}

impl<T: Send + Sync> PerProcess<T> {
    /// Nothing yet: `fresh` makes the value when it is asked for first.
    #[must_use]
    pub const fn new(fresh: fn() -> T) -> Self {
        Self { current: AtomicPtr::new(ptr::null_mut()), fresh }
    }

    /// This process's own. `fresh` may be called by several threads at once; all get the same value.
    pub fn get(&'static self) -> &'static T {
        let process = this_process();
        let mut known = self.current.load(Ordering::Acquire);
        loop {
            // SAFETY: null, or a box that was given away below and is never freed.
            if let Some(entry) = unsafe { known.as_ref() }
                && entry.process == process
            {
                return &entry.value;
            }
            let entry = Box::new(Entry { process, value: (self.fresh)(), _of_parent: known });
            let entry = Box::into_raw(entry);
            match self.current.compare_exchange(known, entry, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => known = entry,
                Err(first) => {
                    // SAFETY: made above, and nobody else has seen it.
                    drop(unsafe { Box::from_raw(entry) });
                    known = first;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::thread;

    use super::*;

    static OURS: PerProcess<Mutex<Vec<u32>>> = PerProcess::new(Mutex::default);

    #[test]
    fn all_threads_have_the_same_value() {
        static COUNTED: PerProcess<Mutex<u32>> = PerProcess::new(Mutex::default);
        let threads = [(); 8].map(|()| thread::spawn(|| *COUNTED.get().lock().unwrap() += 1));
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*COUNTED.get().lock().unwrap(), 8);
    }

    #[test]
    fn g11_a_forked_child_finds_a_fresh_value_though_its_parents_was_locked() {
        let mut ours = OURS.get().lock().unwrap();
        ours.push(7);
        let number = this_process();
        // SAFETY: the child allocates and exits; it takes no lock that the parent may have held.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let fresh = OURS.get().try_lock().is_ok_and(|theirs| theirs.is_empty());
            // SAFETY: ends the child without running this process's exit handlers.
            unsafe { libc::_exit(i32::from(!fresh || this_process() == number)) };
        }
        let mut status = 0;
        // SAFETY: waits for the child forked above; `status` is a valid place.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "the child found its parent's");
        drop(ours);
        assert_eq!((OURS.get().lock().unwrap().as_slice(), this_process()), ([7].as_slice(), number));
    }
}
