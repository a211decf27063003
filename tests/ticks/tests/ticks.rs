//! Ours, on files, in a size fit for a commit: `TICKS_SEED` chooses clocks and moments.
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::env;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cluster_leader_tests_chaos::Timings;
use cluster_leader_tests_kubernetes::{measured, noted, skipped};
use cluster_leader_tests_ticks::{App, Contender, Judged, Kind, Plan, play};

/// One rolling update and one SIGKILL of the leader; `None` if that is impossible here, which has been said.
fn played(contender: Contender) -> Option<Vec<Judged>> {
    static APP: OnceLock<Result<App, String>> = OnceLock::new();
    let app = APP.get_or_init(App::find).as_ref().map_err(skipped).ok()?;
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let seed = env::var("TICKS_SEED").map_or(clock, |seed| seed.parse().expect("TICKS_SEED is a number"));
    noted(format_args!("TICKS_SEED={seed}"));
    let plan = Plan {
        undisturbed: Duration::from_secs(2),
        updates: 1,
        kills: 1,
        timings: Timings::of(6_000, 4_000, 1_000),
        seed,
    };
    let directory =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tests-ticks").join(contender.key);
    let outcome = play(contender, &plan, app, None, &directory);
    assert_eq!(outcome.complaints, [""; 0], "records: {}", directory.display());
    let judged = outcome.judge();
    for Judged { episode, counts, longest_wait, at_stake, .. } in &judged {
        let what = format!("{}, {:?}", contender.title, episode.kind);
        measured(&what, format_args!("{counts:?}, longest wait {longest_wait:?}, at stake {at_stake}"));
        assert!(counts.run > 20, "{what}: too few to judge by: {counts:?}");
    }
    for Judged { episode, counts, findings, .. } in &judged {
        if episode.kind != Kind::Kill {
            let wrong = counts.doubled + counts.missed + counts.overlapping;
            assert_eq!(wrong, 0, "{:?}: {counts:?}\n{}", episode.kind, findings.join("\n"));
        }
    }
    Some(judged)
}

fn kill(judged: &[Judged]) -> &Judged {
    Judged::of_kind(judged, Kind::Kill).into_iter().next().expect("somebody was killed")
}

#[test]
fn g13_at_least_once_misses_no_tick_though_a_leader_is_killed() {
    let Some(judged) = played(Contender::ON_FILES[0]) else { return };
    let kill = kill(&judged);
    assert_eq!(kill.counts.missed, 0, "{}", kill.findings.join("\n"));
    assert!(kill.counts.doubled <= kill.at_stake, "{kill:#?}");
}

#[test]
fn g13_at_most_once_doubles_no_tick_though_a_leader_is_killed() {
    let Some(judged) = played(Contender::ON_FILES[1]) else { return };
    let kill = kill(&judged);
    assert_eq!(kill.counts.doubled, 0, "{}", kill.findings.join("\n"));
    assert!(kill.counts.missed <= kill.at_stake, "{kill:#?}");
}

#[test]
fn g13_relaxed_doubles_and_misses_no_tick_in_a_rolling_update_and_few_when_a_leader_is_killed() {
    let Some(judged) = played(Contender::ON_FILES[2]) else { return };
    let kill = kill(&judged);
    assert!(kill.counts.doubled + kill.counts.missed <= kill.at_stake, "{kill:#?}");
}
