//! Records that others wrote: incomplete, odd, or under another kind of election.

use election::{Event, Input, LostReason, Record, WallTime};

use crate::world::{Fate, World, held_by, millis, secs, without_watch};

#[test]
fn g12_no_record_of_others_jams_the_election() {
    let bare = |holder: &str| Record { holder: Some(holder.into()), ..Record::default() };
    let lasting = |seconds| Record { lease_duration: Some(secs(seconds)), ..held_by("other") };
    let long_ago = Record { renew_time: Some(WallTime::from_micros(i64::MIN)), ..held_by("other") };
    let cases = [
        ("no spec", Record::default(), Some("0")),
        ("nulls, as some leave behind on release", Record { transitions: 3, ..Record::default() }, Some("0")),
        ("released, with a long duration", Record { holder: None, ..lasting(500) }, Some("0")),
        ("a holder and nothing else: our own duration", bare("other"), Some("15")),
        ("a duration of 1 s", lasting(1), Some("1")),
        ("the longest duration", lasting(i32::MAX.unsigned_abs().into()), None),
        ("a duration beyond time itself", lasting(u64::MAX), None),
        ("the most transitions", Record { transitions: i32::MAX, ..held_by("other") }, Some("15")),
        ("a renewal before the Flood", long_ago, Some("15")),
        ("a strategy", Record { strategy: Some("x".into()), ..Record::default() }, None),
        ("a strategy and a holder", Record { strategy: Some("x".into()), ..held_by("other") }, None),
    ];
    for (case, record, expected) in cases {
        let mut world = World::with(record);
        let us = world.start("us");
        world.run_until(secs(1_000));
        let terms = world.terms(us);
        assert_eq!(terms.first().map(|first| first.split(' ').next().unwrap()), expected, "{case}");
    }
}

#[test]
fn g5_the_wait_begins_anew_with_every_change() {
    let mut world = World::with(held_by("other"));
    let us = world.start("us");
    for second in [10, 20, 34] {
        world.run_until(secs(second));
        world.edit(|record| record.transitions += 1); // any change at all
    }
    world.run_until(secs(60));
    assert_eq!(world.sent_since(us, secs(1))[0], "49 take over");
}

/// Everybody counts from what is certain: the record stood when the reply came, not yet when we asked.
#[test]
fn g5_the_wait_begins_when_the_reply_reaches_us() {
    let mut world = World::with(held_by("other"));
    let us = world.prepare("us", &without_watch());
    world.of(us).network.usually(|_, _| Fate::slow(millis(1_500)));
    world.go(us);
    world.run_until(secs(60));
    assert_eq!(world.first_sent(us, "take over", secs(0)), Some(millis(16_500)), "{:?}", world.sent(us));
}

#[test]
fn a_record_under_coordinated_election_is_only_followed() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.edit(|record| record.strategy = Some("OldestEmulationVersion".into()));
    assert_eq!(world.terms(us), ["0 acquired 101", "1 lost 101 Coordinated"]);
    world.run_until(secs(50));
    world.edit(|record| *record = Record { strategy: record.strategy.clone(), ..held_by("chosen") });
    world.run_until(secs(100));
    world.edit(|record| record.strategy = None);
    assert_eq!(world.sent(us), ["0 read", "0 create"]);
    world.run_until(secs(120));
    assert_eq!(world.sent_since(us, secs(1))[0], "115 take over", "its duration after the last change");
}

/// Everything that others can do to a leader's record, and why it then leads no more.
#[test]
fn a_leader_that_finds_its_record_changed_leads_no_more_at_once() {
    type Change = fn(&mut Record);
    let cases: [(Change, LostReason); 4] = [
        (|record| *record = held_by("other"), LostReason::Superseded),
        (|record| record.holder = None, LostReason::Blanked),
        (|record| record.strategy = Some("x".into()), LostReason::Coordinated),
        (|record| *record = held_by("us_1"), LostReason::DuplicateIdentity),
    ];
    for (change, expected) in cases {
        let mut world = World::new();
        let us = world.start("us");
        world.run_until(secs(3));
        world.edit(change);
        let lost: Vec<_> = world.events(us).filter(|event| matches!(event, Event::Lost { .. })).collect();
        assert_eq!(lost, [&Event::Lost { token: 101, reason: expected }]);
    }
}

#[test]
fn a_leaders_renewal_puts_its_own_duration_back() {
    for edited in [None, Some(secs(1)), Some(secs(60))] {
        let mut world = World::new();
        let us = world.start("us");
        world.run_until(secs(3));
        world.edit(|record| record.lease_duration = edited);
        world.run_until(secs(6));
        assert_eq!(world.terms(us), ["0 acquired 101"], "with our times it is still our record");
        assert_eq!(world.store.record().unwrap().lease_duration, Some(secs(15)));
    }
}

/// client-go's release can blank another's lease. Ours is then acquired anew.
#[test]
fn a_blanked_record_is_acquired_anew() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(3));
    world.edit(|record| record.holder = None);
    assert_eq!(world.terms(us), ["0 acquired 101", "3 lost 101 Blanked", "3 acquired 103"]);
    assert_eq!(world.store.record().unwrap().transitions, 1);
}

/// Its holder may be unaware of it, which only shows because it takes its token back when it releases. The
/// holder itself need not wait.
#[test]
fn g2_g5_a_follower_waits_out_the_holder_of_a_record_that_another_blanked() {
    let mut world = World::new();
    let leader = world.start("leader");
    world.run_until(secs(6));
    let us = world.start("us");
    world.run_until(secs(8));
    world.close_watch(leader); // its renewal of 10 s meets a conflict
    world.edit(|record| record.holder = None);
    world.run_until(secs(40));
    assert_eq!(world.terms(leader), ["0 acquired 101", "10 lost 101 Blanked", "10 acquired 104"]);
    assert_eq!(world.sent_since(us, secs(8)), [""; 0]);

    world.close_watch(leader);
    world.of(leader).network.usually(|_, _| Fate::REFUSED);
    let blanked = world.now;
    world.edit(|record| record.holder = None);
    world.run_until(secs(80));
    assert_eq!(world.first_sent(us, "take over", blanked), Some(blanked + secs(15)));
}

/// What was said of a holder long gone does not make a release of another's one of somebody else's.
#[test]
fn g7_a_release_beside_the_token_of_an_earlier_holder_is_a_release() {
    let mut world = World::with(Record { token: Some(("gone".into(), 7)), ..held_by("other") });
    let us = world.start("us");
    world.run_until(secs(3));
    world.edit(|record| record.holder = None);
    world.run_until(secs(10));
    assert_eq!(world.sent_since(us, secs(1))[0], "3 take over");
}

#[test]
fn g3_a_leader_that_was_superseded_unseen_leaves_the_record_alone() {
    for end in [Input::Stop, Input::StepDown, Input::Suspend(LostReason::HostStuck)] {
        let mut world = World::new();
        let us = world.start("us");
        world.run_until(secs(1));
        world.close_watch(us);
        world.edit(|record| *record = held_by("other"));
        world.give(us, end);
        world.run_until(secs(10));
        assert_eq!(world.holder(), Some("other"));
    }
}
