//! The record was deleted.

use election::{Input, Record, Request};

use crate::world::{Fate, Setup, World, held_by, millis, secs, without_watch};

#[test]
fn a_leader_whose_record_is_gone_leads_no_more_and_creates_another() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(3));
    world.delete();
    let terms = ["0 acquired 101", "3 lost 101 Deleted", "3 acquired 103"];
    assert_eq!(world.terms(us), terms, "nobody else can lead: we led until now");
    assert_eq!(world.store.record().unwrap().transitions, 0);
}

#[test]
fn a_leader_learns_of_the_deletion_by_its_renewal_at_the_latest() {
    let mut world = World::new();
    let us = world.start_with("us", &without_watch());
    world.run_until(secs(3));
    world.delete();
    world.run_until(secs(5));
    assert_eq!(world.sent_since(us, secs(3)), ["5 renew", "5 create"]);
    assert_eq!(world.terms(us), ["0 acquired 101", "5 lost 101 Deleted", "5 acquired 103"]);
}

#[test]
fn g5_a_follower_waits_out_the_holder_of_a_deleted_record() {
    // (the holder's own duration, when we may lead)
    for (duration, from) in [(Some(secs(15)), 25), (Some(secs(40)), 50), (None, 25)] {
        let mut world = World::with(Record { lease_duration: duration, ..held_by("other") });
        let us = world.start("us");
        world.run_until(secs(10));
        world.delete();
        world.run_until(secs(60));
        assert_eq!(world.sent_since(us, secs(1))[0], format!("{from} create"), "{duration:?}");
    }
}

#[test]
fn g5_the_wait_counts_from_when_a_lagging_watch_showed_the_deletion() {
    let mut world = World::with(held_by("other"));
    let us = world.start_with("us", &Setup { watch: Some(secs(3)), ..Setup::default() });
    world.run_until(secs(10));
    world.delete();
    world.run_until(secs(30));
    assert_eq!(world.sent_since(us, secs(1)), ["28 create"]);
}

#[test]
fn g5_the_wait_counts_from_the_reply_to_a_read() {
    let mut world = World::with(held_by("other"));
    let us = world.start_with("us", &without_watch());
    world.run_until(secs(10));
    world.delete();
    world.run_until(secs(40));
    let found_out = world.first_sent(us, "read", secs(10)).unwrap();
    assert_eq!(world.first_sent(us, "create", secs(10)), Some(found_out + secs(15)));
}

#[test]
fn g5_the_wait_counts_from_the_404_to_a_take_over() {
    let mut world = World::with(held_by("other"));
    let us = world.start("us");
    world.run_until(secs(14));
    world.of(us).network.usually(|request, _| match request {
        Request::Read => Fate::REFUSED,
        _ => Fate::PROMPT,
    });
    world.close_watch(us);
    world.delete();
    world.run_until(secs(45));
    let tried = world.first_sent(us, "take over", secs(14)).unwrap();
    assert!(world.first_sent(us, "create", secs(14)).unwrap() >= tried + secs(15), "{:?}", world.sent(us));
}

/// The record is deleted and created again between two of our looks: its uid tells.
#[test]
fn g5_another_uid_is_a_deletion_whatever_the_new_record_says() {
    for says in [Record::default(), Record { lease_duration: Some(secs(1)), ..held_by("short") }] {
        let mut world = World::with(held_by("other"));
        let us = world.start_with("us", &without_watch());
        world.run_until(secs(10));
        world.delete();
        world.edit(|record| *record = says);
        world.run_until(secs(40));
        let found_out = world.first_sent(us, "read", secs(10)).unwrap();
        assert_eq!(world.first_sent(us, "take over", secs(10)), Some(found_out + secs(15)));
    }
}

#[test]
fn g5_our_own_deleted_record_is_waited_out_unless_we_led_until_now() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.of(us).network.usually(|_, now| if now < secs(11) { Fate::REFUSED } else { Fate::PROMPT });
    world.run_until(millis(10_500)); // our claim ended at 10: another may have led unseen
    world.delete();
    world.run_until(secs(26));
    assert_eq!(world.sent_since(us, millis(10_500)), ["25.5 create"]);
}

#[test]
fn there_is_no_wait_where_nobody_can_lead() {
    let released: fn(&mut World) = |_| {};
    let dead: fn(&mut World) = |world| {
        world.edit(|record| *record = held_by("other"));
        let us = crate::world::Who(0);
        world.of(us).network.next([Fate::REFUSED]);
        world.give(us, Input::HolderDead("other".into()));
    };
    for situation in [released, dead] {
        let mut world = World::with(Record::default());
        let us = world.prepare("us", &Setup::default());
        world.of(us).network.next([Fate::PROMPT, Fate::REFUSED]); // so that it does not lead at once
        world.go(us);
        situation(&mut world);
        world.delete();
        world.run_until(secs(8));
        assert!(world.leads(us), "{:?}", world.sent(us));
        assert_eq!(world.store.record().unwrap().transitions, 0);
    }
}

/// Our create is under way while another's record comes and goes. The create is acknowledged, but
/// that other may still lead.
#[test]
fn g5_an_acknowledged_create_waits_for_a_holder_that_was_seen_and_deleted_meanwhile() {
    let mut world = World::new();
    let us = world.prepare("us", &Setup::default());
    world.of(us).network.next([Fate::PROMPT, Fate::delayed(millis(1_500))]);
    world.go(us);
    world.run_until(millis(500));
    world.edit(|record| *record = held_by("other"));
    world.run_until(secs(1));
    world.delete();
    world.run_until(millis(15_999));
    assert_eq!(world.holder(), Some("us_1"), "the create landed at 1.5");
    assert!(!world.leads(us));
    world.run_until(secs(16));
    assert_eq!(world.sent_since(us, secs(1)), ["16 renew"]);
    assert!(world.leads(us));
}

/// As above, but the acknowledgement with its other uid is the first we learn of the deletion.
#[test]
fn g5_an_acknowledged_create_of_another_uid_is_a_deletion_too() {
    let mut world = World::new();
    let us = world.prepare("us", &Setup { watch: Some(secs(1)), ..Setup::default() });
    world.of(us).network.next([Fate::PROMPT, Fate::delayed(millis(1_800))]);
    world.go(us);
    world.run_until(millis(500));
    world.edit(|record| *record = held_by("other")); // seen at 1.5
    world.run_until(secs(1));
    world.delete(); // would be seen at 2
    world.run_until(millis(16_799));
    assert!(!world.leads(us), "{:?}", world.sent(us));
    world.run_until(millis(16_800));
    assert_eq!(world.sent_since(us, secs(1)), ["16.8 renew"]);
}

/// Two creates of ours: one hangs for long, one wins. The record that won is deleted, and the
/// late one lands: it names us, but it is not what our claim rests on.
#[test]
fn g6_a_late_create_of_ours_does_not_carry_on_the_term_whose_record_was_deleted() {
    let mut world = World::new();
    let us = world.prepare("us", &without_watch());
    world.of(us).network.next([Fate::PROMPT, Fate::lands_after(secs(6))]);
    world.go(us);
    world.run_until(secs(5));
    assert!(world.leads(us), "by the second create: {:?}", world.sent(us));
    world.delete();
    world.run_until(secs(6));
    assert_eq!(world.holder(), Some("us_1"), "by the first one");
    world.run_until(secs(12));
    let terms = world.terms(us);
    assert!(terms[1].ends_with("Deleted") && terms[2].contains("acquired"), "{terms:?}");
}

/// Its versions are smaller than those that we know. It cannot be newer, but it is what there is.
#[test]
fn g8_a_store_put_back_to_an_older_state_does_not_jam_the_election() {
    let mut world = World::with(held_by("other"));
    world.rules_broken = true;
    let us = world.start_with("us", &without_watch());
    let older = world.store.clone();
    for _ in 0..50 {
        world.edit(|record| record.transitions += 1);
    }
    world.run_until(secs(10));
    world.store = older;
    world.run_until(secs(40));
    assert!(world.leads(us), "{:?}", world.sent(us));
}
