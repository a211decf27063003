//! What tests share: a fake Lease API server that makes mistakes on request, and the judge of who
//! led when.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a harness fails by panicking"
)]

pub mod api;
pub mod history;
