//! The command, run as people run it: processes on files, and on a fake API server.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a test fails by panicking"
)]

mod docs;
mod doctor;
mod look;
mod run;
mod serve;
mod serve_under_fire;
mod world;
