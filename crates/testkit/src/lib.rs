//! What tests share: a fake Lease API server that makes mistakes on request, a network that can be
//! cut, and the judge of who led when.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a harness fails by panicking"
)]

pub mod api;
pub mod clock;
pub mod history;
pub mod proxy;
