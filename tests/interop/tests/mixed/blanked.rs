//! A Lease that another library blanks although one of ours holds it.

use std::thread::sleep;
use std::time::Duration;

use cluster_leader_tests_interop::{Fleet, Kind};
use cluster_leader_tests_kubernetes::{measured, noted};
use rustix::process::Signal;

use crate::{SERVER, blanked, can_run};

const NAMES: [&str; 2] = ["ours-1", "ours-2"];

/// Time enough for a standby to take what is free.
const HELD_UP: Duration = Duration::from_millis(300);

/// The standby does not believe that the leader has released: it has not, and it may be unable to notice
/// that it was blanked.
#[test]
fn g2_g5_g12_a_blanked_lease_is_not_a_released_one() {
    if !can_run() {
        return;
    }
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("blanked");
    let account = namespace.account("elector");
    let fleet = Fleet::new(&account);
    let theirs = fleet.theirs(Kind::ClientGo, "theirs");
    fleet.await_holder(&["theirs"]);
    let ours = NAMES.map(|name| fleet.ours(name));
    for candidate in &ours {
        candidate.process().await_text("held by ");
    }
    theirs.pause();
    let leader = &ours[fleet.await_holder(&NAMES)];
    leader.await_term_after(0);
    fleet.await_renewals(2);

    // Much shorter than its claim, but nothing that it is told reaches it meanwhile.
    leader.process().signal(Signal::STOP);
    theirs.terminate();
    theirs.resume();
    theirs.process().await_exit();
    if blanked(&fleet) == 0 {
        noted("this client-go left its successor's Lease alone, as some do");
    }
    sleep(HELD_UP);
    leader.process().signal(Signal::CONT);

    fleet.await_settled(&NAMES);
    let judgement = fleet.judge(&[&ours[0], &ours[1]], &[&theirs]);
    measured("a client-go that was frozen and superseded is stopped", &judgement);
    judgement.assert_ours_are_right();
}
