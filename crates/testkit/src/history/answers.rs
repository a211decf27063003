//! What one process answered.

use std::str::FromStr;

/// The record of a process that was asked, all the time, whether it leads.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// Its row in a drawing, which it may share with the process that it was started in place of.
    pub row: String,
    /// What it answered, in the order of time.
    pub runs: Vec<Run>,
}

/// Equal answers, one soon after the other: the asker was not held up for longer than 20 ms between
/// two of them, and a run lasts for about 200 ms at most.
///
/// As a line: `answers FIRST_BEFORE FIRST_AFTER LAST_BEFORE LAST_AFTER yes|no COUNT`, the times in
/// nanoseconds of `CLOCK_BOOTTIME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Before the first question,
    pub first_before: u64,
    /// and after its answer.
    pub first_after: u64,
    /// Before the last question, which may be the first one,
    pub last_before: u64,
    /// and after its answer.
    pub last_after: u64,
    /// The answer.
    pub yes: bool,
    /// How often it was given.
    pub count: u64,
}

impl Answers {
    /// Reads a record. Lines that are not of the format are of something else.
    pub fn read<'a>(row: &str, lines: impl IntoIterator<Item = &'a str>) -> Self {
        Self { row: row.to_owned(), runs: lines.into_iter().filter_map(|line| line.parse().ok()).collect() }
    }

    /// How many answers there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.runs.iter().map(|run| run.count).sum()
    }
}

impl FromStr for Run {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let mut words = line.trim_end().strip_prefix("answers ").ok_or(())?.split(' ');
        let mut next = || words.next().ok_or(());
        let number = |word: &str| word.parse().map_err(drop);
        let run = Self {
            first_before: number(next()?)?,
            first_after: number(next()?)?,
            last_before: number(next()?)?,
            last_after: number(next()?)?,
            yes: match next()? {
                "yes" => true,
                "no" => false,
                _ => return Err(()),
            },
            count: number(next()?)?,
        };
        let in_order = run.first_before <= run.first_after
            && run.first_before <= run.last_before
            && run.first_after <= run.last_after
            && run.last_before <= run.last_after;
        in_order.then_some(run).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_format_are_read_and_others_are_not() {
        let lines = [
            "INFO stands in election \"x\"",
            "answers 10 11 20 22 yes 7",
            "acquired 4711 3",
            "answers 30 31 30 31 no 1",
            "answers 30 31 30",
            "answers 30 31 30 29 no 1",
            "answers 30 31 30 31 maybe 1",
        ];
        let answers = Answers::read("a", lines);
        let run = |first_before, first_after, last_before, last_after, yes, count| Run {
            first_before,
            first_after,
            last_before,
            last_after,
            yes,
            count,
        };
        assert_eq!(answers.runs, [run(10, 11, 20, 22, true, 7), run(30, 31, 30, 31, false, 1)]);
        assert_eq!(answers.count(), 8);
    }
}
