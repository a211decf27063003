//! What is going to happen, in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::clock::Real;

/// Something that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Happening {
    /// The request in this slot reaches the store.
    Arrives(u32),
    /// The outcome in this slot reaches whoever sent the request.
    Returns(u32),
    /// The watch with this number opens at this place.
    WatchOpens(u8, u32),
    /// The watch with this number shows its next change.
    WatchShows(u8, u32),
    /// The watch with this number ends.
    WatchEnds(u8, u32),
    /// The store might prove to this place that the holder it waits for is dead.
    Probe(u8),
    /// A reader asks.
    ReaderAsks(u8),
    /// A reader that was held up reads the clock, or loads the claim again.
    ReaderGoesOn(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: Real,
    order: u64,
    what: Happening,
}

/// The agenda of a world.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    entries: BinaryHeap<Reverse<Entry>>,
    added: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, at: Real, what: Happening) {
        self.added += 1;
        self.entries.push(Reverse(Entry { at, order: self.added, what }));
    }

    pub(super) fn next_at(&self) -> Real {
        self.entries.peek().map_or(Real::MAX, |Reverse(entry)| entry.at)
    }

    pub(super) fn take(&mut self) -> Option<Happening> {
        self.entries.pop().map(|Reverse(entry)| entry.what)
    }
}
