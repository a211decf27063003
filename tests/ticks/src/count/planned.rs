//! Cron and one-time: a tick is a planned instant.

use std::collections::BTreeMap;

use super::{Counted, Facts, Nanos, Run};

pub(super) fn count(instants: &[Nanos], runs: &[Run], facts: &Facts) -> Counted {
    let mut counted = Counted::default();
    let by_tick = by_tick(instants, runs);
    for (tick, instant) in instants.iter().enumerate() {
        let own = by_tick.get(&tick).map(Vec::as_slice).unwrap_or_default();
        // Whatever led to it led to the second run, when that began: the tick may have been due before.
        let again = own.iter().skip(1).filter(|run| facts.counts(run.start));
        again.for_each(|run| counted.doubled(*run));

        // The same instant by the clock that all share.
        let at = instant - facts.wall;
        if !facts.counts(at) {
            continue;
        }
        let period = instants.get(tick + 1).map_or(0, |next| next - instant);
        let deadline = at + facts.fail_over + period + facts.skew;
        match own.first() {
            Some(first) if first.start < deadline => counted.run(first.start - at),
            _ => {
                let next = by_tick.range(tick..).flat_map(|(_, runs)| runs).map(|run| run.start).min();
                counted.not_run(at, next, deadline, facts);
            }
        }
    }
    counted
}

/// The runs of each tick, in the order of time: a run is of the last planned instant that is not after its start
/// by its own wall clock. Of a job with one tick, every run is of that.
fn by_tick(instants: &[Nanos], runs: &[Run]) -> BTreeMap<usize, Vec<Run>> {
    let mut by_tick: BTreeMap<usize, Vec<Run>> = BTreeMap::new();
    for run in runs {
        let reached = instants.partition_point(|instant| *instant <= run.start_wall);
        let tick = if instants.len() == 1 { Some(0) } else { reached.checked_sub(1) };
        if let Some(tick) = tick {
            by_tick.entry(tick).or_default().push(*run);
        }
    }
    by_tick
}
