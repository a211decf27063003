//! What a process answers, written down in runs of equal answers.

use std::io::{self, Write};

use testkit::clock::boottime_nanos;

/// Writes the lines
///
/// ```text
/// answers <first before> <first after> <last before> <last after> yes|no <count>
/// ```
///
/// where before and after are instants of `CLOCK_BOOTTIME`, in nanoseconds, between which an answer
/// was given.
#[derive(Debug, Default)]
pub struct Recorder {
    run: Option<Run>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    first: Answer,
    last: Answer,
    count: u64,
}

#[derive(Clone, Copy, Debug)]
struct Answer {
    before: u64,
    after: u64,
    yes: bool,
}

impl Recorder {
    /// Two answers further apart than this belong to different runs: the process was paused.
    const LONGEST_GAP: u64 = 20_000_000;
    /// A killed process loses no more than this.
    const LONGEST_RUN: u64 = 200_000_000;

    /// Asks once, and writes the run that ended with that, if one did.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn ask(&mut self, is_leader: impl Fn() -> bool, out: &mut impl Write) -> io::Result<()> {
        let before = boottime_nanos();
        let yes = is_leader();
        let answer = Answer { before, after: boottime_nanos(), yes };
        if let Some(run) = &mut self.run
            && run.last.yes == answer.yes
            && answer.after.saturating_sub(run.last.before) <= Self::LONGEST_GAP
            && answer.after.saturating_sub(run.first.before) <= Self::LONGEST_RUN
        {
            run.last = answer;
            run.count += 1;
            return Ok(());
        }
        self.finish(out)?;
        self.run = Some(Run { first: answer, last: answer, count: 1 });
        Ok(())
    }

    /// Writes the run so far.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        let Some(Run { first, last, count }) = self.run.take() else { return Ok(()) };
        let answer = if first.yes { "yes" } else { "no" };
        writeln!(
            out,
            "answers {} {} {} {} {answer} {count}",
            first.before, first.after, last.before, last.after
        )?;
        out.flush()
    }
}
