//! Processes on a real kube-apiserver, and what they say.
//!
//! A test starts an [`ApiServer`] (or shares one), makes a [`Namespace`] with [`ServiceAccount`]s in
//! it, and runs processes as pods would run: the account's files where Kubernetes mounts them, the
//! server's address in the environment. What the processes say is kept with the time at which it was
//! said, so that a test can judge who led when.
//!
//! | file | what |
//! |---|---|
//! | `api_server.rs`, `admin.rs`, `audit.rs` | the server: its life, requests to it, requests it saw |
//! | `namespace.rs`, `account.rs`, `manifest.rs` | what is made in it: rights, tokens, Leases |
//! | `process.rs`, `pod.rs` | a process, and its surroundings in a pod |
//! | `kubelet.rs` | what a kubelet makes for a pod, and reports of it |
//! | `bin/candidate.rs`, `candidate.rs`, `monolith.rs` | the two programs that are run, and what they say |
//! | `leadership.rs` | who led when, and whether that is right |
//! | `moment.rs`, `patience.rs`, `turn.rs`, `report.rs` | time, waiting, order, words |
//!
//! Everything here fails by panicking: it is used by tests alone.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a harness fails by panicking"
)]

mod account;
mod admin;
mod api_server;
mod audit;
mod candidate;
mod kubelet;
mod leadership;
mod manifest;
mod moment;
mod monolith;
mod namespace;
mod patience;
mod pod;
mod process;
mod report;
mod turn;

pub use account::{AccountFiles, ServiceAccount};
pub use admin::Admin;
pub use api_server::{ApiServer, SharedServer};
pub use audit::{Audit, Request};
pub use candidate::{Candidate, Term};
pub use kubelet::{PodObject, TerminationLog, container_status, running, terminated};
pub use leadership::{Reign, assert_one_at_a_time, reigns};
pub use manifest::{documents, documents_in, environment};
pub use moment::Moment;
pub use monolith::{Monolith, Run};
pub use namespace::{Lease, Namespace};
pub use patience::eventually;
pub use pod::{Pod, RunningPod};
pub use process::{Line, Process};
pub use report::{measured, noted, skipped};
pub use turn::Turn;
