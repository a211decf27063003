//! When a watch is opened again.

use std::time::Duration;

use election::{Instant, Watching};

use crate::world::secs;

const RETRY_PERIOD: Duration = secs(2);
const PATIENCE: Duration = secs(15);

fn at(seconds: u64) -> Instant {
    Instant::from_nanos(seconds * 1_000_000_000)
}

fn watching() -> Watching {
    Watching::new(RETRY_PERIOD, 1, at(0))
}

fn pause(watching: &Watching, now: Instant) -> Duration {
    watching.due(PATIENCE).expect("a time to open it again").since(now)
}

#[test]
fn a_watch_that_lasted_is_opened_again_soon() {
    let mut watching = watching();
    watching.showed(at(0));
    watching.showed(at(10));
    watching.broke(false, at(11));
    assert!(!watching.is_wanted() && pause(&watching, at(11)) <= RETRY_PERIOD / 8);
    assert!(!watching.tend(PATIENCE, at(11)) && !watching.is_wanted(), "not yet");
    assert!(!watching.tend(PATIENCE, at(12)));
    assert!(watching.is_wanted());
}

/// A proxy that does not stream lets it open, and ends it at once.
#[test]
fn g10_a_watch_that_breaks_as_soon_as_it_opens_is_opened_less_and_less_often() {
    let mut watching = watching();
    let mut now = at(0);
    for longest in [2, 4, 8, 16, 32, 60, 60, 60] {
        watching.showed(now);
        watching.broke(false, now);
        let pause = pause(&watching, now);
        assert!(pause >= secs(longest) / 2 && pause <= secs(longest), "{pause:?}, not {longest}");
        now = now + pause;
        assert!(!watching.tend(PATIENCE, now) && watching.is_wanted());
    }
    watching.showed(now);
    watching.broke(false, now + RETRY_PERIOD);
    assert!(pause(&watching, now + RETRY_PERIOD) <= RETRY_PERIOD / 8, "this one has lasted");
}

#[test]
fn g10_watches_that_break_together_are_not_opened_together() {
    let pause = |seed| {
        let mut watching = Watching::new(RETRY_PERIOD, seed, at(0));
        watching.broke(false, at(1));
        pause(&watching, at(1))
    };
    let mut pauses: Vec<Duration> = (0..100).map(pause).collect();
    pauses.sort();
    let apart = pauses.windows(2).filter(|two| two[1] - two[0] > secs(1) / 1_000).count();
    assert!(pauses[99] - pauses[0] > secs(1) * 9 / 10 && apart > 80, "{pauses:?}");
}

#[test]
fn a_silent_watch_is_given_up() {
    let mut watching = watching();
    watching.showed(at(0));
    watching.showed(at(10));
    assert!(!watching.tend(PATIENCE, at(24)), "not yet");
    assert!(watching.tend(PATIENCE, at(25)));
    assert!(!watching.tend(PATIENCE, at(25)) && watching.is_wanted(), "and opened anew");
}

#[test]
fn a_watch_that_does_not_open_is_given_up_too() {
    let mut watching = watching();
    assert!(!watching.tend(PATIENCE, at(14)));
    assert!(watching.tend(PATIENCE, at(15)));
}

/// A leader only writes: its renewals count as answers too.
#[test]
fn an_expired_watch_waits_for_an_answer_of_the_store() {
    let mut watching = watching();
    watching.broke(true, at(1));
    assert!(!watching.is_wanted() && watching.due(PATIENCE).is_none());
    watching.store_answered(at(2));
    assert!(watching.is_wanted());
    watching.broke(false, at(2));
    watching.store_answered(at(2));
    assert!(!watching.is_wanted(), "any other waits its time");
}
