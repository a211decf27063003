//! A leader stands still for longer than its lease, and runs on.

use std::thread::{self, sleep};
use std::time::Duration;

use rustix::process::Signal;
use tests_files::{World, boot_time, one_leader_at_a_time};

use crate::{QUICK, contender};

/// It keeps the lock on its file meanwhile: that it does not run is no proof of its death.
#[test]
fn g2_a_stopped_leader_is_waited_out_and_says_no_when_it_runs_on() {
    // Stopped at other points of its renewals each.
    thread::scope(|scope| {
        for point in 0..6 {
            scope.spawn(move || stopped_and_continued(Duration::from_millis(100 + 170 * point)));
        }
    });
}

fn stopped_and_continued(point: Duration) {
    let world = World::new();
    let leader = contender(&world, "leader", QUICK).start();
    let token = leader.await_leading();
    let follower = contender(&world, "follower", QUICK).start();
    follower.process().await_text("held by leader");
    sleep(point);

    leader.process().signal(Signal::STOP);
    let stopped = boot_time();
    assert!(follower.await_leading() > token);
    sleep(Duration::from_millis(300));
    let continued = boot_time();
    leader.process().signal(Signal::CONT);
    assert_eq!(leader.await_loss(token), "Expired");
    let lost = boot_time();

    assert!(!follower.words().contains("proven dead"), "{}", follower.words());
    let (of_leader, of_follower) = (leader.end(), follower.end());
    let after = of_leader.runs.iter().find(|run| run.first_before >= continued).expect("it is asked again");
    assert!(
        !after.yes && after.first_before < lost,
        "the first answer is no, before the loss is told: {after:?}"
    );
    let taken = of_follower.runs.iter().find(|run| run.yes).unwrap().first_after;
    // The leader had time left when it was stopped, so its last write was younger than its deadline.
    assert!(taken - stopped > (QUICK.lease - QUICK.renew) * 1_000_000, "after {} ns", taken - stopped);
    one_leader_at_a_time(vec![of_leader, of_follower]);
}
