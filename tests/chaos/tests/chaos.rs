//! Chaos in a size fit for a commit.

use std::env;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use cluster_leader_tests_chaos::{Contender, Ours, Plan, Report, Timings, Totals, run};
use cluster_leader_tests_kubernetes::{measured, noted, skipped};

/// Each kind of episode at least once, other ones with each run: `CHAOS_SEED` chooses.
#[test]
fn g1_g2_g6_one_leader_at_a_time_whatever_happens() {
    let ours: Box<dyn Contender> = match Ours::build() {
        Ok(ours) => Box::new(ours),
        Err(why) => return skipped(why),
    };
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed = env::var("CHAOS_SEED").map_or(clock, |seed| seed.parse().expect("CHAOS_SEED is a number"));
    noted(format_args!("CHAOS_SEED={seed}"));
    let plan = Plan { seed, episodes: 30, arenas: 6, timings: Timings::SHORT, only: None };
    let Some(ran) = run(&plan, &[ours]) else { return };

    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tests-chaos");
    let command = format!("CHAOS_SEED={seed} cargo test -p cluster-leader-tests-chaos");
    let report = Report { plan: &plan, ran: &ran, command };
    report.write(&out).unwrap();
    let ours = &ran.outcomes[0];
    let totals = Totals::of(&ours.episodes);
    measured("episodes", totals.episodes);
    measured("answers", totals.answers);
    measured("two leaders", format_args!("{:?}", totals.dual_leader));
    measured("stale yes", format_args!("{:?}", totals.stale_yes));
    measured("nobody led", format_args!("{:?} of {:?}", totals.leaderless, totals.watched));
    let wrongs = report.wrongs(ours);
    let drawn = out.join("ours.svg");
    assert!(wrongs.is_empty(), "seed {seed}, drawn in {}:\n{}", drawn.display(), wrongs.join("\n"));
    assert!(totals.episodes >= 20, "{} episodes are too few to judge by", totals.episodes);
}
