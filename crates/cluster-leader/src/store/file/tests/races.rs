//! Many writers, and writers that are killed.

use std::thread;
use std::time::Duration;

use election::Identity;

use super::child::{Actor, Part, count_up};
use super::{World, held_by, run};
use crate::store::Store;

#[test]
fn g3_no_update_is_lost_between_threads_and_processes() {
    const EACH: u32 = 250;
    let world = World::new();
    let before = run(world.store().create(&held_by("a"))).unwrap();
    let processes: Vec<_> = (0..2).map(|_| Actor::start(&world, Part::Count(EACH))).collect();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let store = world.store();
                (0..EACH).for_each(|_| count_up(&store));
            });
        }
    });
    processes.into_iter().for_each(Actor::end);
    let (record, after) = run(world.store().read()).unwrap().unwrap();
    assert_eq!(record.transitions, i32::try_from(4 * EACH).unwrap());
    assert!(after.number >= before.number + u64::from(4 * EACH), "each has a version of its own");
    assert_eq!(world.names(), ["billing-jobs.json"], "nothing else is left");
}

/// Killed at random in a loop of writes. Whatever was acknowledged is there, and no less.
#[test]
fn g8_a_kill_at_any_instruction_leaves_the_old_record_or_the_new_one() {
    const KILLS: u64 = 40;
    let world = World::new();
    let mut newest = 0;
    for kill in 0..KILLS {
        let mut renewer = Actor::start(&world, Part::Renew);
        assert_eq!(renewer.report().as_deref(), Some("leads"));
        // Not synchronised with anything that the child does: that is the point.
        thread::sleep(Duration::from_micros(kill * 7_919 % 20_000));
        renewer.kill();
        let mut acknowledged = newest;
        while let Some(report) = renewer.report() {
            acknowledged = report.parse().unwrap();
        }
        let (record, version) = run(world.store().read()).unwrap().expect("a record");
        assert_eq!(record, held_by("other-process"));
        assert!(
            version.number >= acknowledged,
            "{} was acknowledged, {} is there",
            acknowledged,
            version.number
        );
        assert!(version.number > newest, "each child has written");
        newest = version.number;
    }
    let left = world.names().iter().filter(|name| name.ends_with(".tmp")).count();
    println!("{KILLS} kills left {left} records that never took their place");
    let store = world.store();
    run(store.stand_as(&Identity::from("a"))).unwrap();
    let expected = ["billing-jobs.a.holder", "billing-jobs.json", "billing-jobs.other-process.holder"];
    assert_eq!(world.names(), expected);
}
