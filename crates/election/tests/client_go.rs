//! client-go's own table of cases, as cases of ours.

use election::{Input, Record, Timing, WallTime};

use crate::world::{Fate, World, held_by, millis, secs, without_watch};

// ---- acquiring -----------------------------------------------------------------------------------

#[test]
fn acquires_when_there_is_no_record() {
    let mut world = World::new();
    let us = world.start("us");
    assert_eq!(world.sent(us), ["0 read", "0 create"]);
    assert_eq!(world.terms(us), ["0 acquired 101"]);
    let now = Some(WallTime::from_micros(1_000_000_000_000));
    let first = Record {
        holder: Some("us_1".into()),
        lease_duration: Some(secs(15)),
        acquire_time: now,
        renew_time: now,
        transitions: 0,
        ..Record::default()
    };
    assert_eq!(world.store.record(), Some(&first));
}

#[test]
fn acquires_by_itself_only_what_nobody_holds() {
    let acquired_when = |record: Record| {
        let mut world = World::with(record);
        let us = world.start("us");
        world.run_until(secs(100));
        let transitions = world.store.record().unwrap().transitions;
        world.terms(us).first().map(|first| (first.clone(), transitions))
    };
    let at = |when: u64, transitions| Some((format!("{when} acquired 102"), transitions));
    let thirty_seconds = Record { lease_duration: Some(secs(30)), ..held_by("other") };
    let coordinated = Record { strategy: Some("OldestEmulationVersion".into()), ..Record::default() };
    let cases = [
        ("an object without a record", Record::default(), at(0, 1)),
        ("an unled record", Record { transitions: 3, ..Record::default() }, at(0, 4)),
        ("an empty leader", Record { holder: None, ..held_by("") }, at(0, 8)),
        ("led, unacknowledged for the record's own duration", thirty_seconds, at(30, 8)),
        ("led, unacknowledged", held_by("other"), at(15, 8)),
        ("coordinated", coordinated, None),
        ("coordinated and led", Record { strategy: Some("".into()), ..held_by("other") }, None),
    ];
    for (case, record, expected) in cases {
        assert_eq!(acquired_when(record), expected, "{case}");
    }
}

#[test]
fn does_not_acquire_from_a_live_leader() {
    let mut world = World::new();
    let other = world.start("other");
    let us = world.start_with("us", &without_watch());
    world.run_until(secs(300));
    assert_eq!(world.leader(), Some(other));
    assert!(world.sent(us).iter().all(|sent| sent.ends_with("read")), "{:?}", world.sent(us));
}

// ---- renewing ------------------------------------------------------------------------------------

#[test]
fn renews_its_own_record_with_one_request() {
    let mut world = World::new();
    let us = world.start_with("us", &without_watch());
    let first = world.store.record().unwrap().clone();
    world.run_until(secs(12));
    assert_eq!(world.sent(us), ["0 read", "0 create", "5 renew", "10 renew"]);
    let renewed = Record {
        renew_time: Some(WallTime::from_micros(1_000_010_000_000)),
        token: Some(("us_1".into(), 101)),
        ..first
    };
    assert_eq!(world.store.record(), Some(&renewed));
}

#[test]
fn reads_again_after_a_conflict_and_renews() {
    let mut world = World::new();
    let us = world.start_with("us", &without_watch());
    world.run_until(secs(4));
    world.edit(|record| record.transitions = 9);
    world.run_until(secs(6));
    assert_eq!(world.sent_since(us, secs(1)), ["5 renew", "5 read", "5 renew"]);
    assert_eq!(world.terms(us), ["0 acquired 101"]);
    assert_eq!(world.store.record().unwrap().transitions, 9);
}

#[test]
fn does_not_renew_a_coordinated_record() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.edit(|record| record.strategy = Some("OldestEmulationVersion".into()));
    world.run_until(secs(60));
    assert_eq!(world.terms(us), ["0 acquired 101", "1 lost 101 Coordinated"]);
    world.give(us, Input::Stop);
    assert_eq!(world.sent(us), ["0 read", "0 create"], "nor does it release it");
}

// ---- releasing -----------------------------------------------------------------------------------

#[test]
fn releases_its_own_record() {
    let mut world = World::with(held_by("gone"));
    let us = world.start("us");
    world.run_until(secs(17));
    world.give(us, Input::Stop);
    assert_eq!(world.sent_since(us, secs(16)), ["17 release"]);
    assert_eq!(world.terms(us), ["15 acquired 102", "17 lost 102 Stopped", "17 released"]);
    let now = Some(WallTime::from_micros(1_000_017_000_000));
    let released = Record {
        holder: None,
        lease_duration: Some(secs(1)),
        acquire_time: now,
        renew_time: now,
        transitions: 8,
        ..Record::default()
    };
    assert_eq!(world.store.record(), Some(&released));
}

#[test]
fn g3_releases_nothing_that_is_not_its_own() {
    let another_took_over: fn(&mut World) = |world| world.edit(|record| *record = held_by("other"));
    let gone: fn(&mut World) = World::delete;
    let already_blank: fn(&mut World) = |world| world.edit(|record| record.holder = None);
    let (refused, not_there) = (["1 release", "1 read"].as_slice(), ["1 release"].as_slice());
    for (happened_unseen, sent) in [(another_took_over, refused), (gone, not_there), (already_blank, refused)]
    {
        let mut world = World::new();
        let us = world.start_with("us", &without_watch());
        world.run_until(secs(1));
        happened_unseen(&mut world);
        let before = world.store.record().cloned();
        world.give(us, Input::Stop);
        assert_eq!(world.sent_since(us, secs(1)), sent);
        assert_eq!(world.store.record().cloned(), before);
        assert!(world.of(us).election.is_stopped());
    }
}

#[test]
fn g3_reads_again_after_a_conflict_on_release() {
    let edited: fn(&mut Record) = |record| record.transitions = 9;
    let taken: fn(&mut Record) = |record| *record = held_by("other");
    for (change, then_sent) in [(edited, vec!["1.1 read", "1.1 release"]), (taken, vec!["1.1 read"])] {
        let mut world = World::new();
        let us = world.start_with("us", &without_watch());
        world.run_until(secs(1));
        world.of(us).network.next([Fate::delayed(millis(100))]);
        world.give(us, Input::Stop);
        assert_eq!(world.sent_since(us, secs(1)), ["1 release"]);
        world.run_until(millis(1_050));
        world.edit(change);
        world.run_until(secs(9));
        assert_eq!(world.sent_since(us, millis(1_001)), then_sent);
        assert!(world.of(us).election.is_stopped());
    }
}

// ---- validation ----------------------------------------------------------------------------------

#[test]
fn timings_are_checked_against_each_other() {
    let cases = [
        ((15_000, 10_000, 2_000), Ok(())),
        ((2_000, 1_000, 800), Ok(())),
        ((2_147_483_647_000, 10_000, 2_000), Ok(())),
        ((15_000, 14_000, 2_000), Ok(())),
        ((15_000, 10_000, 8_333), Ok(())),
        ((0, 10_000, 2_000), Err("lease duration is 0ns, but it must be whole seconds, from 1s to")),
        ((500, 400, 100), Err("lease duration is 500ms, but it must be whole seconds")),
        ((15_500, 10_000, 2_000), Err("lease duration is 15.5s, but it must be whole seconds")),
        ((2_147_483_648_000, 10_000, 2_000), Err("lease duration is 2147483648s, but it must be")),
        ((15_000, 10_000, 0), Err("retry period is 0ns, but it must be greater than zero")),
        ((15_000, 0, 2_000), Err("renew deadline is 0ns, but it must be greater than 1.2 times")),
        ((15_000, 2_400, 2_000), Err("renew deadline is 2.4s, but it must be greater than 1.2 times")),
        ((15_000, 15_000, 2_000), Err("renew deadline is 15s, but it must be at least 1s less than")),
        ((15_000, 14_001, 2_000), Err("renew deadline is 14.001s, but it must be at least 1s less")),
        ((1_000, 500, 100), Err("renew deadline is 500ms, but it must be at least 1s less than")),
    ];
    for ((lease, deadline, retry), expected) in cases {
        let timing = Timing::new(millis(lease), millis(deadline), millis(retry));
        match (timing, expected) {
            (Ok(_), Ok(())) => {}
            (Err(error), Err(text)) if error.to_string().starts_with(text) => {}
            (timing, expected) => panic!("{lease}/{deadline}/{retry}: {timing:?}, expected {expected:?}"),
        }
    }
    let defaults = Timing::new(secs(15), secs(10), secs(2)).unwrap();
    assert_eq!(Timing::default(), defaults, "client-go's defaults are ours");
}
