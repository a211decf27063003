//! Handles: numbers that stand for elections, for hosts that cannot own a Rust value.
//!
//! A number is given out once and never again, so a stale handle can never mean another election;
//! and counting begins at a random place, so that of another copy of this library cannot either.
//!
//! Hot reads take no lock: each thread remembers the elections that it asked last.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use cluster_leader::{Elector, Error, Options};

use crate::problem::Problem;

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
#[derive(Debug)]
pub(crate) struct Held {
    elector: Owner,
    heart: Heart,
    /// Until the handle is closed. Threads that remember the election look here.
    is_open: AtomicBool,
}

#[derive(Debug)]
enum Owner {
    Host(Elector),
    /// The process-wide election lives as long as the library.
    Library(&'static Elector),
}

impl Deref for Held {
    type Target = Elector;

    #[inline]
    fn deref(&self) -> &Elector {
        match &self.elector {
            Owner::Host(elector) => elector,
            Owner::Library(elector) => elector,
        }
    }
}

static OPEN: RwLock<BTreeMap<Handle, Arc<Held>>> = RwLock::new(BTreeMap::new());

/// How many elections a thread remembers. Successive handles have places of their own.
const REMEMBERED: usize = 4;

type Remembered = Option<(Handle, Arc<Held>)>;

thread_local! {
    static LAST: RefCell<[Remembered; REMEMBERED]> = const { RefCell::new([None, None, None, None]) };
}

/// Starts an election.
pub(crate) fn start(options: Options, heart: Heart) -> Result<Handle, Error> {
    Ok(open(Owner::Host(Elector::start(options)?), heart))
}

/// The process-wide election; only the call that starts it asks for the options.
pub(crate) fn start_default(
    options: impl FnOnce() -> Result<Options, Error>,
    heart: Heart,
) -> Result<Handle, Problem> {
    static HANDLE: OnceLock<Handle> = OnceLock::new();
    let elector = cluster_leader::default_elector(options)?;
    let handle = *HANDLE.get_or_init(|| open(Owner::Library(elector), heart));
    get(handle).map(|_| handle).map_err(|_| Problem::DefaultStopped)
}

fn open(elector: Owner, heart: Heart) -> Handle {
    let handle = next();
    all_mut().insert(handle, Arc::new(Held { elector, heart, is_open: AtomicBool::new(true) }));
    handle
}

/// Asks an election something that takes no time: no lock is taken if this thread asked it lately.
#[inline]
pub(crate) fn ask<T>(handle: Handle, question: impl Fn(&Elector) -> T) -> Result<T, Problem> {
    let answer = LAST.try_with(|last| {
        let last = last.try_borrow().ok()?;
        match last.get(place_of(handle))? {
            Some((known, held)) if *known == handle && held.is_open.load(Ordering::Acquire) => {
                Some(question(held))
            }
            _ => None,
        }
    });
    match answer {
        Ok(Some(answer)) => Ok(answer),
        // Not asked lately, or the thread is ending and remembers nothing any more.
        _ => get_and_remember(handle).map(|held| question(&held)),
    }
}

#[cold]
fn get_and_remember(handle: Handle) -> Result<Arc<Held>, Problem> {
    let found = get(handle);
    let remembered = found.as_ref().ok().map(|held| (handle, Arc::clone(held)));
    let forgotten = LAST.try_with(|last| {
        let mut last = last.try_borrow_mut().ok()?;
        last.get_mut(place_of(handle)).map(|place| std::mem::replace(place, remembered))
    });
    // Perhaps the last reference: dropped when nothing is borrowed.
    drop(forgotten);
    found
}

#[inline]
const fn place_of(handle: Handle) -> usize {
    #[allow(clippy::cast_possible_truncation, reason = "the remainder is below REMEMBERED")]
    let place = (handle % REMEMBERED as u64) as usize;
    place
}

/// The election behind a handle, for calls that may take their time.
pub(crate) fn get(handle: Handle) -> Result<Arc<Held>, Problem> {
    all().get(&handle).cloned().ok_or(Problem::Handle(handle))
}

/// Closes the handle, releases what its election holds, and ends it.
pub(crate) fn stop(handle: Handle) -> Result<(), Problem> {
    let held = all_mut().remove(&handle).ok_or(Problem::Handle(handle))?;
    held.is_open.store(false, Ordering::Release);
    held.stop();
    Ok(())
}

/// Closes all handles, releases what this process holds, and ends everything, within `timeout`.
pub(crate) fn shutdown(timeout: Duration) -> Result<(), Problem> {
    let closed = std::mem::take(&mut *all_mut());
    for held in closed.values() {
        held.is_open.store(false, Ordering::Release);
    }
    if cluster_leader::shutdown(timeout) {
        return Ok(());
    }
    // Dropping an election that has not ended waits for it, beyond the caller's bound.
    std::mem::forget(closed);
    Err(Problem::Timeout(timeout))
}

/// Java lives: says so to the elections that Java started.
pub(crate) fn beat_for_java() {
    for held in all().values().filter(|held| held.heart == Heart::Java) {
        held.beat();
    }
}

fn next() -> Handle {
    static NEXT: OnceLock<AtomicU64> = OnceLock::new();
    let next = NEXT.get_or_init(|| {
        let random = RandomState::new().hash_one(std::process::id());
        // Positive in Java too, not 0, and 2^63 further ones before it would be.
        AtomicU64::new((random & 0x7fff_ffff | 1) << 32)
    });
    next.fetch_add(1, Ordering::Relaxed)
}

/// A lock whose holder panicked still guards a whole map.
fn all() -> RwLockReadGuard<'static, BTreeMap<Handle, Arc<Held>>> {
    OPEN.read().unwrap_or_else(PoisonError::into_inner)
}

fn all_mut() -> RwLockWriteGuard<'static, BTreeMap<Handle, Arc<Held>>> {
    OPEN.write().unwrap_or_else(PoisonError::into_inner)
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

    /// One that handles can be opened on without starting anything.
    fn shared_elector() -> &'static Elector {
        static ELECTOR: OnceLock<&Elector> = OnceLock::new();
        ELECTOR.get_or_init(|| {
            let directory = tempfile::tempdir().unwrap();
            Box::leak(Box::new(Elector::start(options(&directory)).unwrap()))
        })
    }

    fn resolves(handle: Handle) -> bool {
        let answers =
            [ask(handle, Elector::is_leader).is_ok(), get(handle).is_ok(), ask(handle, |_| ()).is_ok()];
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        answers[0]
    }

    #[test]
    fn a_started_election_is_found_until_it_is_stopped() {
        let directory = tempfile::tempdir().unwrap();
        let handle = start(options(&directory), Heart::Host).unwrap();
        assert_eq!(get(handle).unwrap().status().election, "handles");
        stop(handle).unwrap();
        for result in [get(handle).map(|_| ()), ask(handle, |_| ()), stop(handle)] {
            let problem = result.unwrap_err();
            assert!(matches!(problem, Problem::Handle(stale) if stale == handle), "{problem}");
            assert!(problem.to_string().starts_with(&format!("{handle:#x} is not the handle")), "{problem}");
        }
        assert!(!resolves(0));
    }

    #[test]
    fn a_thread_that_remembers_an_election_learns_that_another_stopped_it() {
        let handle = open(Owner::Library(shared_elector()), Heart::Host);
        assert!(resolves(handle));
        thread::spawn(move || {
            assert!(resolves(handle));
            stop(handle).unwrap();
        })
        .join()
        .unwrap();
        assert!(!resolves(handle));
    }

    #[test]
    fn what_a_thread_remembers_of_a_stopped_election_goes_with_the_next_question() {
        let directory = tempfile::tempdir().unwrap();
        let handle = start(options(&directory), Heart::Host).unwrap();
        ask(handle, |_| ()).unwrap();
        let held = Arc::downgrade(&get(handle).unwrap());
        stop(handle).unwrap();
        assert!(held.upgrade().is_some(), "remembered");
        assert!(!resolves(handle));
        assert!(held.upgrade().is_none(), "forgotten");
    }

    #[test]
    fn handles_that_share_a_place_in_memory_are_told_apart() {
        let all: Vec<_> =
            (0..5 * REMEMBERED).map(|_| open(Owner::Library(shared_elector()), Heart::Host)).collect();
        for stopped in 0..all.len() {
            for (index, handle) in all.iter().enumerate() {
                assert_eq!(resolves(*handle), index >= stopped);
            }
            stop(all[stopped]).unwrap();
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
                        let handle = open(Owner::Library(shared_elector()), Heart::Host);
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
                stop(handle).unwrap();
            }
        }
    }
}
