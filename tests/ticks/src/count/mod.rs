//! Ticks planned, run, doubled and missed, by the definitions of `docs/each-tick-once.md`. Pure: runs and
//! facts go in, numbers come out.
//!
//! Where the definitions leave something open, the strict reading is taken:
//! * A run that never ended puts nothing off: the next start is due as if it had ended at once. Runs that
//!   begin before its process has ended overlap it.
//! * Nothing is forgiven near the end: a tick that nobody has run by the end of the record is missed.
//! * What a wall clock shows is taken as it is, to the nanosecond: T is for distances between runs alone.

mod planned;
mod spaced;
#[cfg(test)]
mod tests;

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// Nanoseconds: of the clock that all processes share, of a wall clock, or between two such.
pub type Nanos = i64;

/// When a job is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Cron, and one-time: the planned instants, by the wall clock, in the order of time. They must reach
    /// beyond the counting: the last of several has no period.
    Planned(Vec<Nanos>),
    /// A fixed rate of this period.
    FixedRate(Nanos),
    /// A fixed delay of this length.
    FixedDelay(Nanos),
}

/// One call of a job's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// By which process.
    pub process: usize,
    /// When it began, by the clock that all share.
    pub start: Nanos,
    /// When it ended; `None`: that never came.
    pub end: Option<Nanos>,
    /// When it began, by the wall clock of its own scheduler.
    pub start_wall: Nanos,
    /// When its process ended, if it has, by the clock that all share.
    pub process_ended: Option<Nanos>,
}

/// What is done about ticks that were due while nobody could run them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfire {
    /// One run makes up for all that are no older than this.
    RunOnce(Nanos),
    /// They are let go.
    Skip,
}

/// What else must be known to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// F: the longest time that nobody may lead.
    pub fail_over: Nanos,
    /// S: the largest difference between two wall clocks.
    pub skew: Nanos,
    /// T: what is allowed for measuring.
    pub measuring: Nanos,
    /// What the host's wall clock shows less what the shared clock does.
    pub wall: Nanos,
    /// Counted are the ticks from this instant
    pub from: Nanos,
    /// to just before this one,
    pub to: Nanos,
    /// and until this one runs were recorded.
    pub until: Nanos,
    /// For ticks that could not be run.
    pub misfire: Misfire,
}

/// How many ticks of a job. `planned` is the sum of `run`, `missed`, `caught_up` and `let_go`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Were due.
    pub planned: u64,
    /// Had a run of their own in time.
    pub run: u64,
    /// Further runs of a tick that had been run.
    pub doubled: u64,
    /// Had no run in time, nor had a later one.
    pub missed: u64,
    /// Pairs of runs that overlap.
    pub overlapping: u64,
    /// Had no run of their own, but a later one had in time.
    pub caught_up: u64,
    /// Were too old to be run, or of a job that skips.
    pub let_go: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.planned += other.planned;
        self.run += other.run;
        self.doubled += other.doubled;
        self.missed += other.missed;
        self.overlapping += other.overlapping;
        self.caught_up += other.caught_up;
        self.let_go += other.let_go;
    }
}

/// Something that should not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// This run was one too many.
    Doubled(Run),
    /// Nobody ran what was due then, by the shared clock.
    Missed(Nanos),
}

/// What came of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// The numbers.
    pub counts: Counts,
    /// Each tick that was doubled or missed.
    pub findings: Vec<Finding>,
    /// The longest that a tick waited for its run, or for the one that made up for it.
    pub longest_wait: Nanos,
}

/// Counts the ticks of one job. All runs that were recorded count for it, those outside the counting too.
#[must_use]
pub fn count(schedule: &Schedule, runs: &[Run], facts: &Facts) -> Counted {
    let mut runs = runs.to_vec();
    runs.sort_by_key(|run| run.start);
    let mut counted = match schedule {
        Schedule::Planned(instants) => planned::count(instants, &runs, facts),
        Schedule::FixedRate(period) => spaced::count(spaced::Rule::Rate(*period), &runs, facts),
        Schedule::FixedDelay(period) => spaced::count(spaced::Rule::Delay(*period), &runs, facts),
    };
    counted.counts.overlapping = overlapping(&runs, facts);
    counted
}

impl Facts {
    fn counts(&self, instant: Nanos) -> bool {
        (self.from..self.to).contains(&instant)
    }
}

impl Counted {
    /// A run of a tick that had been run.
    fn doubled(&mut self, run: Run) {
        self.counts.doubled += 1;
        self.findings.push(Finding::Doubled(run));
    }

    /// A tick that had a run of its own.
    fn run(&mut self, waited: Nanos) {
        self.counts.planned += 1;
        self.counts.run += 1;
        self.longest_wait = self.longest_wait.max(waited);
    }

    /// A tick that had none: `next` is the start of the first one of a later tick, and in time is what starts
    /// before `deadline`.
    fn not_run(&mut self, instant: Nanos, next: Option<Nanos>, deadline: Nanos, facts: &Facts) {
        self.counts.planned += 1;
        let too_old = |threshold: Nanos| next.is_some_and(|next| next - instant > threshold);
        match facts.misfire {
            Misfire::Skip => self.counts.let_go += 1,
            Misfire::RunOnce(threshold) if too_old(threshold) => self.counts.let_go += 1,
            Misfire::RunOnce(_) if next.is_some_and(|next| next < deadline) => self.counts.caught_up += 1,
            Misfire::RunOnce(_) => {
                self.counts.missed += 1;
                self.findings.push(Finding::Missed(instant));
            }
        }
        let waited = next.unwrap_or(facts.until) - instant;
        self.longest_wait = self.longest_wait.max(waited);
    }
}

/// Pairs of runs of which the second, within the counting, starts before the end of the first.
fn overlapping(runs: &[Run], facts: &Facts) -> u64 {
    let mut pairs = 0;
    let mut under_way: Vec<Nanos> = Vec::new();
    for run in runs {
        under_way.retain(|end| *end > run.start);
        if facts.counts(run.start) {
            pairs += u64::try_from(under_way.len()).unwrap_or(u64::MAX);
        }
        under_way.push(run.end.or(run.process_ended).unwrap_or(Nanos::MAX));
    }
    pairs
}
