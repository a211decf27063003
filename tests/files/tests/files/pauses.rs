//! A leader stands still for longer than its lease, and runs on: between two renewals, and at every
//! single system call of one.

use std::thread::{self, sleep};
use std::time::Duration;

use cluster_leader_tests_kubernetes::{eventually, measured};
use rustix::process::Signal;
use testkit::clock::boottime_nanos;
use tests_files::{Harm, HarmKind, Harmed, Step, World, one_leader_at_a_time};

use crate::victims::{Found, calls_of, context};
use crate::{QUICK, contender, for_each};

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
    let stopped = boottime_nanos();
    assert!(follower.await_leading() > token);
    sleep(Duration::from_millis(300));
    let continued = boottime_nanos();
    leader.process().signal(Signal::CONT);
    assert_eq!(leader.await_loss(token), "Expired");
    let lost = boottime_nanos();

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

/// What it was about to do when it was held up it does afterwards, or finds that it must not.
#[test]
fn g2_a_leader_held_up_at_any_call_of_a_renewal_says_no_in_time_and_overwrites_nobody() {
    held_up_at_every_call(HarmKind::HoldBefore);
}

#[test]
fn g2_a_leader_frozen_at_any_call_of_a_renewal_overwrites_nobody_when_it_runs_on() {
    held_up_at_every_call(HarmKind::FreezeBefore);
}

fn held_up_at_every_call(kind: fn(usize) -> HarmKind) {
    // Reading more of the same is not another point.
    let points =
        calls_of(Found::NothingInTheDirectory, Step::Renew).into_iter().filter(|(call, _)| call != "read");
    let kind = kind(usize::try_from(QUICK.lease + 1_500).unwrap());
    let harms: Vec<_> = points
        .flat_map(|(call, count)| (1..=count).map(move |n| Harm { kind, call: call.clone(), n }))
        .collect();
    for_each(&harms, 24, |harm| context(&format!("{harm:?}"), || held_up(harm)));
    measured("held up", format!("at {} calls", harms.len()));
}

fn held_up(harm: &Harm) {
    let world = World::in_memory();
    let leader = contender(&world, "leader", QUICK)
        .with("CONTENDER_PAUSE", "2000")
        .step(Step::Renew)
        .harm(harm.clone())
        .start();
    let token = leader.await_leading();
    let follower = contender(&world, "follower", QUICK).with("CONTENDER_PAUSE", "2000").start();
    follower.process().await_text("held by leader");
    leader.go();
    eventually("the call", || match leader.harmed() {
        Harmed::NotYet => None,
        // A call that was made in another run only.
        Harmed::Done(_) | Harmed::Over(_) | Harmed::NoSuchError => Some(()),
    });
    if !matches!(leader.harmed(), Harmed::Done(_)) {
        return;
    }
    // Whoever leads afterwards has seen the other's part in it.
    assert_eq!(leader.await_loss(token), "Expired");
    let version = eventually("a record after that", || world.record()).version;
    eventually("renewals", || {
        world.record().filter(|record| record.version > version && record.holder.is_some())
    });
    let words = leader.words() + &follower.words();
    assert!(!words.contains("proven dead") && !words.contains("another process writes as"), "{words}");
    let tokens = [leader.tokens(), follower.tokens()].concat();
    assert!(tokens.iter().filter(|later| **later != token).all(|later| *later > token), "{tokens:?}");
    one_leader_at_a_time(vec![leader.end(), follower.end()]);
}
