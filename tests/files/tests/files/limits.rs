//! A process comes to the limits that are set for it. Others do not.

use cluster_leader_tests_kubernetes::{eventually, measured};
use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
use tests_files::{World, one_leader_at_a_time};

use crate::{QUICK, contender};

#[test]
fn g1_a_leader_that_may_open_no_more_files_leads_until_its_deadline_and_stands_again_when_it_may() {
    limited(Resource::Nofile, &["Too many open files", "ulimit -n"]);
}

/// As a quota does, but for one process. The kernel's signal that goes with it harms nobody.
#[test]
fn g1_a_leader_that_may_write_nothing_leads_until_its_deadline_and_stands_again_when_it_may() {
    limited(Resource::Fsize, &["File too large", "ulimit -f"]);
}

fn limited(resource: Resource, says: &[&str]) {
    let world = World::new();
    let leader = contender(&world, "leader", QUICK).start();
    let token = leader.await_leading();
    let follower = contender(&world, "follower", QUICK).start();
    follower.process().await_text("held by leader");

    let before = getrlimit(resource);
    prlimit(Some(leader.pid()), resource, Rlimit { current: Some(0), maximum: before.maximum }).unwrap();
    assert_eq!(leader.await_loss(token), "Expired");
    let directory = world.directory().display().to_string();
    eventually("the problem", || {
        let problems = leader.said("problem");
        let good = |problem: &String| {
            problem.starts_with(&directory) && says.iter().all(|text| problem.contains(text))
        };
        problems.iter().any(good).then_some(())
    });
    let next = follower.await_leading();
    assert!(next > token);

    prlimit(Some(leader.pid()), resource, before).unwrap();
    leader.process().await_text("held by follower");
    follower.process().tell("stop");
    let again = eventually("the first leader again", || leader.tokens().get(1).copied());
    assert!(again > next);
    let verdict = one_leader_at_a_time(vec![leader.end(), follower.answers()]);
    measured("answers, all true", verdict.samples);
}
