//! Histories that are right, and others that are not.

use super::*;
use crate::history::Answers;

/// Times in the tables are in milliseconds.
const MS: u64 = 1_000_000;

/// A process that was asked each millisecond from `from` to `until`, in runs of 200 ms, and answered
/// at once.
fn asked(row: &str, spans: &[(u64, u64, bool)]) -> Answers {
    let mut runs = Vec::new();
    for &(from, until, yes) in spans {
        let mut begin = from;
        while begin < until {
            let end = (begin + 200).min(until);
            runs.push(Run {
                first_before: begin * MS,
                first_after: begin * MS,
                last_before: (end - 1) * MS,
                last_after: (end - 1) * MS,
                yes,
                count: end - begin,
            });
            begin = end;
        }
    }
    Answers { row: row.to_owned(), runs }
}

fn history(processes: Vec<Answers>) -> History {
    let until = processes.iter().flat_map(|who| &who.runs).map(|run| run.last_after).max().unwrap();
    History { processes, faults: Vec::new(), from: 0, until }
}

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn one_after_the_other_is_right() {
    let verdict = judge(&history(vec![
        asked("a", &[(0, 1000, true), (1000, 3000, false)]),
        asked("b", &[(0, 1500, false), (1500, 3000, true)]),
    ]));
    assert!(verdict.is_right());
    assert_eq!((verdict.dual_leader, verdict.stale_yes), (Duration::ZERO, Duration::ZERO));
    assert_eq!(verdict.leaderless, ms(501));
    assert_eq!(verdict.samples, 6000);
    assert_eq!(verdict.reigns.len(), 2);
}

#[test]
fn two_at_a_time_are_seen_to_the_millisecond() {
    let verdict = judge(&history(vec![
        asked("a", &[(0, 2000, true), (2000, 3000, false)]),
        asked("b", &[(0, 1500, false), (1500, 3000, true)]),
        asked("c", &[(0, 1800, false), (1800, 1900, true), (1900, 3000, false)]),
    ]));
    assert!(!verdict.is_right());
    // Counted once, though three were at it.
    assert_eq!(verdict.dual_leader, ms(499));
    assert_eq!(verdict.overlaps.len(), 3);
    // a after b and after c, b after c: the one that came later is right.
    let pairs: Vec<_> = verdict.stale.iter().map(|stale| (stale.process, stale.leader)).collect();
    assert_eq!(pairs, [(0, 1), (0, 2), (1, 2)]);
    assert_eq!(verdict.stale_yes, ms(499));
    assert_eq!(verdict.latest_stale_yes, ms(499));
    assert_eq!(verdict.leaderless, Duration::ZERO);
}

#[test]
fn one_stale_yes_on_waking_is_seen() {
    let mut woken = asked("a", &[(0, 1000, true)]);
    // Paused for 9 s; a single yes, and then no.
    woken.runs.push(Run {
        first_before: 10_000 * MS,
        first_after: 10_000 * MS + 700,
        last_before: 10_000 * MS,
        last_after: 10_000 * MS + 700,
        yes: true,
        count: 1,
    });
    woken.runs.extend(asked("a", &[(10_001, 12_000, false)]).runs);
    let verdict = judge(&history(vec![woken, asked("b", &[(0, 4000, false), (4000, 12_000, true)])]));
    assert!(!verdict.is_right());
    assert_eq!(verdict.stale.len(), 1);
    assert_eq!(verdict.stale_yes, Duration::from_nanos(700));
    assert_eq!(verdict.latest_stale_yes, Duration::from_nanos(6000 * MS + 700));
    assert_eq!((verdict.stale[0].process, verdict.stale[0].leader), (0, 1));
    // One yes at one instant: no time in which there were certainly two.
    assert_eq!(verdict.dual_leader, Duration::ZERO);
    assert_eq!(verdict.leaderless, ms(3001));
}

#[test]
fn an_answer_during_which_the_process_was_paused_is_no_proof() {
    // Asked at 999 ms, paused before the answer was given, woken at 10 s: it may have read its clock
    // before the pause.
    let mut woken = asked("a", &[(0, 999, true)]);
    woken.runs.push(Run {
        first_before: 999 * MS,
        first_after: 10_000 * MS,
        last_before: 999 * MS,
        last_after: 10_000 * MS,
        yes: true,
        count: 1,
    });
    woken.runs.extend(asked("a", &[(10_001, 12_000, false)]).runs);
    let verdict = judge(&history(vec![woken, asked("b", &[(0, 4000, false), (4000, 12_000, true)])]));
    assert!(verdict.is_right(), "{verdict:?}");
}

#[test]
fn answers_of_which_each_is_uncertain_overlap_only_where_they_certainly_do() {
    let slow = |row: &str, first: (u64, u64), last: (u64, u64)| Answers {
        row: row.to_owned(),
        runs: vec![Run {
            first_before: first.0 * MS,
            first_after: first.1 * MS,
            last_before: last.0 * MS,
            last_after: last.1 * MS,
            yes: true,
            count: 9,
        }],
    };
    // The last yes of one began at 100 and the first of the other ended at 101.
    let right = judge(&history(vec![slow("a", (0, 1), (100, 110)), slow("b", (90, 101), (150, 151))]));
    assert!(right.is_right(), "{right:?}");
    let wrong = judge(&history(vec![slow("a", (0, 1), (100, 110)), slow("b", (90, 99), (150, 151))]));
    assert_eq!(wrong.dual_leader, ms(1));
}

#[test]
fn a_leader_that_is_held_up_goes_on_leading_and_one_that_was_paused_is_another_reign() {
    let verdict = judge(&history(vec![asked("a", &[(0, 500, true), (700, 2000, true), (5000, 6000, true)])]));
    let spans: Vec<_> = verdict.reigns.iter().map(|r| (r.first_after / MS, r.last_before / MS)).collect();
    assert_eq!(spans, [(0, 1999), (5000, 5999)]);
    assert!(verdict.reigns.iter().all(|reign| reign.unbroken_since == 0));
}

#[test]
fn a_process_started_again_in_the_same_row_is_another() {
    let verdict = judge(&history(vec![
        asked("a", &[(0, 1000, true)]),
        asked("a", &[(500, 1500, true)]),
        asked("b", &[(0, 1500, false)]),
    ]));
    assert_eq!(verdict.dual_leader, ms(499));
}

#[test]
fn who_comes_next() {
    let history = history(vec![
        asked("a", &[(0, 1000, true), (1000, 5000, false), (5000, 6000, true)]),
        asked("b", &[(0, 1500, false), (1500, 4000, true)]),
    ]);
    for (after, not, next) in [
        (800, Some("a"), Some(700)),
        (800, None, Some(700)),
        (800, Some("b"), Some(4200)),
        (2000, Some("a"), None),
        (2000, None, Some(3000)),
    ] {
        assert_eq!(succession(&history, after * MS, not), next.map(ms), "{after} {not:?}");
    }
}

#[test]
fn a_part_of_a_history_is_judged_by_what_lies_in_it() {
    let whole = history(vec![
        asked("a", &[(0, 2000, true), (2000, 3000, false)]),
        asked("b", &[(0, 1000, false), (1000, 3000, true)]),
    ]);
    let parts = [(0, 1000, 0), (1000, 1500, 500), (1500, 2999, 499), (2000, 2999, 0)];
    for (from, until, dual) in parts {
        let verdict = judge(&whole.between(from * MS, until * MS));
        assert_eq!(verdict.dual_leader, ms(dual), "{from} to {until}");
        // A run that begins right at the end is not in it.
        assert!(verdict.leaderless <= ms(1));
    }
}
