//! Who answered yes when, and whether that is right.
//!
//! Processes of any library are asked all the time whether they lead, and write a [record](Answers) of
//! their answers with readings of one clock, `CLOCK_BOOTTIME`, from before and after each answer. The
//! [judge] counts nothing against them but what is certain: an answer was true at *some*
//! instant between the two readings.
//!
//! | file | what |
//! |---|---|
//! | `answers.rs` | the record of one process |
//! | `reign.rs` | runs of yes, put together |
//! | `judge.rs` | two leaders at a time, answers that are no longer true, nobody |
//! | `drawing.rs` | a history as an SVG |

mod answers;
mod drawing;
mod judge;
mod reign;

pub use answers::{Answers, Run};
pub use drawing::{Panel, draw};
pub use judge::{Overlap, StaleYes, Verdict, judge, succession};
pub use reign::{Reign, reigns};

/// What happened to some processes, and what they answered meanwhile.
///
/// All times are in nanoseconds of `CLOCK_BOOTTIME`.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The processes. One that is started again is another.
    pub processes: Vec<Answers>,
    /// What was done to them.
    pub faults: Vec<Fault>,
    /// Where the history begins,
    pub from: u64,
    /// and where it ends.
    pub until: u64,
}

/// What was done to a process, or to all of them.
#[derive(Clone, Debug)]
pub struct Fault {
    /// To whom, by [`Answers::row`]; `None`: to all.
    pub row: Option<String>,
    /// What, in few words.
    pub what: String,
    /// When it began,
    pub from: u64,
    /// and when it ended; the same as `from` if it was but a moment.
    pub until: u64,
}

impl History {
    /// The part between two instants.
    #[must_use]
    pub fn between(&self, from: u64, until: u64) -> Self {
        let overlaps = |begin: u64, end: u64| begin < until && end >= from;
        let processes = self.processes.iter().map(|process| Answers {
            runs: process
                .runs
                .iter()
                .filter(|run| overlaps(run.first_before, run.last_after))
                .cloned()
                .collect(),
            ..process.clone()
        });
        Self {
            processes: processes.filter(|process| !process.runs.is_empty()).collect(),
            faults: self.faults.iter().filter(|fault| overlaps(fault.from, fault.until)).cloned().collect(),
            from,
            until,
        }
    }
}
