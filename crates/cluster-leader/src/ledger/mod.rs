//! The ledger: what a leader leaves to the next, in the record itself.
//!
//! A leader that knows what its predecessor has done need neither do it again nor leave it out. So the record
//! carries a small map, which only the leader writes, with its own guarded writes: whoever was deposed cannot.
//! The election carries it as a text that it does not read (see `cluster-leader-election`); here it gets its
//! meaning, and here its users meet the driver.
//!
//! | file | what |
//! |---|---|
//! | `book.rs` | the map, its text, its bounds: pure |
//! | `desk.rs` | the lock between users and the driver; who waits for a flush |
//!
//! # Why it is as it is
//!
//! *An entry has two times and a few bytes*, not one value: a scheduler must tell a run that was begun from one
//! that was ended, and both must outlive clocks that differ; so the ledger handles the time, and nothing else.
//! *Times are ages*, as of the write. A standby sees the write within a watch's latency and counts on from
//! there by its own monotonic clock. Wall clocks count only where no living process saw it.
//! *The driver fetches the text*, just before the election decides anything: it is as of the write, and what was
//! set between two renewals costs nothing but a lock. *A flush is a wish for a write*, not a write of its own:
//! all wishes until the next write share it.
//! *Nothing is caught up on a guess*: [`LedgerState`] says whether the map says what was done, and where it does not,
//! an empty map is not to be taken for "nothing was done".

mod book;
mod desk;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use book::Entry;
pub(crate) use desk::Desk;

use crate::driver::Command;
use crate::error::Error;
use crate::os;
use crate::shared::Shared;

/// What is known of the work of earlier leaders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LedgerState {
    /// The ledger says it: what is not in it was not noted.
    Known,
    /// Nothing: no ledger has been seen yet.
    #[default]
    Empty,
    /// Nothing: there was a ledger, and another elector has written without it, or the record was deleted.
    Lost,
    /// Nothing: the record bears a ledger that this version cannot read.
    Unreadable,
}

impl LedgerState {
    /// In one word, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Empty => "empty",
            Self::Lost => "lost",
            Self::Unreadable => "unreadable",
        }
    }
}

/// The ledger of an election: a small map that its leaders leave to their successors, in the record itself.
///
/// Everybody reads it, as it is in the newest record seen; only the leader changes it. What it changes is
/// written with its next renewal (half a renew deadline later at most) and with the release, or at once by
/// [`flush`](Self::flush). What is written, every later leader has at hand when it acquires.
///
/// It is for a few bytes on each of some hundred jobs: 64 KiB at most, for anybody to read who may read the
/// Lease. All methods may be called from any thread. None but [`flush`](Self::flush) blocks.
#[derive(Clone, Copy, Debug)]
pub struct Ledger<'a> {
    shared: &'a Shared,
}

impl<'a> Ledger<'a> {
    pub(crate) const fn of(shared: &'a Shared) -> Self {
        Self { shared }
    }

    /// What is noted under this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Entry> {
        self.desk().get(name, os::now())
    }

    /// All entries. A name that this process has not used itself is shown as the eight letters of its hash.
    #[must_use]
    pub fn entries(&self) -> Vec<(String, Entry)> {
        self.desk().entries(os::now())
    }

    /// Whether it says what earlier leaders have done. While this process leads: what it had at hand when its term
    /// began.
    #[must_use]
    pub fn state(&self) -> LedgerState {
        self.desk().state()
    }

    /// Whether the leader before stepped down and its process went on, and nothing was noted since: what it had
    /// begun may still be under way. `false` if it stopped, was unfit, or fell silent. While this process leads: when its
    /// term began.
    #[must_use]
    pub fn is_handed_over(&self) -> bool {
        self.desk().is_handed_over()
    }

    /// Notes this under this name, in place of what was there.
    ///
    /// # Errors
    /// [`Error::NotLeading`]; [`Error::LedgerEntry`] or [`Error::LedgerFull`] if it is too large. Nothing has
    /// changed then.
    pub fn set(&self, name: &str, entry: Entry) -> Result<(), Error> {
        self.leading()?;
        if let Some(warning) = self.desk().set(name, entry, os::now())? {
            tracing::warn!("{}: {warning}", self.shared.resolved().place.describe());
        }
        Ok(())
    }

    /// Notes nothing under this name any more. Whether there was anything.
    ///
    /// # Errors
    /// [`Error::NotLeading`].
    pub fn remove(&self, name: &str) -> Result<bool, Error> {
        self.leading()?;
        self.desk().remove(name)
    }

    /// Has everything written that was noted before this call, and waits for that. Flushes of many threads share
    /// a write; there are two a second at most.
    ///
    /// Blocks for `timeout` at most: until the store has acknowledged it, as a rule a round trip, or up to half a
    /// second more.
    ///
    /// # Errors
    /// [`Error::NotLeading`]: nothing was sent for it. [`Error::Unanswered`]: it may have been written, or may be
    /// yet, or not.
    pub fn flush(&self, timeout: Duration) -> Result<(), Error> {
        self.leading()?;
        let Some(pending) = self.desk().begin_flush()? else { return Ok(()) };
        self.shared.send(Command::Flush);
        if self.desk().await_flush(pending, timeout) {
            return Ok(());
        }
        let place = self.shared.resolved().place.describe();
        Err(Error::Unanswered(if self.leading().is_err() {
            format!(
                "{place}: this process leads no more, and whether its ledger was still written is unknown"
            )
        } else {
            format!(
                "{place}: no acknowledgement within {timeout:?} that the ledger was written: it may have been, or may be yet"
            )
        }))
    }

    /// All of it, for people and programs: a JSON object with `state`, `handed_over`, `bytes`, `most_bytes` and `entries`,
    /// each with `name` (or null), `key`, `started_ms_ago`, `ended_ms_ago` (or null) and `bytes` (base 64, URL alphabet).
    #[must_use]
    pub fn to_json(&self) -> String {
        self.desk().to_json(os::now()).to_string()
    }

    const fn desk(&self) -> &'a Desk {
        self.shared.ledger()
    }

    fn leading(&self) -> Result<(), Error> {
        if self.shared.claim().is_leading(os::now) { Ok(()) } else { Err(Error::NotLeading) }
    }
}

/// What a ledger in a record says, as [`Ledger::to_json`], with ages as of the write.
pub(crate) fn to_json(ledger: &election::Ledger) -> String {
    use serde_json::json;

    let now = election::Instant::default();
    let mut json = match book::Book::read(&ledger.text, ledger.age, now) {
        Ok(book) => book.to_json(now),
        Err(problem) => json!({"problem": problem.to_string(), "unreadable": &*ledger.text}),
    };
    if let Some(members) = json.as_object_mut() {
        let readable = !members.contains_key("unreadable");
        let state = if readable { LedgerState::Known } else { LedgerState::Unreadable };
        members.insert("state".to_owned(), json!(state.name()));
        members.insert("handed_over".to_owned(), json!(ledger.handed_over));
    }
    json.to_string()
}
