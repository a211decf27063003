//! Fixed rate and fixed delay: each run is a tick of its own, and the next is due some time after it.

use super::{Counted, Facts, Nanos, Run};

/// What the distance to the next start is counted from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// The last start.
    Rate(Nanos),
    /// The last end.
    Delay(Nanos),
}

impl Rule {
    fn period(self) -> Nanos {
        match self {
            Self::Rate(period) | Self::Delay(period) => period,
        }
    }
}

pub(super) fn count(rule: Rule, runs: &[Run], facts: &Facts) -> Counted {
    let mut counted = Counted::default();
    // Nobody says when the first was due: when the counting began, at the latest.
    let mut due = facts.from;
    let mut last_start = None;
    let mut last_end = None;
    for run in runs {
        let doubled = match rule {
            Rule::Rate(period) => {
                last_start.is_some_and(|last| run.start - last < period / 2 - facts.measuring)
            }
            Rule::Delay(period) => last_end.is_some_and(|last| run.start - last < period - facts.measuring),
        };
        if doubled && facts.counts(run.start) {
            counted.doubled(*run);
        }
        if !doubled {
            passed_over(due, Some(run.start), rule, facts, &mut counted);
            if facts.counts(run.start) {
                counted.run(run.start - due);
            }
        }
        last_start = Some(run.start);
        last_end = last_end.max(run.end);
        due = match rule {
            Rule::Rate(period) => (run.start + period).max(run.end.unwrap_or(run.start)),
            // One that never ended puts the next off no longer than if it had ended at once.
            Rule::Delay(period) => last_end.max(run.end.or(Some(run.start))).unwrap_or(run.start) + period,
        };
    }
    passed_over(due, None, rule, facts, &mut counted);
    counted
}

/// The ticks that were due before `next`, one each period from `due` on, but the last of them: `next` is its run.
/// Without a next one, those that had their time until the end of the record.
fn passed_over(due: Nanos, next: Option<Nanos>, rule: Rule, facts: &Facts, counted: &mut Counted) {
    let period = rule.period();
    let grace = facts.fail_over + period;
    let mut instant = due;
    while next.map_or(instant + grace <= facts.until, |next| instant + period <= next) {
        if facts.counts(instant) {
            counted.not_run(instant, next, instant + grace, facts);
        }
        instant += period;
    }
}
