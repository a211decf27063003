//! Stepping down: asked for here, or by an annotation.

use election::{
    Event, Identity, Input, Instant, LostReason, Record, Request, Seen, Timing, Version, WallTime,
};

use crate::world::{Fate, Setup, World, held_by, millis, secs, without_watch};

#[test]
fn g7_the_claim_is_withdrawn_before_anything_is_sent() {
    for (input, reason) in [
        (Input::StepDown, LostReason::SteppedDown),
        (Input::Suspend(LostReason::HostStuck), LostReason::HostStuck),
        (Input::Stop, LostReason::Stopped),
    ] {
        let mut world = World::new();
        let us = world.start("us");
        world.run_until(secs(1));
        let now = Instant::from_nanos(0) + secs(1_001);
        let output = world.of(us).election.handle(input, now, WallTime::from_micros(1));
        assert_eq!(output.claim, None);
        assert_eq!(output.events, [Event::Lost { token: 101, reason }]);
        let Some(Request::Update(released, _)) = output.attempt.map(|attempt| attempt.request) else {
            panic!("no release is sent");
        };
        assert_eq!(released.holder, None);
    }
}

#[test]
fn g7_a_standby_takes_over_at_once() {
    let mut world = World::new();
    let leader = world.start("leader");
    let standby = world.start("standby");
    world.run_until(secs(7));
    world.give(leader, Input::StepDown);
    assert_eq!(world.leader(), Some(standby));
    assert_eq!(world.terms(standby), ["7 acquired 104"]);
}

#[test]
fn alone_it_sits_out_one_lease_duration() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.give(us, Input::StepDown);
    world.give(us, Input::StepDown); // once more changes nothing
    world.run_until(secs(20));
    let terms = ["0 acquired 101", "1 lost 101 SteppedDown", "1 released", "16 acquired 103"];
    assert_eq!(world.terms(us), terms);
}

#[test]
fn it_sits_out_until_another_has_led() {
    let mut world = World::new();
    let a = world.start("a");
    let b = world.start("b");
    world.run_until(secs(1));
    world.give(a, Input::StepDown);
    world.run_until(secs(3));
    world.give(b, Input::StepDown);
    assert_eq!(world.leader(), Some(a), "b has led, so a need not wait any longer");
    world.run_until(secs(100));
    assert_eq!(world.leader(), Some(a));
}

#[test]
fn a_follower_that_steps_down_changes_nothing_while_another_leads() {
    let mut world = World::new();
    let leader = world.start("leader");
    let us = world.start("us");
    world.run_until(secs(1));
    world.give(us, Input::StepDown);
    world.give(leader, Input::Stop);
    assert!(world.leads(us));
}

#[test]
fn where_nobody_leads_it_sits_out_too() {
    for record in [None, Some(Record { transitions: 7, ..Record::default() })] {
        let mut world = record.map_or_else(World::new, World::with);
        let us = world.prepare("us", &Setup::default());
        world.give(us, Input::StepDown);
        world.go(us);
        world.run_until(secs(14));
        assert_eq!(world.sent(us), ["0 read"]);
        world.run_until(secs(16));
        assert!(world.leads(us));
    }
}

// ---- the release is bounded ----------------------------------------------------------------------

#[test]
fn g7_the_release_is_over_within_a_retry_period() {
    let timing = Timing::new(secs(15), secs(10), millis(500)).unwrap();
    let mut world = World::new();
    let us = world.start_with("us", &Setup { timing, ..without_watch() });
    world.run_until(secs(1));
    world.edit(|record| record.transitions += 1);
    world.of(us).network.next([Fate::slow(millis(400)), Fate::LOST]);
    world.give(us, Input::Stop);
    world.run_until(millis(1_499));
    assert!(!world.of(us).election.is_stopped());
    world.run_until(millis(1_500));
    assert!(world.of(us).election.is_stopped());
    world.run_until(secs(100));
    assert_eq!(world.sent_since(us, secs(1)), ["1 release", "1.4 read"]);

    // Nor does an attempt that hangs keep those that follow it waiting.
    let mut world = World::new();
    let us = world.start_with("us", &Setup { timing, ..Setup::default() });
    world.run_until(secs(1));
    world.of(us).network.next([Fate::LOST]);
    world.give(us, Input::StepDown);
    world.run_until(secs(2));
    assert_eq!(world.holder(), None, "{:?}", world.sent(us));
}

#[test]
fn g7_the_release_does_not_wait_for_the_next_retry() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.of(us).network.next([Fate::REFUSED]);
    world.run_until(millis(5_500)); // the next attempt to renew would come at 7
    world.give(us, Input::StepDown);
    assert_eq!(world.sent_since(us, secs(1)), ["5 renew", "5.5 release"]);
}

/// What it releases is known, unless a write of its own may still change it.
#[test]
fn g7_the_release_begins_with_a_read_only_while_a_write_is_open() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.of(us).network.next([Fate::REPLY_LOST]);
    world.run_until(millis(5_500));
    world.give(us, Input::StepDown);
    assert_eq!(world.sent_since(us, secs(1)), ["5 renew", "5.5 read", "5.5 release"]);
}

#[test]
fn g7_whatever_becomes_of_the_release_it_ends() {
    for fate in [Fate::LOST, Fate::REFUSED, Fate::RESET, Fate::RESET_TOO_LATE, Fate::REPLY_LOST] {
        for before in [vec![], vec![Fate::PROMPT]] {
            let mut world = World::new();
            let us = world.start("us");
            world.run_until(secs(1));
            world.of(us).network.next(before);
            world.of(us).network.next([fate.clone()]);
            world.give(us, Input::Stop);
            world.run_until(secs(3));
            assert!(world.of(us).election.is_stopped(), "{fate:?}");
        }
    }
}

#[test]
fn a_release_that_failed_is_tried_again_while_we_sit_out() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.of(us).network.usually(|_, now| if now < secs(6) { Fate::REFUSED } else { Fate::PROMPT });
    world.give(us, Input::StepDown);
    world.run_until(secs(10));
    assert_eq!(world.holder(), None);
    world.run_until(secs(15));
    assert!(!world.leads(us));
    world.run_until(secs(17));
    assert!(world.leads(us));
}

#[test]
fn g10_a_release_that_always_meets_a_conflict_gives_up() {
    let mut world = World::new();
    let us = world.start_with("us", &without_watch());
    world.run_until(secs(1));
    world.after_each_request(|store, request| {
        if *request == Request::Read {
            let record = store.record().cloned().unwrap();
            store.put(record);
        }
    });
    world.edit(|record| record.transitions += 1);
    world.give(us, Input::Stop);
    assert!(world.of(us).election.is_stopped());
    assert_eq!(world.sent_since(us, secs(1)).len(), 9, "{:?}", world.sent(us));
}

// ---- the annotation ------------------------------------------------------------------------------

#[test]
fn the_annotation_is_honoured_by_its_addressee_only() {
    let mut world = World::new();
    let leader = world.start("leader");
    let standby = world.start("standby");
    world.run_until(secs(1));
    for name in ["standby_1", "leader", "leader_2", ""] {
        world.edit(|record| record.step_down = Some(name.into()));
        assert_eq!(world.leader(), Some(leader), "{name:?}");
    }
    world.edit(|record| record.step_down = Some("leader_1".into()));
    assert_eq!(world.leader(), Some(standby));
    world.run_until(secs(60));
    assert_eq!(world.leader(), Some(standby));
}

#[test]
fn without_a_watch_the_annotation_is_found_by_the_next_renewal() {
    let mut world = World::new();
    let us = world.start_with("us", &without_watch());
    world.run_until(secs(1));
    world.edit(|record| record.step_down = record.holder.clone());
    world.run_until(secs(9));
    assert_eq!(world.sent_since(us, secs(1))[..3], ["5 renew", "5 read", "5 release"]);
    assert_eq!(world.terms(us)[1..], ["5 lost 101 SteppedDown", "5 released"]);
    assert_eq!(world.store.record().unwrap().step_down, None, "removed by the release");
}

/// Nobody took over and the release never succeeded: the request was honoured all the same, and
/// is not honoured once more later.
#[test]
fn a_request_that_was_honoured_does_not_outlive_the_next_term() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.of(us).network.usually(|_, now| if now < millis(17_900) { Fate::REFUSED } else { Fate::PROMPT });
    world.edit(|record| record.step_down = record.holder.clone());
    world.run_until(secs(22));
    assert!(world.leads(us), "{:?}", world.sent(us));
    assert_eq!(world.holder(), Some("us_1"));
    assert_eq!(world.store.record().unwrap().step_down, None);
    world.edit(|record| record.transitions += 1); // a new version makes it look again
    assert!(world.leads(us));
}

#[test]
fn g6_the_token_is_written_by_the_first_renewal_and_goes_with_its_holder() {
    let mut world = World::with(Record { token: Some(("other".into(), 77)), ..held_by("other") });
    let us = world.start("us");
    let token = |world: &World| world.store.record().unwrap().token.clone();
    world.run_until(secs(15));
    assert!(world.leads(us));
    assert_eq!(token(&world), None, "removed by the take-over");
    world.run_until(secs(20));
    let ours: (Identity, u64) = ("us_1".into(), 102);
    assert_eq!(token(&world), Some(ours.clone()), "written by the first renewal");
    assert_eq!(world.store.record().unwrap().holder_token(), Some(102));
    world.run_until(secs(60));
    assert_eq!(token(&world), Some(ours), "and kept");
    world.give(us, Input::Stop);
    assert_eq!(token(&world), None, "removed by the release");
}

#[test]
fn annotations_count_only_if_they_name_the_records_holder() {
    let token = |owner: &str| Some((Identity::from(owner), 5));
    assert_eq!(Record { token: token("a"), ..held_by("a") }.holder_token(), Some(5));
    assert_eq!(Record { token: token("b"), ..held_by("a") }.holder_token(), None);
    assert_eq!(Record { token: token("a"), ..Record::default() }.holder_token(), None);
    assert!(Record { step_down: Some("a".into()), ..held_by("a") }.asks_to_step_down());
    assert!(!Record { step_down: Some("b".into()), ..held_by("a") }.asks_to_step_down());
    assert!(!Record::default().asks_to_step_down());
}

/// A term of another that began and ended unseen shows in the transitions.
#[test]
fn another_that_led_unseen_ends_the_sitting_out_too() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.give(us, Input::StepDown);
    let election = &mut world.of(us).election;
    let (ours, version) = (election.record().unwrap().clone(), election.version().unwrap().clone());
    let next = |number| Version { number, ..version.clone() };
    let now = Instant::from_nanos(0) + secs(1_003);
    let edited =
        election.handle(Input::Seen(Seen::Present(ours.clone(), next(1_000))), now, WallTime::default());
    assert_eq!(edited.attempt, None, "nobody has led since");
    let led = Record { transitions: ours.transitions + 1, ..ours };
    let output = election.handle(Input::Seen(Seen::Present(led, next(1_001))), now, WallTime::default());
    assert!(matches!(output.attempt.unwrap().request, Request::Update(..)), "it stands again");
}
