//! Mixed fleets: ours with client-go and fabric8 on one Lease of a real kube-apiserver.
//!
//! | file | what |
//! |---|---|
//! | `peer.rs` | a process that elects with client-go or fabric8 |
//! | `fleet.rs` | processes that stand in one election, and the judgement of what they answered |
//! | `witness.rs`, `record.rs` | every state that the Lease was in |
//! | `rules.rs` | what client-go would have written, and when another may lead |
//!
//! Everything here fails by panicking: it is used by tests alone.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a harness fails by panicking"
)]

mod clock;
mod fleet;
mod peer;
mod record;
mod rules;
mod witness;

pub use fleet::{Fleet, Judgement, build_ours};
pub use peer::{Kind, Peer};
pub use record::{Record, Writer};
