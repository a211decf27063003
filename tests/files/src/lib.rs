//! Processes that elect on files, and what they come to.
//!
//! | file | what |
//! |---|---|
//! | `bin/contender.rs` | the program that is run: it stands, and says what it answers |
//! | `contender.rs` | such a process, as tests see it |
//! | `world.rs` | a directory with an election's record |
//! | `answers.rs` | what a process answered, in a form that can be judged |
//! | `helpers.rs` | the C helpers in `preload/`, compiled when a test asks for them |
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
mod helpers;
mod world;

pub use answers::Recorder;
pub use contender::{Contender, Harm, HarmKind, Harmed, Setup, Step, Timings};
pub use helpers::helper;
pub use world::{ELECTION, Record, World};
