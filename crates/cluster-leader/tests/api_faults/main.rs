//! The library, through its public API, against an API server that makes mistakes.
//!
//! | file | what |
//! |---|---|
//! | `arena.rs`, `witness.rs`, `log.rs` | candidates of one Lease; who says yes when; what is logged |
//! | `outage.rs` | everything fails for everybody, in every way that it can fail |

mod arena;
mod log;
mod outage;
mod witness;
