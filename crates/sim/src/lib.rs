//! Worlds in which the shipped election is run: virtual time, many processes, a faulty store.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a harness fails by panicking"
)]

pub mod exhaustive;
