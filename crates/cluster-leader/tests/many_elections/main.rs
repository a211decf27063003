//! Many elections in one process: what they share, and what they cost.
//!
//! | file | what |
//! |---|---|
//! | `replica.rs` | a process that stands in many elections: this program once more |
//! | `handover.rs` | a release is noticed by the watch that many share |
//! | `outage.rs` | an outage that one election outlasts is outlasted by all |
//! | `cost.rs` | connections, requests, threads, memory and CPU of a hundred elections |
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and say what they have measured"
)]

mod cost;
mod handover;
mod outage;
mod replica;
