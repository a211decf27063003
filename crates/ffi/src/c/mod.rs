//! The C ABI. Its documentation is written for `include/cluster_leader.h`, which the test
//! `header` generates from the files of this module.
#![allow(unsafe_code, reason = "this is the boundary: symbols and pointers of C")]
#![allow(clippy::missing_safety_doc, reason = "the header's text says what each pointer must be")]
#![allow(unreachable_pub, reason = "cbindgen exports what is pub")]

mod apart;
mod error;
mod functions;
mod ledger;
mod listener;
mod memory;
mod types;
mod unload;

pub(crate) use apart::apart;
pub(crate) use types::CLUSTER_LEADER_ABI_VERSION as ABI_VERSION;
