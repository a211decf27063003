//! Worlds in which the shipped election is run: virtual time, many processes, a faulty store.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a harness fails by panicking"
)]

pub mod clock;
pub mod coverage;
pub mod exhaustive;
pub mod fleet;
pub mod guarantees;
pub mod random;
pub mod script;
pub mod shrink;
pub mod store;
pub mod suite;
pub mod timeline;
pub mod world;
