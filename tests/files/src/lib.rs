//! Processes that elect on files, and what they come to.
//!
//! | file | what |
//! |---|---|
//! | `bin/contender.rs` | the program that is run: it stands, and says what it answers |
//! | `contender.rs` | such a process, as tests see it |
//! | `world.rs`, `disk.rs` | a directory with an election's record; a small disk for it |
//! | `answers.rs`, `verdict.rs` | what processes answered, and whether that was right |
//! | `helpers.rs` | the C helpers in `helpers/`, compiled when a test asks for them |
//!
//! Everything here fails by panicking: it is used by tests alone.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a harness fails by panicking"
)]

mod answers;
mod contender;
mod disk;
mod helpers;
mod verdict;
mod world;

pub use answers::Recorder;
pub use contender::{Contender, Harm, HarmKind, Harmed, Setup, Step, Timings};
pub use disk::{Disk, is_root};
pub use helpers::helper;
pub use verdict::one_leader_at_a_time;
pub use world::{ELECTION, Record, World};
