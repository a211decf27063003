//! The worlds, by name: small ones for every day, and the same with more faults for a long run.

use std::time::Duration;

use election::Timing;

use super::process::Candidate;
use super::setup::{Begins, Faults, Jitter, Setup, Wall};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// The durations of a candidate, in seconds, with a retry period of one.
#[derive(Clone, Copy)]
struct Durations {
    lease: u64,
    renew_deadline: u64,
}

/// The smallest that keep everything apart: their ratio is 1.5.
const SHORT: Durations = Durations { lease: 3, renew_deadline: 2 };
const LONG: Durations = Durations { lease: 5, renew_deadline: 4 };

/// A clock that is true, and one at the edge of what is promised: it goes 1.5 times as fast.
const TRUE: u32 = 2;
const FAST: u32 = 3;

/// Who stands in a world: the durations, and how fast the clock goes, in halves.
struct Standing {
    candidates: Vec<(Durations, u32)>,
    watch: bool,
    step: Duration,
}

impl Standing {
    fn of(candidates: &[(Durations, u32)], watch: bool) -> Self {
        Self { candidates: candidates.to_vec(), watch, step: secs(1) }
    }

    fn candidates(&self) -> Vec<Candidate> {
        let longest =
            self.candidates.iter().map(|(durations, _)| secs(durations.lease)).max().unwrap_or_default();
        let candidate = |(durations, rate): &(Durations, u32)| Candidate {
            timing: Timing::new(secs(durations.lease), secs(durations.renew_deadline), secs(1))
                .expect("a valid timing"),
            clock_step: self.step * *rate / 2,
            watches: self.watch,
            longest: longest.max(secs(3)),
        };
        self.candidates.iter().map(candidate).collect()
    }
}

/// A world: small, and large.
fn world(
    name: &'static str,
    standing: &Standing,
    small: Faults,
    large: Faults,
    set: impl Fn(&mut Setup),
) -> [Setup; 2] {
    [small, large].map(|faults| {
        let mut setup = Setup {
            name,
            step: standing.step,
            candidates: standing.candidates(),
            begins: Begins::Released,
            wall: Wall::Stands,
            jitters: vec![Jitter::Least, Jitter::Most],
            late_starts: false,
            faults,
            late: 1,
        };
        set(&mut setup);
        setup
    })
}

/// All worlds, each small and large; the quickest first.
#[must_use]
pub fn all() -> Vec<[Setup; 2]> {
    let none = Faults::default();
    let pair = [(SHORT, TRUE), (SHORT, FAST)];
    let (polling, watching) = (Standing::of(&pair, false), Standing::of(&pair, true));
    let fine = |watch| Standing { step: Duration::from_millis(500), ..Standing::of(&pair, watch) };
    let unequal = Standing::of(&[(LONG, TRUE), (SHORT, TRUE)], true);
    let three = Standing::of(&[(SHORT, TRUE), (SHORT, FAST), (SHORT, TRUE)], true);
    let as_it_is = |_: &mut Setup| {};
    let all_jitters = |setup: &mut Setup| setup.jitters = vec![Jitter::Least, Jitter::Half, Jitter::Most];
    vec![
        world(
            "unequal-deletions",
            &unequal,
            Faults { deletions: 1, ..none },
            Faults { deletions: 1, delays: 1, ..none },
            as_it_is,
        ),
        world(
            "unequal-durations",
            &unequal,
            Faults { crashes: 1, ..none },
            Faults { crashes: 1, delays: 1, ..none },
            as_it_is,
        ),
        world(
            "half-seconds",
            &fine(true),
            Faults { delays: 1, lags: 1, ..none },
            Faults { delays: 2, lags: 1, ..none },
            all_jitters,
        ),
        world("three", &three, Faults { lags: 1, ..none }, Faults { delays: 1, ..none }, as_it_is),
        world(
            "stops",
            &watching,
            Faults { stops: 1, ..none },
            Faults { stops: 1, delays: 1, ..none },
            as_it_is,
        ),
        world(
            "deletions-polling",
            &polling,
            Faults { deletions: 1, ..none },
            Faults { deletions: 1, delays: 1, ..none },
            as_it_is,
        ),
        world("strangers", &polling, Faults { delays: 1, ..none }, Faults { delays: 2, ..none }, |setup| {
            setup.begins = Begins::Held(None);
        }),
        world(
            "hand-overs",
            &watching,
            Faults { step_downs: 1, lags: 1, ..none },
            Faults { step_downs: 1, delays: 1, lags: 1, ..none },
            as_it_is,
        ),
        world(
            "deaths",
            &watching,
            Faults { crashes: 1, proofs: 1, ..none },
            Faults { crashes: 1, proofs: 1, delays: 1, ..none },
            as_it_is,
        ),
        world(
            "slow-replies-polling",
            &polling,
            Faults { delays: 1, ..none },
            Faults { delays: 2, ..none },
            |setup| setup.begins = Begins::ReleasedForEver,
        ),
        world(
            "slow-replies-watching",
            &watching,
            Faults { delays: 1, lags: 1, ..none },
            Faults { delays: 2, lags: 2, ..none },
            |setup| setup.begins = Begins::ReleasedForEver,
        ),
        world(
            "unknown-outcomes",
            &watching,
            Faults { resets: 1, repeats: 1, ..none },
            Faults { resets: 1, refusals: 1, repeats: 1, ..none },
            as_it_is,
        ),
        world(
            "late-starts",
            &watching,
            Faults { delays: 1, ..none },
            Faults { delays: 1, lags: 1, ..none },
            |setup| {
                setup.late_starts = true;
                setup.begins = Begins::Empty;
            },
        ),
        world(
            "edits",
            &watching,
            Faults { edits: 1, requests: 1, ..none },
            Faults { edits: 1, requests: 1, delays: 1, ..none },
            as_it_is,
        ),
        world(
            "three-deaths",
            &three,
            Faults { crashes: 1, ..none },
            Faults { crashes: 1, lags: 1, ..none },
            as_it_is,
        ),
        world(
            "pauses",
            &watching,
            Faults { pauses: 1, ..none },
            Faults { pauses: 1, delays: 1, ..none },
            as_it_is,
        ),
        world(
            "creation",
            &polling,
            Faults { resets: 1, ..none },
            Faults { resets: 1, delays: 1, ..none },
            |setup| {
                setup.begins = Begins::Empty;
                setup.wall = Wall::Jumps;
            },
        ),
        world(
            "deletions",
            &watching,
            Faults { deletions: 1, delays: 1, ..none },
            Faults { deletions: 1, delays: 1, lags: 1, ..none },
            as_it_is,
        ),
        world(
            "hand-overs-polling",
            &polling,
            Faults { step_downs: 1, resets: 1, ..none },
            Faults { step_downs: 1, delays: 1, ..none },
            as_it_is,
        ),
    ]
}
