//! Suspending, resuming, stopping.

use election::{Input, Instant, LostReason, Record, WallTime};

use crate::world::{Fate, Setup, Who, World, held_by, millis, secs};

const STUCK: Input = Input::Suspend(LostReason::HostStuck);

#[test]
fn suspended_it_releases_and_does_not_stand_until_it_is_resumed() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.give(us, STUCK);
    world.give(us, STUCK);
    world.give(us, Input::StepDown); // no reason to stand earlier
    world.run_until(secs(500));
    assert_eq!(world.terms(us), ["0 acquired 101", "1 lost 101 HostStuck", "1 released"]);
    world.give(us, Input::Resume);
    assert!(world.leads(us));
}

#[test]
fn a_suspended_candidate_takes_nothing() {
    let mut world = World::with(held_by("other"));
    let us = world.start("us");
    world.run_until(secs(1));
    world.give(us, STUCK);
    world.run_until(secs(100));
    world.edit(|record| *record = Record::default());
    world.give(us, Input::HolderDead("other".into()));
    world.run_until(secs(200));
    assert_eq!(world.sent(us), ["0 read"]);
    world.give(us, Input::Resume);
    assert!(world.leads(us));
}

#[test]
fn stopped_while_it_is_suspended_it_ends() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.give(us, STUCK);
    world.run_until(secs(10));
    world.give(us, Input::Stop);
    assert!(world.of(us).election.is_stopped());
    world.give(us, Input::Resume);
    world.run_until(secs(100));
    assert_eq!(world.terms(us), ["0 acquired 101", "1 lost 101 HostStuck", "1 released"]);
}

#[test]
fn resumed_while_the_release_is_under_way_it_stands_again_after_it() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.of(us).network.next([Fate::slow(millis(100))]);
    world.give(us, STUCK);
    world.give(us, Input::Resume);
    world.run_until(secs(20));
    let terms = ["0 acquired 101", "1 lost 101 HostStuck", "1.1 released", "2 acquired 103"];
    assert_eq!(world.terms(us), terms);
}

/// Being suspended and resumed meanwhile does not shorten it: at once, or while the release is under way.
#[test]
fn g7_who_stepped_down_sits_out_whatever_comes_between() {
    for release_takes in [0, 100] {
        let mut world = World::new();
        let us = world.start("us");
        world.run_until(secs(1));
        world.of(us).network.next([Fate::slow(millis(release_takes))]);
        world.give(us, Input::StepDown);
        world.give(us, STUCK);
        world.run_until(secs(5));
        world.give(us, Input::Resume);
        world.run_until(millis(15_999));
        assert!(!world.leads(us), "{release_takes}");
        world.run_until(secs(16));
        assert!(world.leads(us), "{release_takes}");
    }
}

#[test]
fn resuming_without_having_been_suspended_changes_nothing() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(1));
    world.give(us, Input::Resume);
    assert!(world.leads(us));
    world.give(us, Input::StepDown);
    world.give(us, Input::Resume);
    world.run_until(secs(15));
    assert!(!world.leads(us), "it still sits out");
    world.run_until(secs(17));
    world.give(us, Input::Stop);
    world.give(us, Input::Resume);
    world.run_until(secs(100));
    assert!(world.of(us).election.is_stopped(), "the end is the end");
    assert!(!world.leads(us));
}

/// While a release is under way, the strongest of what was asked for follows it.
#[test]
fn the_strongest_wish_wins() {
    use Input::{Resume, StepDown, Stop};
    let what_follows = |wishes: &[Input]| {
        let mut world = World::new();
        let us = world.start("us");
        world.run_until(secs(1));
        world.of(us).network.next([Fate::slow(millis(100))]);
        for wish in wishes {
            world.give(us, wish.clone());
        }
        world.run_until(secs(40));
        assert_eq!(world.terms(us)[2], "1.1 released");
        (world.leads(us), world.of(us).election.is_stopped())
    };
    let (stands_again, suspended, stopped) = ((true, false), (false, false), (false, true));
    assert_eq!(what_follows(&[StepDown]), stands_again);
    assert_eq!(what_follows(&[StepDown, STUCK]), suspended);
    assert_eq!(what_follows(&[STUCK, StepDown]), suspended);
    assert_eq!(what_follows(&[STUCK, Resume]), stands_again);
    assert_eq!(what_follows(&[Stop, STUCK, Resume, StepDown]), stopped);
    assert_eq!(what_follows(&[StepDown, Stop]), stopped);
}

#[test]
fn a_stopped_election_asks_for_nothing_more() {
    for record in [None, Some(held_by("other"))] {
        let mut world = record.map_or_else(World::new, World::with);
        let us = world.start("us");
        world.run_until(secs(1));
        world.give(us, Input::Stop);
        assert!(world.of(us).election.is_stopped());
        let sent = world.sent(us).len();
        world.give(us, Input::Stop);
        world.edit(|record| *record = Record::default());
        world.close_watch(us);
        world.run_until(secs(500));
        assert_eq!(world.sent(us).len(), sent);
    }
}

/// Nothing of ours is in the record, and nothing can get there any more.
#[test]
fn a_candidate_that_holds_nothing_stops_without_a_request() {
    let never_wrote: fn(&mut World, Who) = |_, _| {};
    let was_refused: fn(&mut World, Who) = |world, us| {
        world.of(us).network.next([Fate::PROMPT, Fate::REFUSED]);
        world.go(us);
    };
    let came_second: fn(&mut World, Who) = |world, us| {
        world.of(us).network.next([Fate::PROMPT, Fate::delayed(millis(100))]);
        world.go(us);
        world.edit(|record| *record = held_by("other"));
    };
    let came_too_late: fn(&mut World, Who) = |world, us| {
        world.edit(|record| *record = Record::default());
        world.of(us).network.next([Fate::PROMPT, Fate::RESET]);
        world.go(us);
        world.edit(|record| *record = held_by("other"));
    };
    for happened in [never_wrote, was_refused, came_second, came_too_late] {
        let mut world = World::new();
        let us = world.prepare("us", &Setup::default());
        happened(&mut world, us);
        world.run_for(secs(1));
        let sent = world.sent(us);
        world.give(us, Input::Stop);
        assert!(world.of(us).election.is_stopped(), "{sent:?}");
        assert_eq!(world.sent(us), sent);
    }
}

#[test]
fn an_earlier_instant_counts_as_the_last() {
    let mut world = World::new();
    let us = world.start("us");
    let at = |second: u64| Instant::from_nanos(0) + secs(1_000 + second);
    let election = &mut world.of(us).election;
    let _ = election.handle(Input::Tick, at(6), WallTime::default());
    let output = election.handle(Input::StepDown, at(3), WallTime::default());
    assert_eq!(output.wake, Some(at(8)), "the release may take until one retry period from now");
}
