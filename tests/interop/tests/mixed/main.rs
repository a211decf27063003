//! Ours with client-go and fabric8 on one Lease of a real kube-apiserver.
//!
//! All have a lease of 3 s, a renew deadline of 2 s and a retry period of 0.5 s.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod blanked;
mod cut_off;
mod hanging;
mod moving_on;
mod pauses;

use std::thread;

use cluster_leader_tests_interop::{Fleet, Judgement, Kind, Peer, Record, Writer, build_ours};
use cluster_leader_tests_kubernetes::{SharedServer, measured, skipped};
use testkit::proxy::Proxy;

static SERVER: SharedServer = SharedServer::new("interop");

/// Who stands beside ours.
const FLEETS: [(&str, &[Kind]); 3] = [
    ("client-go", &[Kind::ClientGo]),
    ("fabric8", &[Kind::Fabric8]),
    ("client-go-and-fabric8", &[Kind::ClientGo, Kind::Fabric8]),
];

/// Plays the story in each mixture of libraries, all at the same time on Leases of their own.
fn in_all_fleets(what: &str, story: fn(&Fleet<'_>, &[Kind]) -> Judgement) {
    if !can_run() {
        return;
    }
    let Some(server) = SERVER.get() else { return };
    thread::scope(|scope| {
        for (mixture, kinds) in FLEETS {
            let play = move || {
                let namespace = server.namespace(mixture);
                let account = namespace.account("elector");
                let fleet = Fleet::new(&account);
                let judgement = story(&fleet, kinds);
                measured(&format!("{what}: {mixture}"), &judgement);
                judgement.assert_ours_are_right();
            };
            thread::Builder::new().name(mixture.to_owned()).spawn_scoped(scope, play).expect("a thread");
        }
    });
}

/// Whether all programs are there; what is missing has then been said.
fn can_run() -> bool {
    build_ours();
    let missing = [Kind::ClientGo, Kind::Fabric8].into_iter().find_map(|kind| kind.program().err());
    missing.map(skipped).is_none()
}

/// The names of these processes.
fn names(peers: &[Peer]) -> Vec<&str> {
    peers.iter().map(Peer::name).collect()
}

/// Starts one of theirs of each kind.
fn start(fleet: &Fleet<'_>, kinds: &[Kind], generation: &str) -> Vec<Peer> {
    kinds.iter().map(|kind| fleet.theirs(*kind, &format!("{kind}-{generation}"))).collect()
}

/// Starts one of theirs of each kind, behind a network of their own.
fn start_behind(network: &Proxy, fleet: &Fleet<'_>, kinds: &[Kind]) -> Vec<Peer> {
    kinds.iter().map(|kind| fleet.theirs_behind(network, *kind, &format!("{kind}-theirs"))).collect()
}

/// How often a Lease of ours, whose names begin with `ours-`, was blanked by another.
fn blanked(fleet: &Fleet<'_>) -> usize {
    let records = fleet.records();
    let is_blanked = |(before, after): &(&Record, &Record)| {
        let by_another = after.writer(Some(before)) != Writer::Ours;
        before.holder().starts_with("ours-") && after.holder().is_empty() && by_another
    };
    records.iter().zip(&records[1..]).filter(is_blanked).count()
}
