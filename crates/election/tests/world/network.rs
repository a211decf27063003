//! What becomes of the requests that a candidate sends.

use std::collections::VecDeque;
use std::time::Duration;

use election::{Outcome, Request};

/// What becomes of one request.
#[derive(Clone, Debug)]
pub(crate) struct Fate {
    /// How long it is on its way to the store; `None`: it never arrives.
    pub(crate) there: Option<Duration>,
    pub(crate) reply: Reply,
}

/// What the candidate hears of it.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// The store's answer, this long after it was given.
    Comes(Duration),
    /// Nothing: the attempt times out.
    Lost,
    /// This instead, this long after it was sent.
    Instead(Outcome, Duration),
}

impl Fate {
    /// Served at once.
    pub(crate) const PROMPT: Self = Self { there: Some(Duration::ZERO), reply: Reply::Comes(Duration::ZERO) };
    /// Lost on the way: no effect, and no word of it.
    pub(crate) const LOST: Self = Self { there: None, reply: Reply::Lost };
    /// It takes effect, but the reply is lost.
    pub(crate) const REPLY_LOST: Self = Self { there: Some(Duration::ZERO), reply: Reply::Lost };
    /// Refused at once: no effect.
    pub(crate) const REFUSED: Self = Self::says(Outcome::Refused);
    /// The connection is reset at once, and it had no effect.
    pub(crate) const RESET: Self = Self::says(Outcome::Unknown);
    /// The connection is reset at once, and it took effect.
    pub(crate) const RESET_TOO_LATE: Self =
        Self { there: Some(Duration::ZERO), reply: Reply::Instead(Outcome::Unknown, Duration::ZERO) };

    /// The reply comes this late.
    pub(crate) const fn slow(back: Duration) -> Self {
        Self { there: Some(Duration::ZERO), reply: Reply::Comes(back) }
    }

    /// It is this long on its way there.
    pub(crate) const fn delayed(there: Duration) -> Self {
        Self { there: Some(there), reply: Reply::Comes(Duration::ZERO) }
    }

    /// It reaches the store only after this long, when nobody waits for a reply any more.
    pub(crate) const fn lands_after(there: Duration) -> Self {
        Self { there: Some(there), reply: Reply::Lost }
    }

    /// It has no effect, and this is the answer.
    pub(crate) const fn says(outcome: Outcome) -> Self {
        Self { there: None, reply: Reply::Instead(outcome, Duration::ZERO) }
    }
}

type Usually = Box<dyn FnMut(&Request, Duration) -> Fate>;

/// What becomes of requests, one after the other.
pub(crate) struct Network {
    next: VecDeque<Fate>,
    usually: Usually,
}

impl Network {
    pub(crate) fn healthy() -> Self {
        Self { next: VecDeque::new(), usually: Box::new(|_, _| Fate::PROMPT) }
    }

    /// From now on the fate of a request depends on what it is and when it is sent.
    pub(crate) fn usually(&mut self, fate: impl FnMut(&Request, Duration) -> Fate + 'static) {
        self.usually = Box::new(fate);
    }

    /// The fates of the next requests, whatever they are.
    pub(crate) fn next(&mut self, fates: impl IntoIterator<Item = Fate>) {
        self.next.extend(fates);
    }

    pub(crate) fn fate_of(&mut self, request: &Request, now: Duration) -> Fate {
        self.next.pop_front().unwrap_or_else(|| (self.usually)(request, now))
    }
}
