//! Handles: numbers that stand for elections, for hosts that cannot own a Rust value.
//!
//! A number is given out once and never again, so a stale handle can never mean another election;
//! and counting begins at a random place, so that of another copy of this library cannot either.
//!
//! The first elections of a process stay where they are for good, stopped or not, so that readers
//! find them without a lock. A host that starts and stops many more must not pay for each with
//! memory: those are found under a lock.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use cluster_leader::{Elector, Error, Options};

use crate::problem::{Outcome, Problem};

/// A number that stands for an election; never 0.
pub(crate) type Handle = u64;

/// Who shows that the host is alive, where the election has a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heart {
    /// The host, by a call for each election.
    Host,
    /// The Java thread that waits for changes, for all elections.
    Java,
}

/// What a handle stands for.
struct Held {
    /// The handle while it is open, then [`CLOSED`].
    open_as: AtomicU64,
    elector: Owned,
    heart: Heart,
}

/// An election, as long as anybody uses it.
#[derive(Clone)]
pub(crate) enum Owned {
    /// One of the first, or the process-wide one.
    ForEver(&'static Elector),
    Counted(Arc<Elector>),
}

impl Deref for Owned {
    type Target = Elector;

    #[inline]
    fn deref(&self) -> &Elector {
        match self {
            Self::ForEver(elector) => elector,
            Self::Counted(elector) => elector,
        }
    }
}

/// A number that is never looked for among the first.
const CLOSED: Handle = Handle::MAX;

/// How many elections stay. One that was stopped keeps about 6 KiB.
const STAYING: usize = 256;

static FIRST: [OnceLock<Held>; STAYING] = [const { OnceLock::new() }; STAYING];

/// The others, while they are open.
static LATER: RwLock<BTreeMap<Handle, Held>> = RwLock::new(BTreeMap::new());

/// Starts an election.
pub(crate) fn start(options: Options, heart: Heart) -> Result<Handle, Error> {
    let elector = Elector::start(options)?;
    let handle = next();
    let elector = if FIRST.get(place(handle)).is_some() {
        Owned::ForEver(Box::leak(Box::new(elector)))
    } else {
        Owned::Counted(Arc::new(elector))
    };
    open(handle, elector, heart);
    Ok(handle)
}

/// The process-wide election; only the call that starts it asks for the options.
pub(crate) fn start_default(
    options: impl FnOnce() -> Result<Options, Error>,
    heart: Heart,
) -> Outcome<Handle> {
    static HANDLE: OnceLock<Handle> = OnceLock::new();
    let elector = cluster_leader::default_elector(options)?;
    let handle = *HANDLE.get_or_init(|| {
        let handle = next();
        open(handle, Owned::ForEver(elector), heart);
        handle
    });
    get(handle).map(|_| handle).map_err(|_| Problem::DefaultStopped.into())
}

fn open(handle: Handle, elector: Owned, heart: Heart) {
    let held = Held { open_as: AtomicU64::new(handle), elector, heart };
    let left = match FIRST.get(place(handle)) {
        Some(place) => place.set(held).err(),
        None => Some(held),
    };
    if let Some(held) = left {
        later_mut().insert(handle, held);
    }
}

/// Asks an election something that takes no time, without a lock if it is one of the first.
#[inline]
pub(crate) fn ask<T>(handle: Handle, question: impl FnOnce(&Elector) -> T) -> Option<T> {
    match first(handle) {
        Some(held) => Some(question(&held.elector)),
        None => get_later(handle).map(|elector| question(&elector)),
    }
}

/// The election behind a handle, for calls that take their time.
pub(crate) fn get(handle: Handle) -> Outcome<Owned> {
    let found = match first(handle) {
        Some(held) => Some(held.elector.clone()),
        None => get_later(handle),
    };
    found.ok_or_else(|| Problem::Handle(handle).into())
}

/// One of the first, if it is open.
#[inline]
fn first(handle: Handle) -> Option<&'static Held> {
    FIRST.get(place(handle))?.get().filter(|held| held.open_as.load(Ordering::Acquire) == handle)
}

#[cold]
fn get_later(handle: Handle) -> Option<Owned> {
    later().get(&handle).map(|held| held.elector.clone())
}

/// Closes the handle, releases what its election holds, and ends it.
pub(crate) fn stop(handle: Handle) -> Outcome<()> {
    let closed = first(handle)
        .filter(|held| held.close(handle))
        .map(|held| held.elector.clone())
        .or_else(|| later_mut().remove(&handle).map(|held| held.elector));
    closed.ok_or(Problem::Handle(handle))?.stop();
    Ok(())
}

impl Held {
    /// Whether it was this call that closed it.
    fn close(&self, handle: Handle) -> bool {
        self.open_as.compare_exchange(handle, CLOSED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

/// Closes all handles, releases what this process holds, and ends everything, within `timeout`.
pub(crate) fn shutdown(timeout: Duration) -> Outcome<()> {
    for held in FIRST.iter().filter_map(OnceLock::get) {
        held.open_as.store(CLOSED, Ordering::Release);
    }
    let closed = std::mem::take(&mut *later_mut());
    if cluster_leader::shutdown(timeout) {
        return Ok(());
    }
    // Dropping an election that has not ended waits for it, beyond the caller's bound.
    std::mem::forget(closed);
    Err(Problem::Timeout(timeout).into())
}

/// Java lives: says so to the elections that Java started.
pub(crate) fn beat_for_java() {
    let later = later();
    let all = FIRST.iter().filter_map(OnceLock::get).chain(later.values());
    for held in all.filter(|held| held.heart == Heart::Java) {
        held.elector.beat();
    }
}

/// Handles count from a random multiple of 2^32 on.
fn next() -> Handle {
    static NEXT: OnceLock<AtomicU64> = OnceLock::new();
    let next = NEXT.get_or_init(|| {
        let random = RandomState::new().hash_one(std::process::id());
        // Positive in Java too, not 0, and 2^63 further ones before it would be.
        AtomicU64::new((random & 0x7fff_ffff | 1) << 32)
    });
    next.fetch_add(1, Ordering::Relaxed)
}

/// The how-manieth election of the process has this handle.
#[inline]
const fn place(handle: Handle) -> usize {
    (handle & 0xffff_ffff) as usize
}

/// A lock whose holder panicked still guards a whole map.
fn later() -> RwLockReadGuard<'static, BTreeMap<Handle, Held>> {
    LATER.read().unwrap_or_else(PoisonError::into_inner)
}

fn later_mut() -> RwLockWriteGuard<'static, BTreeMap<Handle, Held>> {
    LATER.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;

    use cluster_leader::StoreChoice;
    use proptest::prelude::*;

    use super::*;

    /// An election of its own, on files that are gone when the test is over.
    fn options(directory: &tempfile::TempDir) -> Options {
        Options::new()
            .election("handles")
            .store(StoreChoice::File(Some(directory.path().to_owned())))
            .retry_period(Duration::from_millis(200))
    }

    /// A handle of an election that was not started for it.
    fn opened() -> Handle {
        static ELECTOR: OnceLock<&Elector> = OnceLock::new();
        let elector = ELECTOR.get_or_init(|| {
            let directory = tempfile::tempdir().unwrap();
            Box::leak(Box::new(Elector::start(options(&directory)).unwrap()))
        });
        let handle = next();
        open(handle, Owned::ForEver(elector), Heart::Host);
        handle
    }

    fn resolves(handle: Handle) -> bool {
        let answers = [ask(handle, Elector::is_leader).is_some(), get(handle).is_ok()];
        assert_eq!(answers[0], answers[1]);
        answers[0]
    }

    #[test]
    fn a_started_election_is_found_until_it_is_stopped() {
        let directory = tempfile::tempdir().unwrap();
        let handle = start(options(&directory), Heart::Host).unwrap();
        assert_eq!(get(handle).unwrap().status().election, "handles");
        stop(handle).unwrap();
        assert!(!resolves(handle));
        for result in [get(handle).map(|_| ()), stop(handle)] {
            let problem = result.unwrap_err();
            assert!(matches!(*problem, Problem::Handle(stale) if stale == handle), "{problem}");
            assert!(problem.to_string().starts_with(&format!("{handle:#x} is not the handle")), "{problem}");
        }
        assert!(!resolves(0) && !resolves(CLOSED));
    }

    #[test]
    fn an_election_that_is_not_one_of_the_first_leaves_no_memory_behind() {
        while place(opened()) < STAYING {}
        let directory = tempfile::tempdir().unwrap();
        let handle = start(options(&directory), Heart::Host).unwrap();
        let elector = match get(handle).unwrap() {
            Owned::Counted(elector) => Arc::downgrade(&elector),
            Owned::ForEver(_) => panic!("it stays"),
        };
        stop(handle).unwrap();
        assert!(elector.upgrade().is_none());
    }

    #[test]
    fn of_many_threads_that_stop_a_handle_one_does() {
        for _ in 0..100 {
            let handle = opened();
            let threads = [(); 4].map(|()| thread::spawn(move || stop(handle).is_ok()));
            let stopped = threads.map(|thread| thread.join().unwrap());
            assert_eq!(stopped.into_iter().filter(|stopped| *stopped).count(), 1);
            assert!(!resolves(handle));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// What a host may do in any order: open, ask, stop, and ask or stop what is no more.
        #[test]
        fn a_stale_or_foreign_handle_never_resolves(
            steps in prop::collection::vec((0..3_u8, any::<prop::sample::Index>()), 1..60),
            foreign in any::<u64>(),
        ) {
            let (mut live, mut stale) = (BTreeSet::new(), BTreeSet::new());
            for (step, index) in steps {
                let known: Vec<_> = live.union(&stale).copied().collect();
                match (step, known.is_empty()) {
                    (0, _) | (_, true) => {
                        let handle = opened();
                        prop_assert!(handle != 0 && !stale.contains(&handle) && live.insert(handle));
                    }
                    (1, false) => {
                        let handle = *index.get(&known);
                        prop_assert_eq!(resolves(handle), live.contains(&handle));
                    }
                    _ => {
                        let handle = *index.get(&known);
                        prop_assert_eq!(stop(handle).is_ok(), live.remove(&handle));
                        stale.insert(handle);
                    }
                }
            }
            for handle in stale {
                prop_assert!(!resolves(handle));
            }
            prop_assert!(!resolves(foreign), "one in 2^64");
            for handle in live {
                prop_assert!(resolves(handle));
                for bit in 32..64 {
                    prop_assert!(!resolves(handle ^ (1 << bit)), "one of another copy");
                }
                stop(handle).unwrap();
            }
        }
    }
}
