//! What listeners are told. That acquired and lost alternate is checked in every story.

use election::{Event, Input, LostReason};

use crate::world::{Fate, World, held_by, secs, without_watch};

fn leader(name: Option<&str>) -> Event {
    Event::LeaderChanged(name.map(Into::into))
}

#[test]
fn g9_a_term_is_told_from_its_beginning_to_its_end() {
    let mut world = World::new();
    let us = world.start("us");
    world.run_until(secs(11));
    world.give(us, Input::Stop);
    let told: Vec<_> = world.events(us).cloned().collect();
    let expected = [
        leader(Some("us_1")),
        Event::Acquired { token: 101, term: 0 },
        Event::Renewed,
        Event::Renewed,
        Event::Lost { token: 101, reason: LostReason::Stopped },
        leader(None),
        Event::Released,
    ];
    assert_eq!(told, expected);
}

#[test]
fn g9_a_follower_is_told_of_every_leader() {
    let mut world = World::with(held_by("first"));
    let us = world.start("us");
    world.edit(|record| record.transitions += 1); // still the first
    world.edit(|record| *record = held_by("second"));
    world.delete();
    world.edit(|record| *record = held_by("third"));
    let told: Vec<_> = world.events(us).cloned().collect();
    assert_eq!(told, [Some("first"), Some("second"), None, Some("third")].map(leader));
}

#[test]
fn g9_a_loss_is_told_at_the_deadline_whatever_hangs() {
    for fault in [Fate::LOST, Fate::REFUSED, Fate::RESET] {
        let mut world = World::new();
        let us = world.start("us");
        world.run_until(secs(7));
        world.of(us).network.usually(move |_, _| fault.clone());
        world.run_until(secs(30));
        assert_eq!(world.terms(us), ["0 acquired 101", "15 lost 101 Expired"], "renewed at 5");
    }
}

#[test]
fn g9_after_a_pause_the_loss_is_told_first_of_all() {
    let mut world = World::new();
    let us = world.start("us");
    let standby = world.start("standby");
    world.run_until(secs(6));
    world.pause(us, secs(100));
    world.run_until(secs(200));
    assert_eq!(world.leader(), Some(standby));
    assert_eq!(world.terms(us), ["0 acquired 101", "106 lost 101 Expired"]);
    assert_eq!(world.terms(standby), ["20 acquired 103"]);
}

/// Every term has its own token, larger than all before; a term that is only renewed keeps its own.
#[test]
fn g6_tokens_grow_over_expiries_releases_and_deletions() {
    let mut world = World::new();
    let us = world.start_with("us", &without_watch());
    world
        .of(us)
        .network
        .usually(|_, now| if (secs(20)..secs(40)).contains(&now) { Fate::REFUSED } else { Fate::PROMPT });
    world.run_until(secs(60)); // expired and acquired anew
    world.give(us, Input::StepDown);
    world.run_until(secs(100)); // released and acquired anew
    world.delete();
    world.run_until(secs(120)); // deleted and created anew
    let tokens = world.events(us).filter_map(|event| match event {
        Event::Acquired { token, .. } => Some(*token),
        _ => None,
    });
    let tokens: Vec<u64> = tokens.collect();
    assert_eq!(tokens.len(), 4, "{:?}", world.terms(us));
    assert!(tokens.is_sorted_by(|earlier, later| earlier < later), "{tokens:?}");
}

#[test]
fn every_reason_is_explained_in_words_of_its_own() {
    use LostReason::{
        Blanked, Coordinated, Deleted, DriverFailed, DuplicateIdentity, Expired, HostStuck, SteppedDown,
        Stopped, Superseded, Unhealthy,
    };
    let reasons = [
        (Expired, "deadline"),
        (Superseded, "another process holds"),
        (Blanked, "blanked"),
        (Deleted, "deleted"),
        (Coordinated, "coordinated"),
        (DuplicateIdentity, "identity"),
        (SteppedDown, "step down"),
        (Stopped, "stopped"),
        (HostStuck, "host"),
        (DriverFailed, "thread"),
        (Unhealthy, "not healthy"),
    ];
    for (reason, word) in reasons {
        assert!(reason.explanation().contains(word), "{reason:?}: {}", reason.explanation());
    }
}
