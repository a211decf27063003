//! The library on a real kube-apiserver, in processes that are started, frozen and killed.
//!
//! Most candidates here have quick timings: a lease of 3 s, a renew deadline of 2 s.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod c_host;
mod command;
mod credentials;
mod examples;
mod handing_over;
mod lease;
mod load;
mod outage;
mod pods;
mod rights;
mod role;
mod story;

use std::thread::sleep;
use std::time::Duration;

use cluster_leader::Timing;
use cluster_leader_tests_kubernetes::{
    Candidate, Lease, Namespace, ServiceAccount, SharedServer, eventually,
};

/// For all tests that leave the server itself alone.
static SERVER: SharedServer = SharedServer::new("shared");

/// What the manifests allow for a Lease, beside creating it.
const MINIMAL: [&str; 3] = ["get", "update", "watch"];

/// An account that may elect in `election`, and no more than that.
fn elector<'a>(namespace: &'a Namespace<'a>, name: &str, election: &str) -> ServiceAccount<'a> {
    let account = namespace.account(name);
    account.allow(&MINIMAL, election);
    account
}

/// Starts a candidate beside one that leads, and sees it follow.
fn follower(account: &ServiceAccount<'_>, name: &str, leader: &Candidate, timing: Timing) -> Candidate {
    let term = leader.current_term();
    let candidate = Candidate::start(account, name, leader.election(), timing);
    candidate.process().await_text(&format!("held by {}", leader.process().name()));
    // Time enough to take what is not free.
    sleep(Duration::from_millis(300));
    assert_eq!(candidate.terms(), []);
    assert_eq!(leader.current_term(), term);
    candidate
}

/// Waits until the leader has written again.
fn await_renewal(lease: &Lease<'_>) {
    let before = lease.version();
    eventually("a renewal", || (lease.version() > before).then_some(()));
}
