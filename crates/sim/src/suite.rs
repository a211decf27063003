//! Playing many worlds.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::clock::Real;
use crate::coverage::Coverage;
use crate::guarantees::Violation;
use crate::script::{Focus, Script};
use crate::shrink::shrink;
use crate::world::{Keep, play};

/// What to play.
#[derive(Clone, Copy, Debug)]
pub struct Suite {
    /// Until this many protocol steps have been taken.
    pub steps: u64,
    /// The first world's seed; those of the others follow.
    pub first_seed: u64,
    /// Only worlds about this; `None`: whatever their seeds say.
    pub focus: Option<Focus>,
    /// On this many threads.
    pub threads: usize,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// How many worlds were played.
    pub worlds: u64,
    /// How many protocol steps they took.
    pub steps: u64,
    /// For how long, in real time of lawful worlds, two led at a time.
    pub dual_leader_time: Real,
    /// How much real time passed in the worlds.
    pub world_time: Real,
    /// What happened how often.
    pub coverage: Coverage,
    /// A world in which a promise broke.
    pub failure: Option<Failure>,
}

/// A world in which a promise broke.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// Its script.
    pub script: Script,
    /// What broke.
    pub violation: Violation,
}

/// The script of a seed.
#[must_use]
pub fn script_of(seed: u64, focus: Option<Focus>) -> Script {
    focus.map_or_else(|| Script::of(seed), |focus| Script::focused(seed, focus))
}

impl Suite {
    /// Plays the worlds, until one fails or there were enough.
    #[must_use]
    pub fn run(&self) -> Totals {
        let next_seed = AtomicU64::new(self.first_seed);
        let steps = AtomicU64::new(0);
        let failed = AtomicBool::new(false);
        let totals = Mutex::new(Totals::default());
        let work = || {
            let mut mine = Totals::default();
            while steps.load(Ordering::Relaxed) < self.steps && !failed.load(Ordering::Relaxed) {
                let seed = next_seed.fetch_add(1, Ordering::Relaxed);
                let script = script_of(seed, self.focus);
                steps.fetch_add(mine.play(seed, script), Ordering::Relaxed);
                if mine.failure.is_some() {
                    failed.store(true, Ordering::Relaxed);
                }
            }
            totals.lock().expect("no thread panics").add(mine);
        };
        thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(work);
            }
        });
        totals.into_inner().expect("no thread panics")
    }
}

impl Totals {
    fn play(&mut self, seed: u64, script: Script) -> u64 {
        let run = play(&script, Keep::default());
        self.worlds += 1;
        self.steps += run.steps;
        self.world_time += run.lasted;
        self.coverage.add(&run.coverage);
        if script.lawful {
            self.dual_leader_time += run.overlap;
        }
        if let Some(violation) = run.violation {
            self.failure = Some(Failure { seed, script, violation });
        }
        run.steps
    }

    fn add(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.steps += other.steps;
        self.world_time += other.world_time;
        self.dual_leader_time += other.dual_leader_time;
        self.coverage.add(&other.coverage);
        let earlier = |ours: &Failure, theirs: &Failure| ours.seed <= theirs.seed;
        self.failure = match (self.failure.take(), other.failure) {
            (Some(ours), Some(theirs)) if !earlier(&ours, &theirs) => Some(theirs),
            (Some(ours), _) => Some(ours),
            (None, theirs) => theirs,
        };
    }
}

impl Failure {
    /// The story of the smallest world found that fails in the same way, and how to see it again.
    #[must_use]
    pub fn story(&self) -> String {
        let small = shrink(&self.script, self.violation.guarantee);
        let run = play(&small, Keep { timeline: true, draws: false });
        let what = run.violation.map_or_else(|| self.violation.to_string(), |it| it.to_string());
        let timeline = run.timeline.map_or_else(String::new, |timeline| timeline.to_string());
        let (seed, focus) = (self.seed, self.script.focus.name());
        format!(
            "{what}\nin the world of seed {seed}, about {focus}; its smallest form:\n\n{timeline}\n\
             in full: cargo run --profile sim -p cluster-leader-sim -- --focus {focus} --replay {seed}\n\
             small:   cargo run --profile sim -p cluster-leader-sim -- --focus {focus} --shrink {seed}\n"
        )
    }
}
