//! What may go wrong with a request.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::leases::refusal;
use super::request::Request;

/// What becomes of a request: what it does, and what the client sees. The two are independent, and
/// everything unpleasant comes from that.
#[derive(Clone, Debug)]
pub struct Fault {
    /// When it takes effect.
    pub effect: Effect,
    /// What comes back.
    pub answer: Answer,
}

/// When a request takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// At once.
    Now,
    /// Never: the request was lost, or refused.
    Never,
    /// Twice: something on the way repeats it. The answer is that of the second time.
    Twice,
    /// Only after this long, whether or not anybody still waits for it.
    After(Duration),
}

/// What the client sees of the answer.
#[derive(Clone)]
pub enum Answer {
    /// The right one.
    Right,
    /// The right one, after this long.
    Late(Duration),
    /// The right one, byte by byte with this pause after each.
    Slow(Duration),
    /// The right one; then the connection is closed.
    Last,
    /// Half of the right one; then the connection is closed.
    Half,
    /// The right one, but for this change to its JSON.
    Edited(fn(&mut Value)),
    /// The right one, said to be of this content type.
    Labelled(&'static str),
    /// The right one, which is sent again in place of the next answer on this connection: from then
    /// on every answer is the one to the request before.
    Repeated,
    /// The Lease as it was one version ago.
    Stale,
    /// Another reply: its status, more lines for its head, its body. The connection stays open.
    Reply(u16, &'static str, String),
    /// These bytes; then the connection is closed.
    Raw(String),
    /// The connection is reset.
    Reset,
    /// Nothing, until the client goes away.
    Hang,
    /// A success of so many bytes, which are no Lease.
    Huge(u64),
    /// A stream of these pieces that stays open until the client goes away.
    Streaming(Vec<String>),
    /// A stream of these pieces that ends.
    Ended(Vec<String>),
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Right => f.write_str("the right one"),
            Self::Late(by) => write!(f, "late by {by:?}"),
            Self::Slow(pause) => write!(f, "a byte each {pause:?}"),
            Self::Last => f.write_str("the last one"),
            Self::Half => f.write_str("half of it"),
            Self::Edited(_) => f.write_str("changed"),
            Self::Labelled(kind) => write!(f, "as {kind}"),
            Self::Repeated => f.write_str("repeated"),
            Self::Stale => f.write_str("stale"),
            Self::Reply(status, head, body) => write!(f, "{status} {head:?} {body}"),
            Self::Raw(bytes) => write!(f, "{bytes:?}"),
            Self::Reset => f.write_str("a reset"),
            Self::Hang => f.write_str("nothing"),
            Self::Huge(bytes) => write!(f, "{bytes} bytes"),
            Self::Streaming(pieces) => write!(f, "{pieces:?}, open"),
            Self::Ended(pieces) => write!(f, "{pieces:?}, ended"),
        }
    }
}

impl Answer {
    /// Whether it shows anything of what was asked for. Watches are as they are then: what they show
    /// is [`Showing`].
    pub(super) fn is_of_what_was_asked(&self) -> bool {
        match self {
            Self::Right
            | Self::Late(_)
            | Self::Slow(_)
            | Self::Last
            | Self::Half
            | Self::Edited(_)
            | Self::Labelled(_)
            | Self::Repeated
            | Self::Stale => true,
            Self::Reply(..)
            | Self::Raw(_)
            | Self::Reset
            | Self::Hang
            | Self::Huge(_)
            | Self::Streaming(_)
            | Self::Ended(_) => false,
        }
    }
}

/// A `Status`, with which the API server explains what it refuses.
#[must_use]
pub fn status(code: u16, reason: &str, message: &str) -> String {
    refusal(code, reason, message).body.to_string()
}

impl Fault {
    /// It takes effect as it should; the answer is this.
    #[must_use]
    pub fn answer(answer: Answer) -> Self {
        Self { effect: Effect::Now, answer }
    }

    /// It has no effect; the answer is this.
    #[must_use]
    pub fn instead(answer: Answer) -> Self {
        Self { effect: Effect::Never, answer }
    }

    /// It has no effect, and is refused with this status.
    #[must_use]
    pub fn refused(code: u16, reason: &str) -> Self {
        Self::instead(Answer::Reply(code, "", status(code, reason, "the server's words")))
    }

    /// The connection breaks before the request arrives.
    #[must_use]
    pub fn request_lost() -> Self {
        Self::instead(Answer::Reset)
    }

    /// The request takes effect; the connection breaks before the reply.
    #[must_use]
    pub fn reply_lost() -> Self {
        Self::answer(Answer::Reset)
    }
}

/// What the network does to connections as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// It works.
    Up,
    /// Connections are accepted, and that is all that ever happens on them.
    BlackHole,
    /// Connections are reset.
    Down,
}

/// What watches show, beyond how they are opened and closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Showing {
    /// Every change, at once.
    Everything,
    /// Nothing, not even a bookmark. What happens meanwhile is never shown on that stream.
    Nothing,
    /// Every second change.
    EverySecond,
    /// Every change, this long after it happened.
    Late(Duration),
    /// Every change, each followed by the one before it.
    OldAfterNew,
}

type Predicate = Arc<dyn Fn(&Request) -> bool + Send + Sync>;

struct Rule {
    id: u64,
    applies: Predicate,
    fault: Fault,
    times_left: Option<usize>,
    hits: Arc<AtomicUsize>,
}

/// The faults in force. The first rule that applies to a request decides.
#[derive(Default)]
pub(super) struct Rules(Mutex<Vec<Rule>>);

impl Rules {
    pub(super) fn add(
        self: &Arc<Self>,
        fault: Fault,
        times: Option<usize>,
        applies: impl Fn(&Request) -> bool + Send + Sync + 'static,
    ) -> Injection {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let hits = Arc::new(AtomicUsize::new(0));
        let rule = Rule { id, applies: Arc::new(applies), fault, times_left: times, hits: Arc::clone(&hits) };
        self.0.lock().unwrap().push(rule);
        Injection { rules: Arc::clone(self), id, hits }
    }

    pub(super) fn for_request(&self, request: &Request) -> Option<Fault> {
        let mut rules = self.0.lock().unwrap();
        let rule = rules.iter_mut().find(|rule| rule.times_left != Some(0) && (rule.applies)(request))?;
        if let Some(left) = &mut rule.times_left {
            *left -= 1;
        }
        rule.hits.fetch_add(1, Ordering::Relaxed);
        Some(rule.fault.clone())
    }
}

/// A fault in force, until this is dropped.
#[must_use = "the fault ends when this is dropped"]
pub struct Injection {
    rules: Arc<Rules>,
    id: u64,
    hits: Arc<AtomicUsize>,
}

impl Injection {
    /// How many requests it has met.
    #[must_use]
    pub fn hits(&self) -> usize {
        self.hits.load(Ordering::Relaxed)
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        self.rules.0.lock().unwrap().retain(|rule| rule.id != self.id);
    }
}
