//! Runs of yes, put together.

use super::{Answers, Run};

/// How long an asker may be held up within a reign. A process that is paused for longer may have lost
/// leadership and got it back unasked.
const HELD_UP_AT_MOST: u64 = 250_000_000;

/// A span of time in which a process said yes whenever it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reign {
    /// Whose: an index of the history's processes.
    pub process: usize,
    /// Before its first yes.
    pub first_before: u64,
    /// After its first yes: it certainly leads, by its own word, from here
    pub first_after: u64,
    /// to here, before its last yes. Before `first_after` if there is one yes only.
    pub last_before: u64,
    /// After its last yes.
    pub last_after: u64,
    /// Since when it has not said no, as `first_after`: earlier than that if a pause of the process
    /// lies between.
    pub unbroken_since: u64,
}

/// The reigns of a process, in the order of time.
#[must_use]
pub fn reigns(process: usize, answers: &Answers) -> Vec<Reign> {
    let mut reigns: Vec<Reign> = Vec::new();
    let mut unbroken = false;
    for run in &answers.runs {
        if !run.yes {
            unbroken = false;
            continue;
        }
        match reigns.last_mut().filter(|_| unbroken) {
            Some(reign) if run.first_after.saturating_sub(reign.last_before) <= HELD_UP_AT_MOST => {
                reign.last_before = run.last_before;
                reign.last_after = run.last_after;
            }
            paused => {
                let since = paused.map_or(run.first_after, |reign| reign.unbroken_since);
                reigns.push(Reign::of(process, run, since));
            }
        }
        unbroken = true;
    }
    reigns
}

impl Reign {
    fn of(process: usize, run: &Run, unbroken_since: u64) -> Self {
        Self {
            process,
            first_before: run.first_before,
            first_after: run.first_after,
            last_before: run.last_before,
            last_after: run.last_after,
            unbroken_since,
        }
    }

    /// From where to where both certainly lead.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> Option<(u64, u64)> {
        let from = self.first_after.max(other.first_after);
        let until = self.last_before.min(other.last_before);
        (from < until).then_some((from, until))
    }
}
