//! The ledger of one election in this process: where its driver and its users meet.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use election::{Election, Event, Instant, Note, Output};
use serde_json::{Value, json};

use super::LedgerState;
use super::book::{Book, Entry};
use crate::error::Error;
use crate::shared::lock;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    inner: Mutex<Inner>,
    answered: Condvar,
}

/// Changes of the book are numbered. Those up to `handed` the election knows; those up to `noted` are in the
/// store; those up to `given_up` that are not will not be told as noted any more.
#[derive(Debug, Default)]
struct Inner {
    book: Book,
    state: LedgerState,
    handed_over: bool,
    /// It was said that it is nearly full.
    warned: bool,
    /// What the record says, while that is not ours to change.
    text: Option<Arc<str>>,
    /// A text that could not be read, kept for people to look at.
    aside: Option<Arc<str>>,
    /// The fencing token of our term.
    term: Option<u64>,
    changes: u64,
    handed: u64,
    noted: u64,
    given_up: u64,
    flush: bool,
}

/// Changes that somebody waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    term: u64,
    up_to: u64,
}

impl Desk {
    // ---- for users -----------------------------------------------------------------------------

    pub(crate) fn get(&self, name: &str, now: Instant) -> Option<Entry> {
        self.inner().book.get(name, now)
    }

    pub(crate) fn entries(&self, now: Instant) -> Vec<(String, Entry)> {
        let inner = self.inner();
        let named = |(name, key, entry): (Option<&str>, super::book::Key, Entry)| {
            (name.map_or_else(|| key.to_string(), str::to_owned), entry)
        };
        inner.book.entries(now).map(named).collect()
    }

    pub(crate) fn state(&self) -> LedgerState {
        self.inner().state
    }

    pub(crate) fn is_handed_over(&self) -> bool {
        self.inner().handed_over
    }

    /// What is to be said of it, the first time that it is nearly full.
    pub(crate) fn set(&self, name: &str, entry: Entry, now: Instant) -> Result<Option<String>, Error> {
        let mut inner = self.inner();
        if inner.term.is_none() {
            return Err(Error::NotLeading);
        }
        inner.book.set(name, entry, now)?;
        inner.changes += 1;
        let warning = if inner.warned { None } else { inner.book.nearly_full() };
        inner.warned |= warning.is_some();
        Ok(warning)
    }

    pub(crate) fn remove(&self, name: &str) -> Result<bool, Error> {
        let mut inner = self.inner();
        if inner.term.is_none() {
            return Err(Error::NotLeading);
        }
        let removed = inner.book.remove(name);
        inner.changes += u64::from(removed);
        Ok(removed)
    }

    /// What is to be written now; `None` if all is in the store.
    pub(crate) fn begin_flush(&self) -> Result<Option<Pending>, Error> {
        let mut inner = self.inner();
        let Some(term) = inner.term else { return Err(Error::NotLeading) };
        if inner.noted >= inner.changes {
            return Ok(None);
        }
        if inner.handed >= inner.changes {
            inner.changes += 1; // it was to ride along: it is handed in once more
        }
        inner.flush = true;
        Ok(Some(Pending { term, up_to: inner.changes }))
    }

    /// Waits until it is in the store. Whether it is; `false`: nobody can tell.
    pub(crate) fn await_flush(&self, pending: Pending, timeout: Duration) -> bool {
        let Pending { term, up_to } = pending;
        let open = |inner: &mut Inner| {
            let never_handed = inner.term != Some(term) && inner.handed < up_to;
            inner.noted < up_to && inner.given_up < up_to && !never_handed
        };
        let (inner, _) = self
            .answered
            .wait_timeout_while(self.inner(), timeout, open)
            .unwrap_or_else(PoisonError::into_inner);
        inner.noted >= up_to
    }

    pub(crate) fn to_json(&self, now: Instant) -> Value {
        let inner = self.inner();
        let mut json = inner.book.to_json(now);
        if let Some(members) = json.as_object_mut() {
            members.insert("state".to_owned(), json!(inner.state.name()));
            members.insert("handed_over".to_owned(), json!(inner.handed_over));
            if let Some(aside) = &inner.aside {
                members.insert("unreadable".to_owned(), json!(**aside));
            }
        }
        json
    }

    // ---- for the driver --------------------------------------------------------------------------

    /// What the election is to be told before anything else, if there is any.
    pub(crate) fn take_note(&self, now: Instant) -> Option<Note> {
        let mut inner = self.inner();
        let token = inner.term.filter(|_| inner.changes > inner.handed)?;
        inner.handed = inner.changes;
        let flush = std::mem::take(&mut inner.flush);
        Some(Note { token, number: inner.handed, text: inner.book.text(now).into(), flush })
    }

    /// Takes in what the election decided. A term's ledger is at hand before its claim is.
    pub(crate) fn publish(
        &self,
        output: &Output,
        election: &Election,
        now: Instant,
        place: impl Fn() -> String,
    ) {
        let mut inner = self.inner();
        let mut told = false;
        for event in &output.events {
            match event {
                Event::Noted(up_to) => inner.noted = inner.noted.max(*up_to),
                Event::NotNoted(numbers) => inner.given_up = inner.given_up.max(*numbers.end()),
                _ => continue,
            }
            told = true;
        }
        let term = output.claim.map(|claim| claim.token);
        let begins = term != inner.term;
        if begins {
            inner.term = term;
            told = true;
        }
        if begins && term.is_some() {
            // What was noted in an earlier term is answered there, or never.
            (inner.handed, inner.given_up, inner.flush) = (inner.changes, inner.changes, false);
        }
        if begins || term.is_none() {
            inner.show(election, begins, now, place);
        }
        drop(inner);
        if told {
            self.answered.notify_all();
        }
    }

    /// Nobody writes any more, and nobody will answer.
    pub(crate) fn abandon(&self) {
        let mut inner = self.inner();
        inner.term = None;
        inner.given_up = inner.changes;
        drop(inner);
        self.answered.notify_all();
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

impl Inner {
    /// Reads what the record says, if that has changed or is `wanted`.
    fn show(&mut self, election: &Election, wanted: bool, now: Instant, place: impl Fn() -> String) {
        let ledger = election.ledger(now);
        let text = ledger.as_ref().map(|ledger| ledger.text.clone());
        self.handed_over = ledger.as_ref().is_some_and(|ledger| ledger.handed_over);
        let absent = if election.has_lost_ledger() { LedgerState::Lost } else { LedgerState::Empty };
        let Some(ledger) = ledger else {
            self.text = None;
            self.book = Book::default();
            self.state = absent;
            return;
        };
        if !wanted && self.text == text {
            return;
        }
        self.text = text;
        match Book::read(&ledger.text, ledger.age, now) {
            Ok(book) => {
                self.book = book;
                self.state = LedgerState::Known;
            }
            Err(problem) => {
                if self.aside.as_ref() != Some(&ledger.text) {
                    tracing::warn!(
                        "{}: the ledger in annotation cluster-leader.io/ledger cannot be read: {problem}. What it \
                         says of work done is unknown; it is kept aside until this process ends, and written anew \
                         when this process leads and has something to note",
                        place()
                    );
                    self.aside = Some(ledger.text);
                }
                self.book = Book::default();
                self.state = LedgerState::Unreadable;
            }
        }
    }
}
