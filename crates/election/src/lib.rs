//! The decision of a leader election on a Kubernetes Lease, and nothing else.
//!
//! [`Election`] is a state machine without I/O: it is told what happened and what time it is, and
//! says what to do next. It never reads a clock, never sleeps, has no randomness but its seed.
//! One instance stands for one candidate in one election. A driver around it makes the requests,
//! keeps the clock and passes the claim on to whoever asks "do we lead?".
//!
//! # The protocol in one page
//!
//! All candidates share one [`Record`], client-go's, in a store with compare-and-set: every write
//! names the [`Version`] it was decided on and has no effect on any other.
//!
//! * Whoever finds no record creates it; whoever finds one without a holder takes it.
//! * Whoever finds another's record waits until it has stood *unchanged for the record's own
//!   duration since we saw it*, on our own clock. Wall clocks are never compared.
//! * The leader renews at half its renew deadline. Its [`Claim`] ends one renew deadline after
//!   the instant *before the last acknowledged write was sent*, whatever happens.
//! * Handing over withdraws the claim first and blanks the holder second.
//!
//! **The asymmetry that makes it safe:** the leader counts from before it sent; the follower
//! counts from after the reply or event reached it. The leader's count therefore began earlier
//! and is shorter (renew deadline < lease duration), so it ends before any follower's does, as
//! long as the two clocks tick at rates within lease duration / renew deadline of each other.
//!
//! A leader may leave its successors a [`Ledger`]: a text that means nothing to the election and travels
//! in the record. Only writes on a record that names us change it; all others carry it on.
//!
//! An unknown outcome (a timeout, a reset) is treated as unknown: it starts and extends nothing,
//! and the next step is a read. A write of ours that turns out to have landed is recognised by
//! its exact times, and confirmed by a new guarded write before it counts.
//!
//! # Where to read on
//!
//! | file | what |
//! |---|---|
//! | `election/mod.rs` | the machine: what happened, and what follows from it |
//! | `election/next.rs` | what to ask the store next, and when |
//! | `election/handover.rs` | giving leadership up on purpose |
//! | `knowledge.rs` | what we know of the record, and how long we must be patient |
//! | `writes.rs` | which records are writes of ours |
//! | `ledger.rs`, `election/ledger.rs` | what a leader leaves to the next, and when it is written |
//! | `stagger.rs` | who tries first |
//! | `cell.rs` | the claim as readers see it |
//! | `watching.rs` | when to open a watch again |
//! | `record.rs`, `timing.rs`, `io.rs`, `time.rs` | the vocabulary |
#![forbid(unsafe_code)]

mod cell;
mod election;
mod io;
mod jitter;
mod knowledge;
mod ledger;
mod record;
mod stagger;
mod time;
mod timing;
mod watching;
mod writes;

pub use cell::{ClaimCell, Word};
pub use election::Election;
pub use io::{Attempt, AttemptId, Claim, Event, Input, LostReason, Outcome, Output, Request, Seen};
pub use ledger::{Ledger, Note};
pub use record::{Identity, Record, Version};
pub use time::{Instant, WallTime};
pub use timing::{InvalidTiming, Timing};
pub use watching::Watching;
