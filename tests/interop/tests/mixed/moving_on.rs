//! Leadership goes from ours to theirs and back: they stop, and are killed.

use std::time::{Duration, Instant};

use cluster_leader_tests_interop::{Fleet, Judgement, Kind, Peer};
use cluster_leader_tests_kubernetes::eventually;
use serde_json::json;

use crate::{in_all_fleets, names, start};

/// As many renewals as take longer than a lease: what keeps the others away is that they see them.
const OURS: usize = 4;
const THEIRS: usize = 8;

const TOKEN: &str = "cluster-leader.io/token";
const LEDGER: &str = "cluster-leader.io/ledger";
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
    let noted_after = Instant::now();
    second.process().tell("note");

    // Killed: they wait for the lease to run out, and leave to the dead what was said of it.
    let killed = start(fleet, kinds, "killed");
    for peer in &killed {
        peer.await_holder("second_");
    }
    let lease = fleet.lease();
    eventually("second says its token", || {
        let lease = lease.get();
        let annotations = &lease["metadata"]["annotations"];
        let noted = annotations[LEDGER].is_string();
        (noted && annotations[TOKEN].as_str()?.contains(" second_")).then_some(())
    });
    second.process().kill();
    fleet.await_holder(&names(&killed));
    let holder = lease.get()["spec"]["holderIdentity"].clone();
    lease.merge(&json!({ "metadata": { "annotations": { STEP_DOWN: holder } } }));
    fleet.await_renewals(2);
    let annotations = &lease.get()["metadata"]["annotations"];
    assert!(annotations[TOKEN].is_string(), "theirs keep what they do not know: {annotations}");
    assert_eq!(annotations[STEP_DOWN], holder);
    assert!(annotations[LEDGER].is_string(), "theirs keep the ledger: {annotations}");

    let third = fleet.ours("third");
    third.process().await_text("held by ");
    fleet.await_renewals(THEIRS);
    for peer in &killed {
        peer.process().kill();
    }
    let last = third.await_term_after(term.token);
    assert_eq!(third.current_term(), Some(last), "a request to another does not concern it");
    // What was noted before theirs led is at hand. Whoever did not see it written takes it for younger than it
    // is: theirs set renewTime, and not the age beside it.
    third.process().tell("ledger");
    let age: u64 = third.process().await_line("its ledger", 0, |line| {
        line.text.strip_prefix("ledger known ").and_then(|age| age.parse().ok())
    });
    let real = noted_after.elapsed();
    let age = Duration::from_millis(age);
    assert!(age <= real, "{age:?} of {real:?}");
    fleet.await_renewals(2);
    third.stop();

    let theirs: Vec<&Peer> = theirs.iter().chain(&killed).collect();
    fleet.judge(&[&first, &second, &third], &theirs)
}
