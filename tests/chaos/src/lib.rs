//! Chaos on a real kube-apiserver: processes that are killed, frozen and cut off, and asked all the
//! time whether they lead.
//!
//! | file | what |
//! |---|---|
//! | `contender.rs`, `ours.rs`, `peers.rs` | the programs that are put to the test |
//! | `seat.rs`, `spawner.rs`, `arena.rs` | a process behind a network of its own, an election of three |
//! | `faults.rs` | what is done to them, by kinds |
//! | `run.rs` | episodes, side by side, by a seed |
//! | `report.rs` | what came of them |
//! | `chance.rs` | chance that can be had again |
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a harness fails by panicking"
)]

mod arena;
mod chance;
mod contender;
mod faults;
mod ours;
mod peers;
mod report;
mod run;
mod seat;
mod spawner;

pub use chance::Chance;
pub use contender::{Contender, Program, Server, Timings};
pub use ours::Ours;
pub use peers::Peer;
pub use report::{Report, Totals};
pub use run::{Episode, Outcome, Plan, Ran, run};
