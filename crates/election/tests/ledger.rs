//! What a leader leaves to the next: when it is written, who finds it, and who cannot write it.

use std::ops::RangeInclusive;
use std::time::Duration;

use election::{Event, Input, Ledger, LostReason, Note, Record, Request, WallTime};

use crate::world::{Clock, Fate, Setup, Wall, Who, World, held_by, millis, secs, without_watch};

/// It notes this, as a driver does: with the token of its term.
fn note(world: &mut World, who: Who, number: u64, text: &str, flush: bool) {
    let token = world.of(who).claim.map_or(0, |claim| claim.token);
    world.give(who, Input::Note(Note { token, number, text: text.into(), flush }));
}

/// What became of its notes: `Ok` those noted, `Err` those that will not be written any more.
fn answers(world: &World, who: Who) -> Vec<Result<u64, RangeInclusive<u64>>> {
    let answer = |event: &Event| match event {
        Event::Noted(number) => Some(Ok(*number)),
        Event::NotNoted(numbers) => Some(Err(numbers.clone())),
        _ => None,
    };
    world.events(who).filter_map(answer).collect()
}

fn losses(world: &World, who: Who) -> usize {
    world.events(who).filter(|event| matches!(event, Event::LedgerLost)).count()
}

/// What the record says.
fn written(world: &World) -> Option<&str> {
    world.store.record().and_then(|record| record.ledger.as_ref()).map(|ledger| &*ledger.text)
}

/// What it has in hand.
fn in_hand(world: &mut World, who: Who) -> Option<(String, Duration)> {
    let now = world.now;
    let candidate = world.of(who);
    candidate.election.ledger(candidate.clock.shows(now)).map(|ledger| (ledger.text.to_string(), ledger.age))
}

fn ledger(text: &str, age: Duration) -> Ledger {
    Ledger { text: text.into(), age, handed_over: false }
}

#[test]
fn g13_what_is_noted_rides_along_with_the_next_renewal() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    note(&mut world, us, 1, "one", false);
    world.run_until(secs(3));
    note(&mut world, us, 2, "two", false);
    world.run_until(millis(4_999));
    assert_eq!(written(&world), None);
    world.run_until(secs(11));
    assert_eq!(world.sent_since(us, secs(1)), ["5 renew", "10 renew"], "not one request more");
    assert_eq!(answers(&world, us), [Ok(2)]);
    assert_eq!(world.store.record().unwrap().ledger, Some(ledger("two", secs(7))));
}

#[test]
fn g13_a_flush_writes_at_once_and_flushes_share_writes_two_a_second_at_most() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.of(us).network.usually(|_, _| Fate::slow(millis(100)));
    for number in 1..=200 {
        world.run_until(secs(1) + millis(number * 10));
        note(&mut world, us, number, &number.to_string(), true);
    }
    world.run_until(secs(4));
    let renewals = ["1.01 renew", "1.51 renew", "2.01 renew", "2.51 renew", "3.01 renew"];
    assert_eq!(world.sent_since(us, secs(1)), renewals);
    assert_eq!(answers(&world, us), [Ok(1), Ok(50), Ok(100), Ok(150), Ok(200)]);
    assert_eq!(written(&world), Some("200"));
    world.run_until(millis(8_100));
    assert_eq!(world.sent_since(us, secs(4)), ["8.01 renew"], "each was a renewal too");
}

#[test]
fn g13_the_releasing_write_carries_what_was_noted_and_the_next_leader_has_it_in_hand() {
    for input in [Input::StepDown, Input::Stop] {
        let mut world = World::new();
        let (us, them) = (world.start("us"), world.start("them"));
        world.run_until(secs(2));
        note(&mut world, us, 1, "done", false);
        world.give(us, input);
        assert_eq!(world.sent_since(us, secs(1)), ["2 release"]);
        assert_eq!(answers(&world, us), [Ok(1)]);
        world.run_until(secs(3));
        assert!(world.leads(them));
        assert_eq!(world.sent_since(them, secs(1)), ["2 take over"], "and nothing else");
        assert_eq!(in_hand(&mut world, them), Some(("done".into(), secs(1))));
        assert_eq!(written(&world), Some("done"));
    }
}

#[test]
fn g13_a_successor_knows_whether_the_process_before_it_goes_on() {
    type End = fn(&mut World, Who);
    let ends: [(&str, bool, End); 4] = [
        ("stepped down", true, |world, who| world.give(who, Input::StepDown)),
        ("suspended", false, |world, who| world.give(who, Input::Suspend(LostReason::HostStuck))),
        ("stopped", false, |world, who| world.give(who, Input::Stop)),
        ("crashed", false, |world, who| world.crash(who)),
    ];
    let handed_over = |world: &mut World, who: Who| {
        let now = world.now;
        let candidate = world.of(who);
        candidate.election.ledger(candidate.clock.shows(now)).unwrap().handed_over
    };
    for (how, goes_on, end) in ends {
        let mut world = World::new();
        let (first, second) = (world.start("first"), world.start("second"));
        world.run_until(secs(2));
        note(&mut world, first, 1, "begun", true);
        assert!(!handed_over(&mut world, first), "{how}");
        end(&mut world, first);
        world.run_for(secs(20));
        assert!(world.leads(second), "{how}");
        assert_eq!(handed_over(&mut world, second), goes_on, "{how}");

        // It stands until somebody notes something: the next may have noted nothing.
        world.start("third");
        world.run_for(secs(1));
        world.give(second, Input::Stop);
        world.run_for(secs(1));
        let next = world.leader().unwrap();
        assert_ne!(next, second, "{how}");
        assert_eq!(handed_over(&mut world, next), goes_on, "{how}");
        note(&mut world, next, 2, "taken in", true);
        world.run_for(secs(1));
        assert!(!handed_over(&mut world, next), "{how}");
        assert!(!world.store.record().unwrap().ledger.as_ref().unwrap().handed_over, "{how}");
    }
}

#[test]
fn g13_every_take_over_carries_it_on() {
    type End = fn(&mut World, Who);
    let ends: [(&str, End); 4] = [
        ("released", |world, who| world.give(who, Input::StepDown)),
        ("stopped", |world, who| world.give(who, Input::Stop)),
        ("expired", |world, who| world.crash(who)),
        ("proven dead", |world, who| {
            world.crash(who);
            let dead = world.of(who).identity().clone();
            let all: Vec<_> = (0..world.candidates.len()).map(Who).collect();
            for other in all {
                world.give(other, Input::HolderDead(dead.clone()));
            }
        }),
    ];
    for (how, end) in ends {
        for setup in [Setup::default(), without_watch()] {
            let mut world = World::new();
            let first = world.start_with("first", &setup);
            world.run_until(secs(1));
            note(&mut world, first, 1, "kept", true);
            assert_eq!(answers(&world, first), [Ok(1)]);
            let mut leader = first;
            for generation in 0..5 {
                world.run_for(secs(10));
                // The same host again, with a new process: a restart of ours is anybody's take-over.
                world.start_with(&format!("next-{generation}"), &setup);
                world.run_for(secs(1));
                end(&mut world, leader);
                world.run_for(secs(40));
                let next = world.leader().unwrap();
                assert_ne!(next, leader, "{how}");
                let (text, age) = in_hand(&mut world, next).unwrap();
                assert_eq!(text, "kept", "{how}");
                let real = world.now - secs(1);
                assert!(age <= real && age + secs(25) >= real, "{how}: {age:?} of {real:?}");
                leader = next;
            }
            assert_eq!(written(&world), Some("kept"), "{how}");
        }
    }
}

#[test]
fn g13_who_was_deposed_cannot_write_it_however_late_its_request_arrives() {
    for lands_after in [millis(16_000), secs(30), secs(60)] {
        let mut world = World::new();
        let (us, them) = (world.start("us"), world.start("them"));
        world.run_until(secs(1));
        note(&mut world, us, 1, "first", true);
        world.run_until(secs(2));
        world.of(us).network.usually(move |_, _| Fate::lands_after(lands_after));
        note(&mut world, us, 2, "late", true);
        world.pause(us, secs(100));
        world.run_until(secs(17));
        assert!(world.leads(them));
        assert_eq!(in_hand(&mut world, them).unwrap().0, "first");
        note(&mut world, them, 1, "theirs", true);
        world.run_until(secs(101));
        world.of(us).network.usually(|_, _| Fate::PROMPT);
        note(&mut world, us, 3, "still late", true);
        world.run_until(secs(140));
        assert_eq!(written(&world), Some("theirs"), "{lands_after:?}");
        assert_eq!(answers(&world, us), [Ok(1), Err(3..=3), Err(2..=2)]);
    }
}

#[test]
fn g13_what_was_noted_in_another_term_or_is_too_long_is_not_written() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    let former = world.of(us).claim.unwrap().token;
    let longest = "x".repeat(Ledger::MOST_BYTES);
    note(&mut world, us, 1, &format!("{longest}x"), true);
    assert_eq!((answers(&world, us), written(&world)), (vec![Err(1..=1)], None));
    note(&mut world, us, 2, &longest, true);
    assert_eq!(written(&world), Some(&*longest));

    world.give(us, Input::StepDown);
    note(&mut world, us, 3, "released", true);
    world.run_until(secs(40));
    assert!(world.leads(us));
    world.give(us, Input::Note(Note { token: former, number: 4, text: "stale".into(), flush: true }));
    world.run_until(secs(60));
    assert_eq!(answers(&world, us), [Err(1..=1), Ok(2), Err(3..=3), Err(4..=4)]);
    assert_eq!(written(&world), Some(&*longest));
}

/// A flush whose outcome is unknown: written or not, late or not, it is told as noted only when it is
/// there, and what is noted after it is not lost to it.
#[test]
fn g13_an_unknown_flush_is_told_as_noted_only_when_it_is_there() {
    let fates = [
        Fate::REPLY_LOST,
        Fate::RESET_TOO_LATE,
        Fate::LOST,
        Fate::RESET,
        Fate::REFUSED,
        Fate::lands_after(millis(1_900)),
        Fate::lands_after(millis(2_500)),
        Fate::slow(millis(2_500)),
    ];
    for fate in fates {
        for later in [false, true] {
            let mut world = World::new();
            let us = world.start("us");
            world.run_until(secs(1));
            world.of(us).network.next([fate.clone()]);
            note(&mut world, us, 1, "unsure", true);
            assert_eq!(answers(&world, us), [], "{fate:?}");
            if later {
                world.run_until(secs(2));
                note(&mut world, us, 2, "later", false);
            }
            let mut told = 0;
            while world.now < secs(12) {
                world.run_for(millis(10));
                let answers = answers(&world, us);
                if answers.len() > told {
                    told = answers.len();
                    let there = written(&world);
                    assert!(there == Some("unsure") || there == Some("later"), "{fate:?}: {there:?}");
                }
            }
            let (last, text) = if later { (2, "later") } else { (1, "unsure") };
            assert_eq!(answers(&world, us).last(), Some(&Ok(last)), "{fate:?}");
            assert_eq!(written(&world), Some(text), "{fate:?}");
            assert_eq!(world.terms(us), ["0 acquired 101"], "{fate:?}");
        }
    }
}

/// The release takes effect, but nobody hears of it: the answer is no, and the next leader has it.
#[test]
fn g13_a_release_whose_reply_is_lost_is_not_told_as_noted() {
    let mut world = World::new();
    let (us, them) = (world.start("us"), world.start("them"));
    world.run_until(secs(1));
    note(&mut world, us, 1, "done", false);
    world.of(us).network.next([Fate::REPLY_LOST]);
    world.give(us, Input::Stop);
    world.run_until(secs(5));
    assert_eq!(answers(&world, us), [Err(1..=1)]);
    assert_eq!(in_hand(&mut world, them).unwrap().0, "done");
}

/// An outage ends a term of ours; nobody else led meanwhile, and the next term is ours again.
#[test]
fn g13_what_was_noted_before_an_outage_is_written_after_it() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.of(us).network.usually(|_, now| if now < secs(14) { Fate::LOST } else { Fate::PROMPT });
    note(&mut world, us, 1, "before", true);
    world.run_until(secs(12));
    assert!(!world.leads(us));
    note(&mut world, us, 2, "without a term", true);
    world.run_until(secs(25));
    assert_eq!((world.leads(us), written(&world)), (true, Some("before")));
    assert_eq!(in_hand(&mut world, us).unwrap().0, "before");
    assert_eq!(answers(&world, us), [Err(2..=2), Ok(1)]);
}

#[test]
fn g13_a_ledger_that_was_dropped_or_deleted_is_told_once_and_unknown() {
    type Loss = fn(&mut World);
    let losses_of: [(&str, Loss); 2] = [
        ("dropped", |world| world.edit(|record| *record = Record { ledger: None, ..held_by("foreign") })),
        ("deleted", World::delete),
    ];
    for (how, lose) in losses_of {
        let mut world = World::new();
        world.rules_broken = true;
        let (us, them) = (world.start("us"), world.start("them"));
        world.run_until(secs(1));
        note(&mut world, us, 1, "gone", true);
        world.run_until(secs(2));
        lose(&mut world);
        for who in [us, them] {
            assert_eq!(losses(&world, who), 1, "{how}");
        }
        world.run_until(secs(60));
        assert_eq!(written(&world), None, "{how}: it is not put back");
        let leader = world.leader().unwrap();
        assert_eq!(in_hand(&mut world, leader), None, "{how}");
        assert!(world.of(leader).election.has_lost_ledger(), "{how}");
        note(&mut world, leader, 2, "anew", true);
        assert!(!world.of(leader).election.has_lost_ledger(), "{how}");
        world.run_until(secs(70));
        assert_eq!((losses(&world, us), losses(&world, them)), (1, 1), "{how}");
    }
}

#[test]
fn g13_where_none_ever_was_none_is_lost() {
    let mut world = World::with(held_by("foreign"));
    let us = world.start("us");
    world.run_until(secs(30));
    assert!(world.leads(us) && !world.of(us).election.has_lost_ledger());
    assert_eq!((in_hand(&mut world, us), losses(&world, us)), (None, 0));
}

/// Somebody's edit takes the annotation away under a leader: its next renewal puts it back.
#[test]
fn g13_a_leader_puts_back_what_an_edit_took_away() {
    let mut world = World::new();
    let (us, them) = (world.start("us"), world.start("them"));
    world.run_until(secs(1));
    note(&mut world, us, 1, "mine", true);
    world.run_until(secs(2));
    world.edit(|record| record.ledger = Some(ledger("garbled", secs(0))));
    world.edit(|record| record.ledger = None);
    assert_eq!((losses(&world, us), losses(&world, them)), (0, 1));
    world.run_until(secs(7));
    assert_eq!(written(&world), Some("mine"));
    assert_eq!(in_hand(&mut world, them).unwrap().0, "mine");
    assert!(!world.of(them).election.has_lost_ledger());
}

// ---- how old it is -----------------------------------------------------------------------------

/// Wall clocks and origins differ; a follower adds what passed since it saw the write.
#[test]
fn g13_an_age_does_not_depend_on_what_clocks_show() {
    let odd = Clock { wall: Wall::Goes { ahead: 3_600 }, origin: secs(5), ..Clock::TRUE };
    let mut world = World::new();
    let us = world.start("us");
    let them = world.start_with("them", &Setup { clock: odd, watch: Some(millis(30)), ..Setup::default() });
    world.run_until(secs(1));
    note(&mut world, us, 1, "t", false);
    world.run_until(secs(10));
    world.crash(us);
    world.run_until(secs(30));
    assert!(world.leads(them));
    let age = in_hand(&mut world, them).unwrap().1;
    assert_eq!(age, secs(29) - millis(30), "the watch's lag is not known");
    world.run_until(secs(31));
    assert_eq!(world.store.record().unwrap().ledger.as_ref().unwrap().text, "t".into());
}

/// A ledger that stood there when we first looked: nobody who lives saw it written.
#[test]
fn g13_what_nobody_saw_written_is_dated_by_the_wall_clock_until_it_changes() {
    let written_at = |micros| Record {
        holder: None,
        renew_time: Some(WallTime::from_micros(micros)),
        ledger: Some(ledger("old", secs(5))),
        ..held_by("gone")
    };
    // The world's wall clock begins here.
    let (start, hour) = (1_000_000_000_000, 3_600_000_000);
    let mut world = World::with(written_at(start));
    let wall = Wall::Goes { ahead: 3_600 };
    let us = world.start_with("us", &Setup { clock: Clock { wall, ..Clock::TRUE }, ..Setup::default() });
    world.run_until(secs(1));
    assert_eq!(in_hand(&mut world, us), Some(("old".into(), secs(5 + 3_600 + 1))));

    // A wall clock behind the writer's says nothing.
    let mut world = World::with(written_at(start + hour));
    let us = world.start("us");
    world.run_until(secs(1));
    assert_eq!(in_hand(&mut world, us), Some(("old".into(), secs(6))));

    // The first change that is seen says better.
    let mut world = World::with(Record { holder: Some("lives".into()), ..written_at(start) });
    let us = world.start_with("us", &Setup { clock: Clock { wall, ..Clock::TRUE }, ..Setup::default() });
    world.run_until(secs(1));
    assert_eq!(in_hand(&mut world, us).unwrap().1, secs(5 + 3_600 + 1));
    let renewed = |record: &mut Record| {
        record.renew_time = Some(WallTime::from_micros(start + hour));
        record.ledger = Some(ledger("old", secs(7)));
    };
    world.edit(renewed);
    assert_eq!(in_hand(&mut world, us).unwrap().1, secs(7));
    // Another elector keeps the annotation as it is while it leads: the older sight is the right one.
    world.run_until(secs(10));
    world.edit(|record| record.renew_time = Some(WallTime::from_micros(start + 2 * hour)));
    assert_eq!(in_hand(&mut world, us).unwrap().1, secs(16));
}

#[test]
fn g13_no_write_of_ours_but_a_create_is_without_it() {
    let mut world = World::new();
    let (us, them) = (world.start("us"), world.start_with("them", &without_watch()));
    world.after_each_request(|store, request| {
        let had = store.changes().iter().rev().skip(1).find_map(|seen| match seen {
            election::Seen::Present(record, _) => Some(record.ledger.is_some()),
            election::Seen::Deleted(_) => None,
        });
        if let (Request::Update(record, _), Some(true)) = (request, had) {
            assert!(record.ledger.is_some(), "{record:?}");
        }
    });
    world.run_until(secs(1));
    note(&mut world, us, 1, "kept", true);
    for who in [us, them, us, them] {
        world.run_for(secs(20));
        world.give(who, Input::StepDown);
    }
    world.run_for(secs(40));
    assert_eq!(written(&world), Some("kept"));
}
