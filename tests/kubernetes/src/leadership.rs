//! Who led when.

use std::time::Duration;

use crate::moment::Moment;

/// A span of time in which a process said that it leads.
#[derive(Clone, Debug)]
pub struct Reign {
    /// Its name.
    pub who: String,
    /// It said yes then,
    pub from: Moment,
    /// and it still did then.
    pub until: Moment,
}

/// All reigns in the order of their beginnings.
#[must_use]
pub fn reigns(of_all: impl IntoIterator<Item = Vec<Reign>>) -> Vec<Reign> {
    let mut all: Vec<_> = of_all.into_iter().flatten().collect();
    all.sort_by_key(|reign| reign.from);
    all
}

/// Checks that no two reigns overlap. Returns the time from the end of each to the next one.
///
/// # Panics
/// Two processes said yes at one time.
pub fn assert_one_at_a_time(reigns: &[Reign]) -> Vec<Duration> {
    reigns
        .iter()
        .zip(reigns.iter().skip(1))
        .map(|(one, next)| {
            let overlap = one.until.since(next.from);
            assert!(
                overlap.is_zero(),
                "{} and {} both said for {overlap:?} that they lead: {reigns:#?}",
                one.who,
                next.who
            );
            next.from.since(one.until)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reign(who: &str, from: u64, until: u64) -> Reign {
        let moment = |nanos: u64| nanos.to_string().parse().unwrap();
        Reign { who: who.to_owned(), from: moment(from), until: moment(until) }
    }

    #[test]
    fn reigns_one_after_another_are_right() {
        let all = reigns([vec![reign("a", 10, 20), reign("a", 40, 50)], vec![reign("b", 25, 30)]]);
        let nanos = Duration::from_nanos;
        assert_eq!(assert_one_at_a_time(&all), [nanos(5), nanos(10)]);
    }

    #[test]
    #[should_panic(expected = "both said for 1ns")]
    fn reigns_that_overlap_are_wrong() {
        assert_one_at_a_time(&reigns([vec![reign("a", 10, 20)], vec![reign("b", 19, 30)]]));
    }

    #[test]
    #[should_panic(expected = "both said for 5ns")]
    fn a_reign_within_another_is_wrong() {
        assert_one_at_a_time(&reigns([vec![reign("a", 10, 20)], vec![reign("b", 15, 16)]]));
    }
}
