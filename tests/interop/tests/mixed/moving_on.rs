//! Leadership goes from ours to theirs and back: they stop, and are killed.

use cluster_leader_tests_interop::{Fleet, Judgement, Kind, Peer};
use cluster_leader_tests_kubernetes::eventually;
use serde_json::json;

use crate::{in_all_fleets, names, start};

/// As many renewals as take longer than a lease: what keeps the others away is that they see them.
const OURS: usize = 4;
const THEIRS: usize = 8;

const TOKEN: &str = "cluster-leader.io/token";
const STEP_DOWN: &str = "cluster-leader.io/step-down";

/// In either order of starting, by stopping and by dying, both ways.
#[test]
fn g2_g3_g7_g8_g12_leadership_moves_between_libraries() {
    in_all_fleets("stopped and killed, both ways", story);
}

fn story(fleet: &Fleet<'_>, kinds: &[Kind]) -> Judgement {
    // Ours first. They follow for as long as it renews, and take over when it has stopped.
    let first = fleet.ours("first");
    first.await_term_after(0);
    let theirs = start(fleet, kinds, "stopped");
    for peer in &theirs {
        peer.await_holder("first_");
    }
    fleet.await_renewals(OURS);
    first.stop();
    fleet.await_holder(&names(&theirs));

    // Theirs first. Ours follows for as long as they renew, and takes over when they have stopped.
    let second = fleet.ours("second");
    second.process().await_text("held by ");
    fleet.await_renewals(THEIRS);
    for peer in &theirs {
        peer.terminate();
        peer.process().await_exit();
    }
    let term = second.await_term_after(0);

    // Killed: they wait for the lease to run out, and leave to the dead what was said of it.
    let killed = start(fleet, kinds, "killed");
    for peer in &killed {
        peer.await_holder("second_");
    }
    let lease = fleet.lease();
    eventually("second says its token", || {
        let lease = lease.get();
        lease["metadata"]["annotations"][TOKEN].as_str()?.contains(" second_").then_some(())
    });
    second.process().kill();
    fleet.await_holder(&names(&killed));
    let holder = lease.get()["spec"]["holderIdentity"].clone();
    lease.merge(&json!({ "metadata": { "annotations": { STEP_DOWN: holder } } }));
    fleet.await_renewals(2);
    let annotations = &lease.get()["metadata"]["annotations"];
    assert!(annotations[TOKEN].is_string(), "theirs keep what they do not know: {annotations}");
    assert_eq!(annotations[STEP_DOWN], holder);

    let third = fleet.ours("third");
    third.process().await_text("held by ");
    fleet.await_renewals(THEIRS);
    for peer in &killed {
        peer.process().kill();
    }
    let last = third.await_term_after(term.token);
    assert_eq!(third.current_term(), Some(last), "a request to another does not concern it");
    fleet.await_renewals(2);
    third.stop();

    let theirs: Vec<&Peer> = theirs.iter().chain(&killed).collect();
    fleet.judge(&[&first, &second, &third], &theirs)
}
