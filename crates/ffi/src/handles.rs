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
use std::time::{Duration, Instant};

use cluster_leader::surface::PerProcess;
use cluster_leader::{Elector, Error, Options, State, Status};

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

/// One of the first elections of the process.
struct Staying {
    /// The handle while it is open, then [`CLOSED`].
    open_as: AtomicU64,
    elector: &'static Elector,
    heart: Heart,
}

/// A number that is never looked for among the first.
const CLOSED: Handle = Handle::MAX;

/// How many elections stay. One that was stopped keeps about 6 KiB.
const FIRST_ONES: usize = 256;

static FIRST: [OnceLock<Staying>; FIRST_ONES] = [const { OnceLock::new() }; FIRST_ONES];

/// The others, while they are open. A forked child has none: its parent's lock may be held there for ever.
static LATER: PerProcess<RwLock<BTreeMap<Handle, Passing>>> = PerProcess::new(RwLock::default);

struct Passing {
    elector: Arc<Held>,
    heart: Heart,
}

/// An election that a handle stands for.
enum Held {
    Started(Box<Elector>),
    OfTheProcess(&'static Elector),
}

impl Held {
    fn for_good(self) -> &'static Elector {
        match self {
            Self::Started(elector) => Box::leak(elector),
            Self::OfTheProcess(elector) => elector,
        }
    }
}

impl Deref for Held {
    type Target = Elector;

    fn deref(&self) -> &Elector {
        match self {
            Self::Started(elector) => elector,
            Self::OfTheProcess(elector) => elector,
        }
    }
}

/// Starts an election.
pub(crate) fn start(options: Options, heart: Heart) -> Result<Handle, Error> {
    Ok(open(Held::Started(Box::new(Elector::start(options)?)), heart))
}

/// The process-wide election; only the call that starts it asks for the options.
pub(crate) fn start_default(
    options: impl FnOnce() -> Result<Options, Error>,
    heart: Heart,
) -> Outcome<Handle> {
    static HANDLE: PerProcess<OnceLock<Handle>> = PerProcess::new(OnceLock::new);
    let elector = cluster_leader::default_elector(options)?;
    let handle = *HANDLE.get().get_or_init(|| open(Held::OfTheProcess(elector), heart));
    ask(handle, |_| handle).ok_or_else(|| Problem::DefaultStopped.into())
}

/// Gives an election a handle.
fn open(elector: Held, heart: Heart) -> Handle {
    let handle = next();
    if let Some(place) = FIRST.get(place(handle)) {
        let elector = elector.for_good();
        place.get_or_init(|| Staying { open_as: AtomicU64::new(handle), elector, heart });
    } else {
        later_mut().insert(handle, Passing { elector: Arc::new(elector), heart });
    }
    handle
}

/// Asks an election something, without a lock if it is one of the first; `None` if there is no
/// such election.
#[inline]
pub(crate) fn ask<T>(handle: Handle, question: impl FnOnce(&Elector) -> T) -> Option<T> {
    match first(handle) {
        Some(staying) => Some(question(staying.elector)),
        None => ask_later_one(handle, question),
    }
}

/// As [`ask`], with an error for people; and in a forked child, its parent's elections are none.
pub(crate) fn ask_open<T>(handle: Handle, question: impl FnOnce(&Elector) -> T) -> Outcome<T> {
    let answer = ask(handle, |elector| (!elector.is_inherited()).then(|| question(elector)));
    answer.flatten().ok_or_else(|| Problem::Handle(handle).into())
}

/// Waits for a change of the election that a handle stands for. Who waits while the handle is closed is
/// told the end: the next question would find no election.
pub(crate) fn wait(handle: Handle, elector: &Elector, seen: u64, timeout: Duration) -> Status {
    let until = Instant::now().checked_add(timeout);
    let mut status = elector.wait_for_change(seen, timeout);
    while status.state != State::Stopped && ask(handle, |_| ()).is_none() {
        let left = until.map_or(timeout, |until| until.saturating_duration_since(Instant::now()));
        let next = elector.wait_for_change(status.version, left);
        if next.version == status.version {
            break; // the time is over
        }
        status = next;
    }
    status
}

/// One of the first, if it is open.
#[inline]
fn first(handle: Handle) -> Option<&'static Staying> {
    FIRST.get(place(handle))?.get().filter(|staying| staying.open_as.load(Ordering::Acquire) == handle)
}

#[cold]
#[inline(never)]
fn ask_later_one<T>(handle: Handle, question: impl FnOnce(&Elector) -> T) -> Option<T> {
    later_one(handle).map(|elector| question(&elector))
}

/// Not one of the first. No lock is held while it is asked: it may be stopped meanwhile.
fn later_one(handle: Handle) -> Option<Arc<Held>> {
    later().get(&handle).map(|passing| Arc::clone(&passing.elector))
}

/// Closes the handle, releases what its election holds, and ends it.
pub(crate) fn stop(handle: Handle) -> Outcome<()> {
    let ours = first(handle).filter(|staying| !staying.elector.is_inherited());
    if let Some(staying) = ours.filter(|staying| staying.close(handle)) {
        staying.elector.stop();
        return Ok(());
    }
    let passing = later_mut().remove(&handle).ok_or(Problem::Handle(handle))?;
    passing.elector.stop();
    Ok(())
}

impl Staying {
    /// Whether it was this call that closed it.
    fn close(&self, handle: Handle) -> bool {
        self.open_as.compare_exchange(handle, CLOSED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

/// Closes all handles, releases what this process holds, and ends everything, within `timeout`.
pub(crate) fn shutdown(timeout: Duration) -> Outcome<()> {
    for staying in FIRST.iter().filter_map(OnceLock::get) {
        staying.open_as.store(CLOSED, Ordering::Release);
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
    let first = FIRST.iter().filter_map(OnceLock::get);
    for staying in first.filter(|staying| staying.heart == Heart::Java) {
        staying.elector.beat();
    }
    for passing in later().values().filter(|passing| passing.heart == Heart::Java) {
        passing.elector.beat();
    }
}

/// Counting begins here.
fn base() -> Handle {
    // Not a OnceLock: a child forked while its parent is in here would wait for ever.
    static BASE: AtomicU64 = AtomicU64::new(0);
    match BASE.load(Ordering::Relaxed) {
        0 => {
            let random = RandomState::new().hash_one(std::process::id());
            // Positive in Java too, not 0, and 2^32 further ones before it would be another's.
            let base = (random & 0x7fff_ffff | 1) << 32;
            let first = BASE.compare_exchange(0, base, Ordering::Relaxed, Ordering::Relaxed);
            first.map_or_else(|first| first, |_| base)
        }
        base => base,
    }
}

fn next() -> Handle {
    static GIVEN_OUT: AtomicU64 = AtomicU64::new(0);
    base() + GIVEN_OUT.fetch_add(1, Ordering::Relaxed)
}

/// How many handles were given out before this one.
#[inline]
const fn place(handle: Handle) -> usize {
    (handle & 0xffff_ffff) as usize
}

/// A lock whose holder panicked still guards a whole map.
fn later() -> RwLockReadGuard<'static, BTreeMap<Handle, Passing>> {
    LATER.get().read().unwrap_or_else(PoisonError::into_inner)
}

fn later_mut() -> RwLockWriteGuard<'static, BTreeMap<Handle, Passing>> {
    LATER.get().write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::LazyLock;
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

    /// One election that any number of handles are opened for.
    static ELECTOR: LazyLock<Elector> = LazyLock::new(|| {
        let directory = tempfile::tempdir().unwrap();
        Elector::start(options(&directory)).unwrap()
    });

    fn opened() -> Handle {
        open(Held::OfTheProcess(&ELECTOR), Heart::Host)
    }

    fn resolves(handle: Handle) -> bool {
        ask(handle, Elector::is_leader).is_some()
    }

    #[test]
    fn a_started_election_is_found_until_it_is_stopped() {
        let directory = tempfile::tempdir().unwrap();
        let handle = start(options(&directory), Heart::Host).unwrap();
        assert_eq!(ask(handle, Elector::status).unwrap().election, "handles");
        stop(handle).unwrap();
        assert!(!resolves(handle));
        for result in [ask_open(handle, |_| ()), stop(handle)] {
            let problem = result.unwrap_err();
            assert!(matches!(*problem, Problem::Handle(stale) if stale == handle), "{problem}");
            assert!(problem.to_string().starts_with(&format!("{handle:#x} is not the handle")), "{problem}");
        }
    }

    #[test]
    fn nothing_stands_for_the_closed() {
        let handle = opened();
        assert!(resolves(handle));
        stop(handle).unwrap();
        for handle in [0, CLOSED, handle, place(handle) as Handle] {
            assert!(!resolves(handle), "{handle:#x}");
        }
    }

    #[test]
    fn an_election_that_is_not_one_of_the_first_leaves_no_memory_behind() {
        while place(opened()) < FIRST_ONES {}
        let directory = tempfile::tempdir().unwrap();
        let handle = start(options(&directory), Heart::Host).unwrap();
        let elector = Arc::downgrade(&later_one(handle).unwrap());
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
