//! Leaders that are frozen for longer than their lease, ours and theirs.

use std::thread::sleep;
use std::time::Duration;

use cluster_leader_tests_interop::Peer;
use cluster_leader_tests_kubernetes::{Candidate, noted};
use rustix::process::Signal;

use crate::{blanked, in_all_fleets, names, start};

/// Time enough for two that both believe that they lead to say so.
const BOTH: Duration = Duration::from_millis(300);

/// Whoever is frozen is superseded, and follows when it wakes up: ours with its first answer, theirs as
/// soon as they notice. Ours steps down for theirs, too.
#[test]
fn g1_g2_g12_the_frozen_are_superseded() {
    in_all_fleets("frozen for longer than the lease, ours and theirs", |fleet, kinds| {
        let ours = fleet.ours("ours");
        let first = ours.await_term_after(0);
        let theirs = start(fleet, kinds, "theirs");
        follow(&theirs, &ours);

        ours.process().signal(Signal::STOP);
        fleet.await_holder(&names(&theirs));
        sleep(BOTH);
        ours.process().signal(Signal::CONT);
        assert_eq!(ours.await_loss(first.token), "Expired");
        fleet.await_renewals(2);

        for peer in &theirs {
            peer.pause();
        }
        let second = ours.await_term_after(first.token);
        sleep(BOTH);
        for peer in &theirs {
            peer.resume();
        }
        fleet.await_renewals(3);
        assert_eq!(ours.current_term(), Some(second));

        ours.step_down();
        assert_eq!(ours.await_loss(second.token), "SteppedDown");
        fleet.await_holder(&names(&theirs));
        fleet.await_renewals(3);

        fleet.judge(&[&ours], &theirs.iter().collect::<Vec<_>>())
    });
}

/// Asked to end while it was frozen, a client-go that led blanks the Lease of whoever leads now. That
/// costs this one its term; there are never two, another of ours standing by or not.
#[test]
fn g2_g3_g8_g12_the_superseded_may_blank_the_lease() {
    in_all_fleets("frozen, superseded, and then stopped", |fleet, kinds| {
        let theirs = start(fleet, kinds, "theirs");
        fleet.await_holder(&names(&theirs));
        let ours = [fleet.ours("ours-1"), fleet.ours("ours-2")];
        for candidate in &ours {
            candidate.process().await_text("held by ");
        }
        for peer in &theirs {
            peer.pause();
        }
        let leader = fleet.await_holder(&["ours-1", "ours-2"]);
        let term = ours[leader].await_term_after(0);
        fleet.await_renewals(2);
        for peer in &theirs {
            peer.terminate();
            peer.resume();
            peer.process().await_exit();
        }
        fleet.await_holder(&["ours-1", "ours-2"]);
        fleet.await_renewals(3);

        let blanked = blanked(fleet);
        noted(format_args!("{blanked} times one of ours was blanked"));
        if blanked > 0 {
            assert_eq!(ours[leader].await_loss(term.token), "Blanked");
        }
        fleet.judge(&[&ours[0], &ours[1]], &theirs.iter().collect::<Vec<_>>())
    });
}

/// Waits until they have seen that ours leads.
fn follow(theirs: &[Peer], ours: &Candidate) {
    for peer in theirs {
        peer.await_holder(ours.process().name());
    }
}
