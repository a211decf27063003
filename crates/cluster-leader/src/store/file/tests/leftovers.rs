//! What dead processes leave, and who may remove it.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use election::Identity;
use rustix::fs::FlockOperation;

use super::child::{Actor, Part};
use super::{World, held_by, run};
use crate::store::Store;

fn write_aged(world: &World, name: &str, age: Duration) -> File {
    let file = File::create(world.path(name)).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
    file
}

#[test]
fn what_the_dead_left_is_removed_and_nothing_else() {
    let world = World::new();
    let hour = Duration::from_secs(3600);
    let others = [
        "billing-jobs.other-process.holder", // the record's holder's: it proves its death
        "billing.jobs.dead_1.holder",        // another election's
        "billing-jobs.eu.dead_1.holder",
        ".billing-jobs.eu.0123456789abcdef.tmp",
        ".billing-jobs.0123456789abcdeg.tmp", // not names of ours
        ".billing-jobs.tmp",
        "billing-jobs.txt",
        "holder",
        ".billing-jobs.00000000000000bb.tmp", // being written
    ];
    let mut leader = Actor::start(&world, Part::Lead);
    leader.report().unwrap();
    leader.kill();
    for name in &others[1..8] {
        write_aged(&world, name, hour);
    }
    let written = write_aged(&world, others[8], hour);
    rustix::fs::flock(&written, FlockOperation::LockExclusive).unwrap();
    write_aged(&world, ".billing-jobs.0123456789abcdef.tmp", hour);
    write_aged(&world, ".billing-jobs.00000000000000aa.tmp", Duration::ZERO);
    write_aged(&world, "billing-jobs.dead_1.holder", Duration::ZERO);
    write_aged(&world, "billing-jobs.dead_2.holder", hour);

    let (candidate, store) = (world.store(), world.store());
    run(async {
        candidate.stand_as(&Identity::from("candidate")).await.unwrap();
        let mut expected: Vec<_> = others.to_vec();
        expected.extend(["billing-jobs.candidate.holder", "billing-jobs.json"]);
        expected.sort_unstable();
        assert_eq!(world.names(), expected);
        assert!(candidate.is_proven_dead(&Identity::from("other-process")));

        // After the take-over the dead leader's goes too; living candidates' stay.
        store.stand_as(&Identity::from("successor")).await.unwrap();
        let (_, version) = store.read().await.unwrap().unwrap();
        store.update(&held_by("successor"), &version).await.unwrap();
        expected.retain(|name| *name != others[0]);
        expected.push("billing-jobs.successor.holder");
        expected.sort_unstable();
        assert_eq!(world.names(), expected);
    });
}

#[test]
fn nothing_is_removed_beside_a_record_that_cannot_be_read() {
    let world = World::new();
    fs::write(world.record_path(), "{").unwrap();
    write_aged(&world, "billing-jobs.dead_1.holder", Duration::from_secs(3600));
    let store = world.store();
    run(store.stand_as(&Identity::from("a"))).unwrap();
    assert_eq!(world.names(), ["billing-jobs.a.holder", "billing-jobs.dead_1.holder", "billing-jobs.json"]);
}
