//! Two leaders at a time, answers that are no longer true, and nobody.

use std::time::Duration;

use super::reign::{Reign, reigns};
use super::{History, Run};

/// Between two answers of a run there is no more than this.
const BETWEEN_ANSWERS: u64 = 20_000_000;

/// What there is to say of a history.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// How many answers were given.
    pub samples: u64,
    /// For how long at least two processes certainly led.
    pub dual_leader: Duration,
    /// Where they did.
    pub overlaps: Vec<Overlap>,
    /// For how long answers were yes, all in all, while a later leader certainly led.
    pub stale_yes: Duration,
    /// The longest time after a later leader's first yes at which an earlier one still said yes.
    pub latest_stale_yes: Duration,
    /// Where they were.
    pub stale: Vec<StaleYes>,
    /// For how long nobody said yes.
    pub leaderless: Duration,
    /// The reigns, in the order of their beginnings.
    pub reigns: Vec<Reign>,
}

/// Two processes certainly led from one instant to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The two: indices of the history's processes.
    pub processes: [usize; 2],
    /// From here
    pub from: u64,
    /// to here.
    pub until: u64,
}

/// A process said yes after another had become the leader, and while that one led.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleYes {
    /// Who said so: an index of the history's processes.
    pub process: usize,
    /// Who led.
    pub leader: usize,
    /// From here
    pub from: u64,
    /// to here.
    pub until: u64,
    /// This long after the leader's first yes, at the end.
    pub late_by: u64,
}

impl Verdict {
    /// Whether there was one leader at a time, and no answer that was not true.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.overlaps.is_empty() && self.stale.is_empty()
    }
}

/// Judges a history.
#[must_use]
pub fn judge(history: &History) -> Verdict {
    let mut all: Vec<Reign> = (0..).zip(&history.processes).flat_map(|(i, who)| reigns(i, who)).collect();
    all.sort_by_key(|reign| reign.first_after);
    let window = |(from, until): (u64, u64)| {
        let (from, until) = (from.max(history.from), until.min(history.until));
        (from < until).then_some((from, until))
    };
    let mut overlaps = Vec::new();
    let mut stale = Vec::new();
    for (i, one) in all.iter().enumerate() {
        for other in all.iter().skip(i + 1).filter(|other| other.process != one.process) {
            if let Some((from, until)) = one.overlap(other).and_then(window) {
                overlaps.push(Overlap { processes: [one.process, other.process], from, until });
            }
            let (earlier, later) =
                if one.unbroken_since <= other.unbroken_since { (one, other) } else { (other, one) };
            for (from, until) in stale_answers(history, earlier, later).into_iter().filter_map(window) {
                stale.push(StaleYes {
                    process: earlier.process,
                    leader: later.process,
                    from,
                    until,
                    late_by: until.saturating_sub(later.first_after),
                });
            }
        }
    }
    let led = all.iter().filter_map(|reign| window((reign.first_before, reign.last_after)));
    let led = length(led.collect());
    Verdict {
        samples: history.processes.iter().map(super::Answers::count).sum(),
        dual_leader: length(overlaps.iter().map(|overlap| (overlap.from, overlap.until)).collect()),
        stale_yes: length(stale.iter().map(|stale| (stale.from, stale.until)).collect()),
        latest_stale_yes: Duration::from_nanos(stale.iter().map(|stale| stale.late_by).max().unwrap_or(0)),
        leaderless: Duration::from_nanos(history.until.saturating_sub(history.from)).saturating_sub(led),
        overlaps,
        stale,
        reigns: all,
    }
}

/// From an instant to the first yes of whoever leads next: of anyone, or of anyone but the processes of
/// a row.
#[must_use]
pub fn succession(history: &History, after: u64, not: Option<&str>) -> Option<Duration> {
    let processes = (0..).zip(&history.processes).filter(|(_, who)| Some(who.row.as_str()) != not);
    let first_yes = processes.flat_map(|(i, who)| reigns(i, who)).map(|reign| reign.unbroken_since);
    let first_yes = first_yes.filter(|first| *first > after).min()?;
    Some(Duration::from_nanos(first_yes - after))
}

/// The answers of an earlier leader that lie wholly in the reign of a later one.
fn stale_answers(history: &History, earlier: &Reign, later: &Reign) -> Vec<(u64, u64)> {
    let lies_within = |before: u64, after: u64| later.first_after <= before && after <= later.last_before;
    let of_this_reign =
        |run: &&Run| earlier.first_before <= run.first_before && run.last_after <= earlier.last_after;
    let runs = history.processes[earlier.process].runs.iter().filter(|run| run.yes).filter(of_this_reign);
    let stale = runs.filter_map(|run| {
        let from = run.first_before.max(later.first_after);
        let until = run.last_after.min(later.last_before);
        let has_one = lies_within(run.first_before, run.first_after)
            || lies_within(run.last_before, run.last_after)
            || (run.count > 1 && until.saturating_sub(from) > 2 * BETWEEN_ANSWERS);
        (has_one && from < until).then_some((from, until))
    });
    // Runs that follow each other are one.
    stale.fold(Vec::new(), |mut spans: Vec<(u64, u64)>, (from, until)| {
        match spans.last_mut() {
            Some(last) if from.saturating_sub(last.1) <= BETWEEN_ANSWERS => last.1 = until,
            _ => spans.push((from, until)),
        }
        spans
    })
}

/// How much time these spans cover together.
fn length(mut spans: Vec<(u64, u64)>) -> Duration {
    spans.sort_unstable();
    let (mut covered, mut end) = (0, 0);
    for (from, until) in spans {
        covered += until.saturating_sub(from.max(end));
        end = end.max(until);
    }
    Duration::from_nanos(covered)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
