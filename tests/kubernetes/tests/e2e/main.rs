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

mod credentials;
mod handing_over;
mod lease;
mod load;
mod outage;
mod rights;

use cluster_leader_tests_kubernetes::{Namespace, ServiceAccount, SharedServer};

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
