//! The harness itself: it repeats exactly, it goes red, and what is red becomes small.

use sim::script::{Action, FOCUSES, Focus, Script};
use sim::shrink::shrink;
use sim::suite::Failure;
use sim::world::{Keep, play};

#[test]
fn a_seed_reproduces_a_run_exactly() {
    let everything = Keep { timeline: true, draws: true };
    for (seed, focus) in (0..).zip(FOCUSES) {
        let [once, again] = [(), ()].map(|()| play(&Script::focused(seed, *focus), everything));
        assert_eq!(once.fingerprint, again.fingerprint, "{focus:?}");
        assert_eq!(once.drawn, again.drawn, "{focus:?}");
        let [once, again] = [once, again].map(|run| run.timeline.expect("it was asked for").to_string());
        assert!(once.lines().count() > 50 && once == again, "{focus:?}");
        assert_ne!(play(&Script::focused(seed + 1000, *focus), Keep::default()).fingerprint, 0);
    }
}

#[test]
fn watching_a_world_does_not_change_it() {
    let script = Script::of(77);
    let watched = play(&script, Keep { timeline: true, draws: true });
    assert_eq!(watched.fingerprint, play(&script, Keep::default()).fingerprint);
}

/// A live record is deleted, and nobody is told that this breaks the rules.
fn failing() -> Failure {
    (0..)
        .find_map(|seed| {
            let script = Script { lawful: true, ..Script::focused(seed, Focus::Deletions) };
            let violation = play(&script, Keep::default()).violation.filter(|it| it.guarantee == "G2")?;
            Some(Failure { seed, script, violation })
        })
        .expect("two lead soon")
}

#[test]
fn g2_where_somebody_breaks_the_rules_the_overlap_is_seen() {
    let failure = failing();
    assert!(failure.seed < 100, "seed {}", failure.seed);
    assert!(failure.violation.what.contains("leads while"), "{}", failure.violation);
}

#[test]
fn a_failing_world_becomes_small_and_its_story_says_what_happened() {
    let failure = failing();
    let small = shrink(&failure.script, failure.violation.guarantee);
    let violence = |action: &Action| matches!(action, Action::Delete | Action::Blank | Action::Overwrite);
    let count = |script: &Script| script.actions.iter().filter(|it| violence(&it.action)).count();
    assert!((1..=2).contains(&count(&small)), "{:?}", small.actions);
    assert!(small.actions.len() < failure.script.actions.len());
    let story = failure.story();
    for words in [failure.violation.guarantee, "leads", "--replay", "--shrink", "starts as"] {
        assert!(story.contains(words), "{words}: {story}");
    }
}
