//! What is printed on standard output.

use std::io::Write as _;
use std::time::{Duration, SystemTime};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use serde::Serialize;

use crate::exit::{self, Failure};

/// Prints this. Colours are left out where standard output is no terminal.
///
/// # Errors
/// It cannot be written: the disk is full, say. Where the reader has gone away this process ends, as there is nobody
/// to do anything for.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            std::process::exit(i32::from(exit::OK));
        }
        Err(error) => Err(Failure::new(format!("standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Prints this as JSON, indented.
///
/// # Errors
/// As [`print`].
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    match serde_json::to_string_pretty(value) {
        Ok(text) => print(&(text + "\n")),
        Err(error) => Err(Failure::new(format!("not to be said in JSON: {error}"))),
    }
}

/// Says what goes on, on standard error.
pub(crate) fn tell(text: &str) {
    // Where nobody listens any more, nobody misses it.
    drop(writeln!(anstream::stderr(), "{text}"));
}

/// How something fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Warning,
    Bad,
}

impl Tone {
    /// The text in its colour.
    pub(crate) fn paint(self, text: &str) -> String {
        let colour = match self {
            Self::Plain => return text.to_owned(),
            Self::Good => AnsiColor::Green,
            Self::Warning => AnsiColor::Yellow,
            Self::Bad => AnsiColor::Red,
        };
        let style = Style::new().fg_color(Some(colour.into()));
        format!("{style}{text}{style:#}")
    }
}

/// Columns, each as wide as its widest cell.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<(String, Tone)>>,
}

impl Table {
    pub(crate) fn with_headings<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(|heading| (heading.to_owned(), Tone::Plain)).into()] }
    }

    pub(crate) fn add(&mut self, row: Vec<(String, Tone)>) {
        self.rows.push(row);
    }

    pub(crate) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell: &(String, Tone)| cell.0.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut rendered = String::new();
        for row in &self.rows {
            for (number, ((text, tone), width)) in row.iter().zip(&widths).enumerate() {
                rendered.push_str(&tone.paint(text));
                if number + 1 < row.len() {
                    let padding = width + 2 - text.chars().count();
                    rendered.push_str(&" ".repeat(padding));
                }
            }
            rendered.push('\n');
        }
        rendered
    }
}

/// `850ms`, `12s`, `3m5s`, `2h10m`, `4d3h`.
pub(crate) fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes, seconds) {
        (0, 0, 0, 0) => format!("{}ms", duration.as_millis()),
        (0, 0, 0, _) => format!("{seconds}s"),
        (0, 0, _, _) => format!("{minutes}m{}s", seconds % 60),
        (0, _, _, _) => format!("{hours}h{}m", minutes % 60),
        _ => format!("{days}d{}h", hours % 24),
    }
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// RFC 3339, to the microsecond, as Kubernetes has it.
pub(crate) fn rfc_3339(time: SystemTime) -> Option<String> {
    Timestamp::try_from(time).ok().map(|time| format!("{time:.6}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        for (milliseconds, text) in [
            (0, "0ms"),
            (850, "850ms"),
            (12_999, "12s"),
            (185_000, "3m5s"),
            (7_800_000, "2h10m"),
            (356_400_000, "4d3h"),
        ] {
            assert_eq!(short(Duration::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::with_headings(["A", "LONGER", "C"]);
        table.add(vec![("wide".into(), Tone::Plain), ("x".into(), Tone::Good), ("y".into(), Tone::Plain)]);
        let plain = anstream::adapter::strip_str(&table.render()).to_string();
        assert_eq!(plain, "A     LONGER  C\nwide  x       y\n");
    }
}
