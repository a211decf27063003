//! Whose record is it?

use election::{Event, Identity, Input, Instant, WallTime};

use crate::world::{Fate, World, held_by, secs};

#[test]
fn an_identity_is_a_shown_name_and_a_suffix() {
    let identity = Identity::of_start("billing-7d9f_x", "k3v9q0ab");
    assert_eq!(identity.as_str(), "billing-7d9f_x_k3v9q0ab");
    assert_eq!(identity.shown_name(), "billing-7d9f_x");
    assert_eq!([identity.to_string(), format!("{identity:?}")], [identity.as_str(); 2]);
    for (text, shown) in [("other_1", "other"), ("other", "other"), ("", ""), ("_1", "")] {
        assert_eq!(Identity::from(text).shown_name(), shown);
    }
}

#[test]
fn g2_a_restarted_process_never_inherits_a_claim() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.crash(us);
    let again = world.start("us"); // the same name *and* suffix: the worst case
    world.run_until(secs(12));
    assert!(!world.leads(again));
    assert_eq!(world.of(again).identity().as_str(), "us_2", "told apart by the record's times");
}

#[test]
fn another_process_with_our_identity_is_reported_and_we_take_a_new_one() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(3));
    world.edit(|record| *record = held_by("us_1"));
    assert!(!world.leads(us));
    let terms = ["0 acquired 101", "3 lost 101 DuplicateIdentity", "3 duplicate us_1"];
    assert_eq!(world.terms(us), terms);
    assert_eq!(world.of(us).identity().as_str(), "us_2");
    world.run_until(secs(40));
    assert_eq!(world.sent_since(us, secs(1))[..2], ["3 read", "18 take over"], "it waits as for any other");
}

/// Somebody puts our record back, with our times: after it was deleted, or after another held it.
#[test]
fn the_times_of_our_writes_are_ours_only_where_we_wrote_them() {
    let deleted: fn(&mut World) = |world| world.store.delete();
    let another_held_it: fn(&mut World) = |world| world.edit(|record| *record = held_by("other"));
    for happened in [deleted, another_held_it] {
        for acknowledged in [true, false] {
            let mut world = World::new();
            let us = world.start("us");
            world.run_until(secs(1));
            world.of(us).network.next([if acknowledged { Fate::PROMPT } else { Fate::REPLY_LOST }]);
            world.run_until(secs(6)); // renewed at 5
            let saved = world.store.record().unwrap().clone();
            happened(&mut world);
            world.edit(|record| *record = saved);
            assert!(!world.leads(us));
            assert_eq!(world.of(us).identity().as_str(), "us_2");
        }
    }
}

/// A copied virtual machine: two processes with the same identity and the same past.
#[test]
fn a_clone_is_found_out_by_the_next_renewal() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    let mut copy = world.of(us).election.clone();
    world.run_until(secs(6)); // the original has renewed at 5

    // The copy renews on what it knows, meets a conflict, and reads a record that names it.
    let at = |second: u64| Instant::from_nanos(0) + secs(1_000 + second);
    let wall = WallTime::from_micros(1_000_000_000_001);
    let attempt = copy.handle(Input::Tick, at(6), wall).attempt.unwrap();
    let outcome = world.store.serve(&attempt.request);
    let attempt = copy.handle(Input::Finished(attempt.id, outcome), at(6), wall).attempt.unwrap();
    let outcome = world.store.serve(&attempt.request);
    let output = copy.handle(Input::Finished(attempt.id, outcome), at(6), wall);
    assert_eq!(output.claim, None);
    assert!(output.events.contains(&Event::DuplicateIdentity("us_1".into())), "{:?}", output.events);

    // It stands still until it has a new one, and can be stopped.
    assert_eq!((&output.attempt, output.wake), (&None, None));
    let output = copy.handle(Input::Tick, at(100), wall);
    assert_eq!((&output.attempt, output.wake), (&None, None));
    let mut stopped = copy.clone();
    assert_eq!(stopped.handle(Input::Stop, at(100), wall).attempt, None);
    assert!(stopped.is_stopped());
    let output = copy.handle(Input::NewIdentity("us_2".into()), at(100), wall);
    assert!(output.attempt.is_some());
}
