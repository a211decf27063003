//! The promises of an election, one file per topic. `world` is where they are tried.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod cell;
mod client_go;
mod death;
mod deletion;
mod events;
mod foreign;
mod identity;
mod ledger;
mod load;
mod metadata;
mod renewal;
mod stagger;
mod step_down;
mod suspend;
mod unknown;
mod wall_clock;
mod watch;
mod watching;
mod world;
