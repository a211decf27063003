//! Whether what processes answered was right.

use testkit::history::{Answers, History, Verdict, judge};

/// Judges what the processes of one election answered.
///
/// # Panics
/// Two led at a time, or one said yes when another led.
pub fn one_leader_at_a_time(processes: Vec<Answers>) -> Verdict {
    let first = processes.iter().filter_map(|process| process.runs.first()).map(|run| run.first_before).min();
    let last = processes.iter().filter_map(|process| process.runs.last()).map(|run| run.last_after).max();
    let history =
        History { processes, faults: Vec::new(), from: first.unwrap_or(0), until: last.unwrap_or(0) };
    let verdict = judge(&history);
    assert!(verdict.is_right(), "{verdict:#?}");
    verdict
}
