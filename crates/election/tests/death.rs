//! Proof that the holder is dead.

use election::{Input, Record};

use crate::world::{Fate, World, held_by, secs};

#[test]
fn g5_a_dead_holder_is_not_waited_for() {
    let mut world = World::with(Record { lease_duration: Some(secs(3_000)), ..held_by("other_1") });
    let us = world.start("us");
    world.run_until(secs(2));
    world.give(us, Input::HolderDead("other_1".into()));
    assert_eq!(world.terms(us), ["2 acquired 102"]);
    assert_eq!(world.store.record().unwrap().transitions, 8);
}

#[test]
fn g5_the_proof_may_come_before_the_record() {
    let mut world = World::with(held_by("another"));
    let us = world.start("us");
    world.give(us, Input::HolderDead("other_1".into()));
    world.run_until(secs(2));
    assert!(!world.leads(us));
    world.edit(|record| *record = held_by("other_1"));
    assert!(world.leads(us));
}

#[test]
fn g5_the_death_of_anybody_else_proves_nothing() {
    let mut world = World::with(held_by("other_2"));
    let us = world.start("us");
    world.run_until(secs(2));
    for name in ["other_1", "other", "us_1", ""] {
        world.give(us, Input::HolderDead(name.into()));
    }
    world.run_until(secs(14));
    assert_eq!(world.sent(us), ["0 read"]);
}

#[test]
fn reports_of_our_own_death_are_exaggerated() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.give(us, Input::HolderDead("us_1".into()));
    world.run_until(secs(11));
    assert_eq!(world.sent_since(us, secs(1)), ["5 renew", "10 renew"]);
}

#[test]
fn g3_the_take_over_from_the_dead_is_guarded_too() {
    let mut world = World::with(held_by("dead"));
    let us = world.start("us");
    let other = world.start("other");
    world.of(us).network.next([Fate::delayed(secs(1))]);
    world.give(us, Input::HolderDead("dead".into()));
    world.give(other, Input::HolderDead("dead".into()));
    world.run_until(secs(3));
    assert_eq!(world.leader(), Some(other));
    assert_eq!(world.terms(us), [""; 0]);
}
