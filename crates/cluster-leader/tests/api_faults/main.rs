//! The library, through its public API, against an API server that makes mistakes.
//!
//! | file | what |
//! |---|---|
//! | `arena.rs`, `witness.rs`, `log.rs` | candidates of one Lease; who says yes when; what is logged |
//! | `canary.rs` | what is no excuse, and what a machine that stands still excuses |
//! | `outage.rs` | everything fails for everybody, in every way that it can fail |
//! | `steady.rs` | what must not cost leadership |
//! | `start.rs` | how a term begins where outcomes are unknown |
//! | `succession.rs` | the leader alone is cut off |
//! | `watches.rs` | watches that mislead |
//! | `retries.rs` | when the next attempt comes |
//! | `handles.rs` | what can be asked of an elector while nothing answers |
//! | `ledger.rs` | what a leader leaves to the next, through all that |
//! | `storm.rs` | everything at once, at random |
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and say what they have measured"
)]

mod arena;
mod canary;
mod handles;
mod ledger;
mod log;
mod outage;
mod retries;
mod start;
mod steady;
mod storm;
mod succession;
mod watches;
mod witness;
