//! Processes that a leader has started or forked, and which outlive it.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use cluster_leader_tests_kubernetes::eventually;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tests_files::{Contender, World, helper, one_leader_at_a_time};

use crate::{LONG_LEASE, QUICK, contender};

/// A child of a contender, killed when dropped.
struct Child(Pid);

impl Child {
    fn of(world: &World, parent: &Contender, signal: Signal) -> Self {
        let said = world.home().join("forked");
        parent.process().signal(signal);
        Self(eventually("a child", || {
            let text = fs::read_to_string(&said).ok()?;
            Pid::from_raw(text.strip_suffix('\n')?.parse().ok()?)
        }))
    }

    fn is_running(&self) -> bool {
        test_kill_process(self.0).is_ok()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::KILL);
    }
}

fn parent(world: &World, timings: tests_files::Timings) -> Contender {
    contender(world, "leader", timings)
        .with("LD_PRELOAD", helper("forker", true).display().to_string())
        .with("FORKED", world.home().join("forked").display().to_string())
        .start()
}

/// It has the leader's file open, and the kernel cannot know that it will not lead.
#[test]
fn g5_a_forked_child_that_outlives_the_leader_delays_the_next_and_no_more() {
    let world = World::new();
    let leader = parent(&world, QUICK);
    let token = leader.await_leading();
    let follower = contender(&world, "follower", QUICK).start();
    follower.process().await_text("held by leader");
    let child = Child::of(&world, &leader, Signal::USR1);
    leader.kill();
    assert!(follower.await_leading() > token);
    assert!(child.is_running());
    assert!(!follower.words().contains("proven dead"), "{}", follower.words());
    one_leader_at_a_time(vec![leader.answers(), follower.end()]);
}

#[test]
fn g8_when_the_forked_child_has_ended_too_the_leader_is_proven_dead() {
    let world = World::new();
    let leader = parent(&world, LONG_LEASE);
    leader.await_leading();
    let follower = contender(&world, "follower", LONG_LEASE).start();
    follower.process().await_text("held by leader");
    let child = Child::of(&world, &leader, Signal::USR1);
    leader.kill();
    sleep(Duration::from_secs(1));
    assert_eq!(follower.tokens(), [0; 0], "the child lives");
    drop(child);
    follower.await_leading();
    follower.process().await_text("proven dead");
}

#[test]
fn g8_a_program_that_the_leader_has_started_does_not_keep_its_file_locked() {
    let world = World::new();
    let leader = parent(&world, LONG_LEASE);
    leader.await_leading();
    let follower = contender(&world, "follower", LONG_LEASE).start();
    follower.process().await_text("held by leader");
    let child = Child::of(&world, &leader, Signal::USR2);
    let open = fs::read_dir(format!("/proc/{}/fd", child.0)).unwrap().flatten();
    let ours = open
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .filter(|path| path.starts_with(world.home()));
    assert_eq!(ours.count(), 0, "everything is closed on exec");
    let killed = Instant::now();
    leader.kill();
    follower.await_leading();
    assert!(child.is_running());
    assert!(killed.elapsed() < Duration::from_millis(LONG_LEASE.lease / 2), "{:?}", killed.elapsed());
}
