//! Lines between where they are written and where they are read.

use std::collections::VecDeque;

use tracing::Level;

/// A line of the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) level: Level,
    pub(super) message: String,
}

/// Lines that nobody has taken yet: the newest ones, if there are too many.
#[derive(Default)]
pub(super) struct Waiting {
    lines: VecDeque<Line>,
    lost: u64,
}

impl Waiting {
    const MOST: usize = 1000;

    pub(super) fn put(&mut self, level: Level, message: &str) {
        if self.lines.len() >= Self::MOST {
            self.lines.pop_front();
            self.lost += 1;
        }
        self.lines.push_back(Line { level, message: message.to_owned() });
    }

    /// The oldest; before it, how many older ones were lost.
    pub(super) fn take(&mut self) -> Option<Line> {
        match std::mem::take(&mut self.lost) {
            0 => self.lines.pop_front(),
            lost => Some(Line {
                level: Level::WARN,
                message: format!("{lost} older log lines were lost, because nobody took them in time"),
            }),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_lines_are_kept_and_the_loss_is_told() {
        let mut waiting = Waiting::default();
        assert_eq!(waiting.take(), None);
        for number in 0..Waiting::MOST + 3 {
            waiting.put(Level::INFO, &number.to_string());
        }
        assert_eq!(
            waiting.take().unwrap(),
            Line {
                level: Level::WARN,
                message: "3 older log lines were lost, because nobody took them in time".to_owned()
            }
        );
        for number in 3..Waiting::MOST + 3 {
            assert_eq!(waiting.take().unwrap().message, number.to_string());
        }
        assert!(waiting.is_empty());
        assert_eq!(waiting.take(), None);
    }
}
