//! What happened in a world, for people: a line for each event.

use std::fmt;

use crate::clock::{Real, SECOND};

/// The lines so far.
#[derive(Debug, Default)]
pub struct Timeline(Vec<Line>);

#[derive(Debug)]
struct Line {
    at: Real,
    place: Option<u8>,
    what: String,
}

impl Timeline {
    /// Adds a line: real time, the place that it concerns, and what happened.
    pub fn write(&mut self, at: Real, place: Option<u8>, what: &str) {
        self.0.push(Line { at, place, what: what.to_owned() });
    }

    /// How many lines there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing happened.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Line { at, place, what } in &self.0 {
            let place = place.map_or_else(|| "  ".to_owned(), |place| format!("p{place}"));
            writeln!(f, "{:>5}.{:09}  {place}  {what}", at / SECOND, at % SECOND)?;
        }
        Ok(())
    }
}
