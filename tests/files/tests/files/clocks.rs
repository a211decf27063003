//! Wall clocks step by hours, in a library that is put before the C library. No other clock does.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use cluster_leader_tests_kubernetes::eventually;
use jiff::{SignedDuration, Timestamp};
use tests_files::{Contender, World, helper, one_leader_at_a_time};

use crate::{QUICK, contender};

const HOUR: i64 = 3_600;

/// A contender whose wall clock can be set.
struct Stepped {
    contender: Contender,
    clock: PathBuf,
}

impl Stepped {
    fn start(world: &World, name: &str, hours: i64) -> Self {
        let clock = world.home().join(format!("{name}.clock"));
        File::create(&clock).unwrap().write_all(&(hours * HOUR).to_ne_bytes()).unwrap();
        let contender = contender(world, name, QUICK)
            .with("LD_PRELOAD", helper("wall_clock", true).display().to_string())
            .with("WALL_CLOCK", clock.display().to_string())
            .start();
        Self { contender, clock }
    }

    fn step_to(&self, hours: i64) {
        File::options()
            .write(true)
            .open(&self.clock)
            .unwrap()
            .write_all_at(&(hours * HOUR).to_ne_bytes(), 0)
            .unwrap();
    }

    fn is_leading(&self, token: u64) {
        assert_eq!(self.contender.tokens(), [token]);
        assert_eq!(self.contender.said("lost"), [""; 0]);
    }
}

/// Waits for so many more versions, each larger than the one before.
fn more_versions(world: &World, mut many: u32) -> u64 {
    let mut last = world.record().unwrap().version;
    eventually("renewals", || {
        let version = world.record().unwrap().version;
        assert!(version >= last, "{version} after {last}");
        many -= u32::from(version > last);
        last = version;
        (many == 0).then_some(last)
    })
}

/// How far the record's `renewTime` is from the true time.
fn record_is_ahead_by_hours(world: &World) -> i64 {
    let renewed: Timestamp = world.record().unwrap().renew_time.parse().unwrap();
    (renewed.duration_since(Timestamp::now()) + SignedDuration::from_mins(30)).as_hours()
}

#[test]
fn g6_versions_and_tokens_grow_while_wall_clocks_step_back_by_hours() {
    let world = World::new();
    // The first leader's clock is ahead: all later versions are of its making.
    let first = Stepped::start(&world, "first", 5);
    let token = first.contender.await_leading();
    assert_eq!(record_is_ahead_by_hours(&world), 5, "the clock is the one that was set");
    let second = Stepped::start(&world, "second", 0);
    second.contender.process().await_text("held by first");
    for hours in [-20, 3, -200] {
        first.step_to(hours);
        more_versions(&world, 2);
    }
    first.is_leading(token);

    first.contender.process().tell("stop");
    let next = second.contender.await_leading();
    assert!(next > token, "{next} after {token}");
    second.step_to(-20);
    let version = more_versions(&world, 2);
    assert!(version > next);
    second.is_leading(next);
    second.contender.kill();

    let third = contender(&world, "third", QUICK).start();
    assert!(third.await_leading() > version, "a successor whose clock is right");
    one_leader_at_a_time(vec![first.contender.answers(), second.contender.answers(), third.end()]);
}

#[test]
fn g2_followers_whose_wall_clock_is_ahead_or_behind_steal_nothing() {
    let world = World::new();
    let leader = Stepped::start(&world, "leader", 0);
    let token = leader.contender.await_leading();
    let followers = [Stepped::start(&world, "ahead", 10), Stepped::start(&world, "behind", -10)];
    for follower in &followers {
        follower.contender.process().await_text("held by leader");
    }
    for hours in [24, -24, 24 * 365] {
        for follower in &followers {
            follower.step_to(hours);
        }
        sleep(Duration::from_millis(QUICK.lease / 2));
    }
    leader.is_leading(token);
    // Not even what it leaves: the rest of its lease is waited out, on the clock that nobody can set.
    leader.contender.process().signal(rustix::process::Signal::STOP);
    let stopped = testkit::clock::boottime_nanos();
    let next =
        eventually("a successor", || followers.iter().find_map(|follower| follower.contender.tokens().pop()));
    assert!(next > token);
    leader.contender.process().signal(rustix::process::Signal::CONT);
    assert_eq!(leader.contender.await_loss(token), "Expired");
    let answers: Vec<_> = followers.iter().map(|follower| follower.contender.end()).collect();
    let taken =
        answers.iter().flat_map(|all| &all.runs).filter(|run| run.yes).map(|run| run.first_after).min();
    let took = taken.unwrap() - stopped;
    // The leader had time left when it was stopped, so its last write was younger than its deadline.
    assert!(took > (QUICK.lease - QUICK.renew) * 1_000_000, "{took} ns after it was stopped");
    one_leader_at_a_time(answers.into_iter().chain([leader.contender.end()]).collect());
}
