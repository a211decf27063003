//! What a watch shows, early or late.

use election::{Election, Event, Input, Instant, Outcome, Request, Seen, Timing, Version, WallTime};

use crate::world::{Fate, Setup, Who, World, held_by, millis, secs, without_watch};

fn lagging(lag: u64) -> Setup {
    Setup { watch: Some(millis(lag)), ..Setup::default() }
}

#[test]
fn a_watch_that_lags_behind_our_own_writes_changes_nothing() {
    for lag in [0, 1, 3_000, 7_000, 12_000, 40_000] {
        let mut world = World::new();
        let us = world.start_with("us", &lagging(lag));
        world.run_until(secs(60));
        assert_eq!(world.terms(us), ["0 acquired 101"], "{lag}");
        assert_eq!(world.sent(us).len(), 14, "{:?}", world.sent(us));
    }
}

#[test]
fn what_is_older_than_what_we_know_is_ignored() {
    let mut world = World::with(held_by("other"));
    let us = world.start("us");
    world.run_until(secs(10));
    world.edit(|record| *record = held_by("another"));
    let old = world.store.changes()[0].clone();
    let Seen::Present(_, version) = &old else { panic!("{old:?}") };
    let deleted = Seen::Deleted(version.clone());
    world.give(us, Input::Seen(old));
    world.give(us, Input::Seen(deleted));
    assert_eq!(world.of(us).election.record(), Some(&held_by("another")));
    world.run_until(secs(26));
    assert_eq!(world.sent_since(us, secs(1)), ["25 take over"]);
}

#[test]
fn g4_our_own_echo_is_no_acknowledgement() {
    // It comes before the reply: the claim begins with the reply.
    let mut world = World::new();
    let us = world.prepare("us", &Setup::default());
    world.of(us).network.next([Fate::PROMPT, Fate::slow(millis(800))]);
    world.go(us);
    world.run_until(millis(799));
    assert!(!world.leads(us));
    world.run_until(secs(1));
    assert_eq!(world.terms(us), ["0.8 acquired 101"]);
    assert_eq!(world.leads_until(us), Some(secs(10)));

    // The reply is lost: the echo alone makes no claim, a new write does.
    let mut world = World::new();
    let us = world.prepare("us", &Setup::default());
    world.of(us).network.next([Fate::PROMPT, Fate::REPLY_LOST]);
    world.go(us);
    world.run_until(millis(1_999));
    assert!(!world.leads(us));
    world.run_until(secs(5));
    let sent = world.sent_since(us, secs(1));
    assert!(sent[0].ends_with("read") && sent[1].ends_with("renew"), "{sent:?}");
    assert!(world.leads(us));
}

#[test]
fn a_watch_keeps_us_informed_once_we_have_read() {
    let mut world = World::with(held_by("other"));
    let us = world.prepare("us", &Setup::default());
    world.of(us).network.next([Fate::REFUSED]);
    world.go(us);
    assert!(!world.of(us).election.is_informed(), "nothing is known yet");
    world.run_until(secs(5));
    assert!(world.of(us).election.is_informed());
    world.close_watch(us);
    assert!(!world.of(us).election.is_informed());
    world.of(us).network.next([Fate::REFUSED]);
    world.run_until(secs(8));
    world.open_watch(us, secs(0));
    assert!(world.of(us).election.is_informed(), "whatever became of the poll");
}

/// What becomes of our create between its effect and its reply.
#[test]
fn g1_a_reply_that_the_watch_has_overtaken_makes_a_claim_only_if_the_record_is_still_ours() {
    let deleted: fn(&mut World) = World::delete;
    let taken: fn(&mut World) = |world| world.edit(|record| *record = held_by("other"));
    let blanked: fn(&mut World) = |world| world.edit(|record| record.holder = None);
    let edited: fn(&mut World) = |world| world.edit(|record| record.transitions = 5);
    for (happened, claims) in [(deleted, false), (taken, false), (blanked, false), (edited, true)] {
        let mut world = World::new();
        let us = world.prepare("us", &Setup::default());
        world.of(us).network.next([Fate::PROMPT, Fate::slow(millis(500))]);
        world.go(us);
        world.run_until(millis(200));
        happened(&mut world);
        world.run_until(millis(600));
        assert_eq!(world.leads(us), claims, "{:?}", world.terms(us));
        if claims {
            world.run_until(secs(6));
            assert_eq!(world.sent_since(us, millis(1)), ["5 renew"]);
        }
    }
}

/// A renewal meets a 404; then the watch, which lags by 6 s, shows what had been before. It is no
/// other process that uses our name.
#[test]
fn a_lagging_watch_does_not_bring_a_deleted_record_back() {
    let renewed_at_5: fn(&mut World) = |_| {};
    let edited: fn(&mut World) = |world| world.edit(|_| {});
    let renewed_unknown_to_us: fn(&mut World) = |world| {
        world.of(Who(0)).network.next([Fate::REPLY_LOST]);
        world.run_until(secs(10));
    };
    // What we could not know of may be told of once more; what we knew may not.
    for (before_the_deletion, leaders) in [(renewed_at_5, 3), (edited, 5), (renewed_unknown_to_us, 5)] {
        let mut world = World::new();
        let us = world.start_with("us", &lagging(6_000));
        world.run_until(millis(9_500));
        before_the_deletion(&mut world);
        world.delete();
        world.of(us).network.usually(|request, now| match request {
            Request::Create(_) if now < millis(16_500) => Fate::REFUSED,
            _ => Fate::PROMPT,
        });
        world.run_until(secs(40));
        let terms = world.terms(us);
        assert_eq!(terms[0], "0 acquired 101");
        assert!(terms[1].ends_with("lost 101 Deleted"), "{terms:?}");
        assert!(terms.len() == 3 && terms[2].contains("acquired"), "{terms:?}");
        let told = world.events(us).filter(|event| matches!(event, Event::LeaderChanged(_)));
        assert_eq!(told.count(), leaders, "us, nobody, us");
    }
}

#[test]
fn a_read_that_contradicts_the_watch_is_read_again() {
    // The read was served before the record was created.
    let mut world = World::new();
    let us = world.prepare("us", &Setup::default());
    world.of(us).network.next([Fate::slow(millis(500))]);
    world.go(us);
    world.run_until(millis(200));
    world.edit(|record| *record = held_by("other"));
    world.run_until(secs(1));
    assert_eq!(world.sent(us), ["0 read", "0.5 read"]);

    // The read was served before the record was deleted.
    let mut world = World::with(held_by("other"));
    let us = world.prepare("us", &Setup::default());
    world.of(us).network.next([Fate::slow(millis(500))]);
    world.go(us);
    world.run_until(millis(200));
    world.delete();
    world.run_until(secs(20));
    assert_eq!(world.sent(us)[..3], ["0 read", "0.5 read", "15.2 create"]);
}

#[test]
fn a_read_that_the_watch_has_overtaken_is_old_news() {
    let mut world = World::with(held_by("other"));
    let us = world.prepare("us", &Setup::default());
    world.of(us).network.next([Fate::slow(millis(500))]);
    world.go(us);
    world.run_until(millis(200));
    world.edit(|record| *record = held_by("another"));
    world.run_until(secs(1));
    assert_eq!(world.of(us).election.record(), Some(&held_by("another")));
    world.run_until(secs(16));
    assert_eq!(world.sent(us), ["0 read", "15.2 take over"]);
}

/// A watch may show a deletion with the last number of what was deleted. Then the next number may
/// already be that of the record after it.
#[test]
fn a_record_that_was_created_right_after_a_deletion_is_no_contradiction() {
    let (now, wall) = (Instant::from_nanos(0), WallTime::default());
    let mut us = Election::new("us_1".into(), Timing::default(), 1, now);
    let version = |uid: &str, number| Version { uid: uid.into(), number };
    let read = us.handle(Input::Tick, now, wall).attempt.unwrap();
    for seen in [Seen::Present(held_by("other"), version("a", 7)), Seen::Deleted(version("a", 7))] {
        assert_eq!(us.handle(Input::Seen(seen), now, wall).attempt, None);
    }
    let found = Outcome::Read(Some((held_by("another"), version("b", 8))));
    assert_eq!(us.handle(Input::Finished(read.id, found), now, wall).attempt, None, "no need to read again");
    assert_eq!(us.record(), Some(&held_by("another")));
}

#[test]
fn g10_without_a_watch_a_follower_polls_and_with_one_it_is_silent() {
    let mut world = World::new();
    world.start("leader");
    let us = world.start("us");
    world.run_until(secs(100));
    assert_eq!(world.sent(us), ["0 read"]);
    world.close_watch(us);
    world.run_until(secs(200));
    let polls = world.sent_since(us, secs(100)).len();
    assert!((25..=50).contains(&polls), "every 2 to 4 s: {polls}");
    let first = world.first_sent(us, "read", secs(100)).unwrap();
    assert!((secs(102)..secs(104)).contains(&first), "not with everybody else, at {first:?}");
    world.open_watch(us, secs(0));
    world.run_until(secs(300));
    assert!(world.sent_since(us, secs(201)).is_empty());
}

#[test]
fn a_watch_that_fails_to_open_time_and_again_does_not_put_off_the_polls() {
    let mut world = World::new();
    world.start("leader");
    let us = world.start_with("us", &without_watch());
    for second in 1..100 {
        world.run_until(secs(second));
        world.give(us, Input::Watching(false));
    }
    assert!(world.sent(us).len() > 25, "{:?}", world.sent(us));
}

/// Nothing reaches the follower, so it believes the holder dead. The guard knows better.
#[test]
fn g3_a_follower_whose_watch_fell_silent_ousts_nobody() {
    let mut world = World::new();
    let leader = world.start("leader");
    let us = world.start_with("us", &lagging(1_000_000));
    world.run_until(secs(100));
    assert_eq!(world.terms(leader), ["0 acquired 101"]);
    let sent = world.sent(us);
    assert_eq!(sent[..5], ["0 read", "15 take over", "15 read", "30 take over", "30 read"]);
}
