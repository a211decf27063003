//! A write whose outcome is unknown, and what becomes of it.

use election::{Input, LostReason, Outcome, Record, Request, WallTime};

use crate::world::{Clock, Fate, Reply, Setup, Wall, World, held_by, millis, secs, without_watch};

#[test]
fn g4_an_unknown_renewal_extends_nothing_even_if_it_took_effect() {
    for fate in [Fate::REPLY_LOST, Fate::RESET_TOO_LATE, Fate::LOST, Fate::RESET] {
        let mut world = World::new();
        let us = world.start("us");
        world.run_until(secs(1));
        world.of(us).network.next([fate.clone()]);
        world.run_until(millis(6_999));
        assert_eq!(world.leads_until(us), Some(secs(10)), "{fate:?}");
        world.run_until(secs(8));
        assert_eq!(world.sent_since(us, secs(1)), ["5 renew", "7 read", "7 renew"], "{fate:?}");
        assert_eq!(world.leads_until(us), Some(secs(17)), "{fate:?}");
        assert_eq!(world.terms(us), ["0 acquired 101"]);
    }
}

/// The first renewal is acknowledged at 7.2, when it has been given up and a second one, which is
/// lost, is under way.
#[test]
fn g4_a_reply_that_comes_too_late_is_not_that_of_the_next_attempt() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.of(us).network.next([Fate::slow(millis(2_200)), Fate::PROMPT, Fate::LOST]);
    world.run_until(secs(8));
    assert_eq!(world.sent_since(us, secs(1)), ["5 renew", "7 read", "7 renew"]);
    assert_eq!(world.leads_until(us), Some(secs(10)));
}

/// Something on the way, a proxy as a rule, repeats each write: the second time meets the first.
#[test]
fn g8_a_write_that_is_sent_twice_on_the_way_is_not_taken_for_an_impostors() {
    use Outcome::{AlreadyExists, Conflict};
    let twice = |outcome| Fate { there: Some(secs(0)), reply: Reply::Instead(outcome, millis(10)) };
    for watch in [Some(secs(0)), Some(millis(100)), None] {
        let mut world = World::new();
        let us = world.prepare("us", &Setup { watch, ..Setup::default() });
        world.of(us).network.usually(move |request, _| match request {
            Request::Read => Fate::PROMPT,
            Request::Create(_) => twice(AlreadyExists),
            Request::Update(..) => twice(Conflict),
        });
        world.go(us);
        world.run_until(secs(60));
        let identities = world.of(us).identity().as_str().to_owned();
        assert_eq!(identities, "us_1", "{watch:?}: {:?}", world.terms(us));
        assert!(!world.leads(us), "no write was ever acknowledged");

        world.of(us).network.usually(|_, _| Fate::PROMPT);
        world.run_until(secs(65));
        assert!(world.leads(us), "{watch:?}: {:?}", world.sent(us));
        // And a leader outlasts one.
        world.of(us).network.next([twice(Conflict)]);
        world.run_until(secs(80));
        assert_eq!(world.terms(us).len(), 1, "{watch:?}: {:?}", world.terms(us));
    }
}

/// On a wall clock that stands still a release has the very times of the take-over before it.
#[test]
fn a_refused_release_does_not_make_our_unacknowledged_write_an_impostors() {
    let mut world = World::new();
    let clock = Clock { wall: Wall::Stands { at: 5_000_000 }, ..Clock::TRUE };
    let us = world.prepare("us", &Setup { clock, ..Setup::default() });
    world.of(us).network.next([Fate::PROMPT, Fate::REPLY_LOST, Fate::PROMPT, Fate::REFUSED]);
    world.go(us);
    world.run_until(secs(1));
    world.give(us, Input::StepDown);
    world.run_until(millis(1_500));
    assert_eq!(world.sent(us), ["0 read", "0 create", "1 read", "1 release"]);
    world.edit(|_| {});
    world.run_until(secs(2));
    assert_eq!(world.of(us).identity().as_str(), "us_1");
}

#[test]
fn g4_an_unknown_create_that_took_effect_leads_only_by_a_guarded_renewal() {
    let mut world = World::new();
    let us = world.prepare("us", &without_watch());
    world.of(us).network.next([Fate::PROMPT, Fate::RESET_TOO_LATE]);
    world.go(us);
    assert_eq!(world.holder(), Some("us_1"));
    world.run_until(millis(1_999));
    assert!(!world.leads(us), "the record names us, but that is all we know");
    world.run_until(secs(4));
    let (read, renewed) =
        (world.first_sent(us, "read", secs(1)).unwrap(), world.first_sent(us, "renew", secs(1)).unwrap());
    assert!(read <= renewed);
    assert_eq!(world.leads_until(us), Some(renewed + secs(10)));
    assert!(
        world.terms(us)[0].ends_with("acquired 102"),
        "its token is the renewal's: {:?}",
        world.terms(us)
    );
    let record = world.store.record().unwrap();
    assert_eq!((record.transitions, record.token.clone()), (0, None));
}

#[test]
fn g4_an_unknown_take_over_is_followed_by_a_read() {
    for (fate, then) in [(Fate::RESET_TOO_LATE, "renew"), (Fate::RESET, "take over")] {
        let mut world = World::with(Record::default());
        let us = world.prepare("us", &without_watch());
        world.of(us).network.next([Fate::PROMPT, fate]);
        world.go(us);
        world.run_until(secs(4));
        let sent = world.sent(us);
        let what: Vec<_> = sent.iter().map(|sent| sent.split_once(' ').unwrap().1).collect();
        assert_eq!(what, ["read", "take over", "read", then]);
        assert!(world.leads(us));
        assert_eq!(world.store.record().unwrap().transitions, 1);
    }
}

#[test]
fn g4_a_late_renewal_that_lands_between_our_read_and_our_write_is_no_loss() {
    let mut world = World::new();
    let us = world.start_with("us", &without_watch());
    world.run_until(secs(1));
    world.of(us).network.next([Fate::lands_after(millis(2_050)), Fate::PROMPT, Fate::delayed(millis(100))]);
    world.run_until(secs(8));
    let sent = ["5 renew", "7 read", "7 renew", "7.1 read", "7.1 renew"];
    assert_eq!(world.sent_since(us, secs(1)), sent);
    assert_eq!(world.terms(us), ["0 acquired 101"]);
    assert_eq!(world.leads_until(us), Some(millis(17_100)));
}

#[test]
fn a_record_with_our_name_is_ours_only_with_the_very_times_of_an_outstanding_write() {
    let sent = WallTime::from_micros(1_000_000_000_000);
    let later = WallTime::from_micros(1_000_000_000_001);
    for (acquired, renewed, ours) in [(sent, sent, true), (sent, later, false), (later, sent, false)] {
        let mut world = World::new();
        let us = world.prepare("us", &Setup::default());
        world.of(us).network.next([Fate::PROMPT, Fate::lands_after(secs(1))]);
        world.go(us);
        world.run_until(millis(500));
        let times = Record { acquire_time: Some(acquired), renew_time: Some(renewed), ..held_by("us_1") };
        world.edit(|record| *record = times);
        world.run_until(secs(1));
        let identity = if ours { "us_1" } else { "us_2" };
        assert_eq!(world.of(us).identity().as_str(), identity);
        assert!(!world.leads(us));
    }
}

/// Our create is on its way for a long time. Meanwhile another leads, and somebody deletes its
/// record by hand; then our create lands.
#[test]
fn g5_a_write_that_lands_late_waits_for_a_holder_seen_since() {
    for watch in [Some(secs(0)), None] {
        let mut world = World::new();
        let us = world.prepare("us", &Setup { watch, ..Setup::default() });
        world.of(us).network.next([Fate::PROMPT, Fate::lands_after(secs(20))]);
        world.go(us);
        world.run_until(secs(1));
        world.edit(|record| *record = held_by("other"));
        world.run_until(secs(10)); // 9 s of the other's 15 are over
        world.delete();
        world.edit(|record| *record = Record::default());
        world.delete(); // whatever later records say
        world.run_until(secs(20));
        assert_eq!(world.holder(), Some("us_1"), "the create has landed");
        world.run_until(millis(24_999));
        assert!(!world.leads(us), "{:?}", world.sent(us));
        world.run_until(secs(45));
        assert!(world.leads(us));
        assert_eq!(world.first_sent(us, "create", secs(1)), None, "by a renewal of what had landed");
    }
}

#[test]
fn what_lands_while_we_sit_out_or_are_suspended_is_released() {
    for hand_over in [Input::StepDown, Input::Suspend(LostReason::HostStuck)] {
        for record in [None, Some(Record::default())] {
            let mut world = record.map_or_else(World::new, World::with);
            let us = world.prepare("us", &Setup::default());
            world.of(us).network.next([Fate::PROMPT, Fate::lands_after(millis(1_500))]);
            world.go(us);
            world.run_until(secs(1));
            world.give(us, hand_over.clone());
            assert_eq!(world.sent_since(us, secs(1)), ["1 read"], "it is not there yet");
            world.run_until(secs(15));
            assert_eq!(world.sent_since(us, secs(1)), ["1 read", "1.5 release"]);
            assert_eq!(world.holder(), None);
            assert_eq!(world.terms(us), ["1.5 released"]);
        }
    }
}

/// A renewal hangs while somebody edits the record, so that it can no longer take effect, and then
/// deletes it.
#[test]
fn what_can_no_longer_land_is_not_waited_for() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.of(us).network.next([Fate::LOST]);
    world.run_until(secs(6));
    world.edit(|_| {});
    world.delete();
    world.give(us, Input::Stop);
    assert_eq!(world.sent_since(us, secs(1)), ["5 renew"]);
    assert!(world.of(us).election.is_stopped());
}

/// The renewal is under way when the end comes: the read still shows the record before it, the
/// release meets it.
#[test]
fn what_lands_while_we_stop_is_released() {
    let mut world = World::new();
    let us = world.start_with("us", &without_watch());
    world.run_until(secs(1));
    world.of(us).network.next([Fate::lands_after(millis(150)), Fate::PROMPT, Fate::delayed(millis(100))]);
    world.run_until(millis(5_100));
    world.give(us, Input::Stop);
    world.run_until(secs(8));
    let sent = ["5 renew", "5.1 read", "5.1 release", "5.2 read", "5.2 release"];
    assert_eq!(world.sent_since(us, secs(2)), sent);
    assert_eq!(world.holder(), None);
    assert!(world.of(us).election.is_stopped());
}

#[test]
fn what_landed_unknown_to_us_is_released_when_we_stop() {
    let mut world = World::new();
    let us = world.prepare("us", &without_watch());
    world.of(us).network.next([Fate::PROMPT, Fate::REPLY_LOST]);
    world.go(us);
    world.run_until(secs(1));
    world.give(us, Input::Stop);
    assert_eq!(world.sent_since(us, secs(1)), ["1 read", "1 release"]);
    assert_eq!(world.holder(), None);
}

#[test]
fn g4_an_unknown_release_is_followed_by_a_read() {
    for fate in [Fate::LOST, Fate::REPLY_LOST, Fate::RESET, Fate::RESET_TOO_LATE] {
        let mut world = World::new();
        let us = world.start_with("us", &without_watch());
        world.run_until(secs(1));
        world.of(us).network.next([Fate::PROMPT, fate.clone()]);
        world.give(us, Input::StepDown);
        world.run_until(secs(6));
        let sent = world.sent_since(us, millis(1_001));
        assert!(sent[0].ends_with("read"), "{fate:?}: {sent:?}");
        assert_eq!(world.holder(), None, "{fate:?}");
    }
}

#[test]
fn g1_the_reply_to_a_write_older_than_the_withdrawal_never_brings_the_claim_back() {
    for hand_over in [Input::StepDown, Input::Suspend(LostReason::HostStuck), Input::Stop] {
        let mut world = World::new();
        let us = world.start("us");
        world.run_until(secs(1));
        world.of(us).network.next([Fate::slow(millis(500)), Fate::LOST]);
        world.run_until(millis(5_100));
        world.give(us, hand_over);
        world.run_until(secs(6)); // the renewal's reply came at 5.5
        assert!(!world.leads(us));
        assert_eq!(world.terms(us).len(), 2, "{:?}", world.terms(us));
    }
}
