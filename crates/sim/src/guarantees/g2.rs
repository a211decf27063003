//! G2, one leader: the intervals of real time in which readers of two processes could be told yes
//! never overlap.

use crate::clock::Real;

/// When readers at a place could be told yes: from when the claim was stored until it is withdrawn
/// or the place's clock reaches the deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Interval {
    from: Real,
    until: Real,
}

/// The latest interval of each place.
#[derive(Clone, Debug, Default)]
pub struct Intervals {
    latest: Vec<Interval>,
    /// How long two led at a time, in sum.
    overlap: Real,
}

impl Intervals {
    /// Readers at `place` are told yes from `now` to `until`, or as long as before if they were
    /// already.
    ///
    /// # Errors
    /// Readers at another place are told yes too.
    pub fn opens(&mut self, place: usize, now: Real, until: Real) -> Result<(), String> {
        if self.latest.len() <= place {
            self.latest.resize(place + 1, Interval::default());
        }
        if until <= now {
            self.closes(place, now);
            return Ok(());
        }
        let open = self.latest[place].until > now;
        let from = if open { self.latest[place].from } else { now };
        self.latest[place] = Interval { from, until };
        let others = self.latest.iter().enumerate().filter(|(other, it)| *other != place && it.until > now);
        let mut problem = Ok(());
        for (other, interval) in others {
            self.overlap += interval.until.min(until) - now;
            problem = Err(format!(
                "p{place} leads while p{other} does, which leads until {}.{:09}",
                interval.until / 1_000_000_000,
                interval.until % 1_000_000_000
            ));
        }
        problem
    }

    /// Readers at `place` are told no from `now` on.
    pub fn closes(&mut self, place: usize, now: Real) {
        if let Some(interval) = self.latest.get_mut(place) {
            interval.until = interval.until.min(now);
        }
    }

    /// Whether a reader at `place` that reads its clock at `now` may be told yes.
    #[must_use]
    pub fn open_at(&self, place: usize, now: Real) -> bool {
        self.latest.get(place).is_some_and(|interval| now < interval.until)
    }

    /// Who leads at `now`.
    pub fn leading(&self, now: Real) -> impl Iterator<Item = usize> {
        self.latest.iter().enumerate().filter(move |(_, it)| now < it.until).map(|(place, _)| place)
    }

    /// When the latest of all intervals ends.
    #[must_use]
    pub fn all_over_at(&self) -> Real {
        self.latest.iter().map(|interval| interval.until).max().unwrap_or(0)
    }

    /// How long two led at a time, in sum.
    #[must_use]
    pub const fn overlap(&self) -> Real {
        self.overlap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g2_intervals_that_touch_do_not_overlap_and_a_nanosecond_does() {
        let mut intervals = Intervals::default();
        assert!(intervals.opens(0, 0, 100).is_ok());
        assert!(intervals.opens(1, 100, 200).is_ok(), "one ends when the other begins");
        assert!(intervals.opens(0, 199, 300).is_err(), "a nanosecond of two");
        assert_eq!(intervals.overlap(), 1);
    }

    #[test]
    fn g2_a_withdrawal_ends_an_interval_and_a_renewal_prolongs_it() {
        let mut intervals = Intervals::default();
        assert!(intervals.opens(2, 0, 100).is_ok());
        assert!(intervals.opens(2, 50, 150).is_ok(), "a renewal");
        assert!(intervals.open_at(2, 149) && !intervals.open_at(2, 150));
        assert!(intervals.opens(0, 120, 130).is_err());
        intervals.closes(2, 131);
        assert!(intervals.opens(1, 131, 140).is_ok());
        intervals.closes(1, 135);
        intervals.closes(1, 138);
        assert_eq!(intervals.all_over_at(), 135, "what is over stays over");
        assert_eq!(intervals.leading(134).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn g2_an_interval_that_is_over_before_it_begins_is_none() {
        let mut intervals = Intervals::default();
        assert!(intervals.opens(0, 0, 100).is_ok());
        assert!(intervals.opens(1, 50, 50).is_ok());
    }
}
