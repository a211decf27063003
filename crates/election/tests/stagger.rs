//! Who takes what has become free, and when.

use std::time::Duration;

use election::{
    Election, Identity, Input, Instant, Outcome, Record, Request, Seen, Timing, Version, WallTime,
};

use crate::world::{Setup, World, held_by, millis, secs};

const WINDOW: Duration = millis(20);
const SAME_GENERATION: Duration = millis(25);
const OLD_POD: &str = "app-7d9f8b6c5d-xwz24_1";

fn staggered() -> Setup {
    Setup { staggered: Some("billing-jobs"), ..Setup::default() }
}

/// How long this candidate holds back from a record that `before` has released.
fn held_back(us: &str, setup: &Setup, before: &str) -> Duration {
    let mut world = World::with(held_by(before));
    let us = world.start_with(us, setup);
    world.run_until(secs(2));
    world.edit(|record| *record = Record { transitions: 7, ..Record::default() });
    world.run_until(secs(3));
    world.first_sent(us, "take over", secs(2)).expect("it takes what is free") - secs(2)
}

#[test]
fn g7_shares_fill_the_window_and_differ_from_election_to_election_and_from_holder_to_holder() {
    let names: Vec<String> = (0..200).map(|n| format!("app-{n}")).collect();
    let shares = |election: &'static str, before: &str| -> Vec<Duration> {
        let setup = Setup { staggered: Some(election), ..Setup::default() };
        names.iter().map(|name| held_back(name, &setup, before)).collect()
    };
    let (of_one, of_another) = (shares("one", "other_1"), shares("another", "other_1"));
    let after_another = shares("one", "other_2");
    for shares in [&of_one, &of_another, &after_another] {
        assert!(shares.iter().all(|share| *share < WINDOW));
        let mean = shares.iter().sum::<Duration>() / 200;
        assert!(mean.abs_diff(WINDOW / 2) < WINDOW / 10, "{mean:?}");
        let distinct: std::collections::BTreeSet<_> = shares.iter().collect();
        assert!(distinct.len() > 190);
    }
    assert_ne!(of_one, of_another);
    let earlier = of_one.iter().zip(&after_another).filter(|(one, other)| one < other).count();
    assert!((75..125).contains(&earlier), "who is early after one holder need not be after the next");
    assert_eq!(of_one, shares("one", "other_1"), "nothing else decides");
}

#[test]
fn g7_the_generation_of_the_holder_before_holds_back_behind_all_others() {
    let other_generations =
        ["app-5c6b79d8f-bcd42", "batch-7d9f8b6c5d-bcd42", "app-7d9f8b6c5d", "app-0", "laptop"];
    for us in other_generations {
        assert!(held_back(us, &staggered(), OLD_POD) < WINDOW, "{us}");
    }
    let same = held_back("app-7d9f8b6c5d-bcd42", &staggered(), OLD_POD);
    assert!(same >= SAME_GENERATION && same < SAME_GENERATION + WINDOW, "{same:?}");
    for before in ["app-0_1", "app-7d9f8b6c5d-xwz24-old_1", "another"] {
        assert!(held_back("app-7d9f8b6c5d-bcd42", &staggered(), before) < WINDOW, "{before}");
    }
    assert!(held_back("app-0", &staggered(), "app-0_2") < WINDOW, "no generation is not one");
}

#[test]
fn a_generation_is_the_replica_set_of_a_deployments_pod() {
    let cases = [
        ("app-7d9f8b6c5d-bcd42", Some("app-7d9f8b6c5d")),
        ("my-long-app-7d9f8-bcd42", Some("my-long-app-7d9f8")),
        ("app-7d9f-bcd42", None), // such a short hash is rather a word
        ("app-7d9f8b6c5d7-bcd42", None),
        ("app-7d9f8b6c5d-bcd4", None),
        ("app-7d9f8b6c5d-bcd422", None),
        ("app-7d9f8b6c5d-abc42", None), // Kubernetes makes no names with vowels
        ("app-master-bcd42", None),
        ("7d9f8b6c5d-bcd42", None),
        ("app-0", None),
        ("app", None),
        ("", None),
    ];
    for (pod, generation) in cases {
        assert_eq!(Identity::of_start(pod, "x").generation(), generation, "{pod}");
    }
}

#[test]
fn g8_one_holds_back_after_a_lease_that_ran_out_and_after_a_proof_of_death() {
    let share = held_back("us", &staggered(), "other_1");
    assert!(share > Duration::ZERO);
    for (proof_at, due) in [(None, secs(15)), (Some(secs(4)), secs(4))] {
        let mut world = World::with(held_by("other_1"));
        let us = world.start_with("us", &staggered());
        if let Some(at) = proof_at {
            world.run_until(secs(1));
            world.give(us, Input::HolderDead("another_1".into())); // of whom is no talk
            world.run_until(at);
            world.give(us, Input::HolderDead("other_1".into()));
        }
        world.run_until(secs(17));
        assert_eq!(world.first_sent(us, "take over", secs(1)), Some(due + share), "{proof_at:?}");
    }
}

/// It counts from when the record was free, whatever is learnt once more meanwhile.
#[test]
fn g7_one_does_not_hold_back_twice() {
    let at = Instant::from_nanos;
    let wall = WallTime::from_micros(1);
    let mut us = Election::new("us_1".into(), Timing::default(), 1, at(0)).staggered("billing-jobs");
    let read = us.handle(Input::Tick, at(0), wall).attempt.expect("a read");
    let due = us.handle(Input::Finished(read.id, Outcome::Read(None)), at(0), wall).wake.expect("a stagger");
    assert!(due > at(1) && due < at(20_000_000));
    let deleted = |number| Input::Seen(Seen::Deleted(Version { uid: "a".into(), number }));
    for (number, now) in [(7, 1), (8, due.as_nanos() - 1)] {
        let output = us.handle(deleted(number), at(now), wall);
        assert_eq!((output.wake, output.attempt), (Some(due), None));
    }
    let create = us.handle(Input::Tick, due, wall).attempt.expect("the create");
    assert!(matches!(create.request, Request::Create(_)));
}

#[test]
fn g8_our_own_record_needs_no_stagger() {
    let mut world = World::new();
    let us = world.start_with("us", &staggered());
    world.run_until(secs(21));
    assert_eq!(world.sent_since(us, secs(1)).len(), 4, "renewals are on time: {:?}", world.sent(us));
    let renewals: Vec<_> = (1..=4).filter_map(|n| world.first_sent(us, "renew", secs(5 * n - 1))).collect();
    assert!(renewals.windows(2).all(|two| two[1] - two[0] == secs(5)), "{renewals:?}");
}
