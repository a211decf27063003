//! How values are spread.

/// Of at least one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) n: usize,
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// `None`: there is no value.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let middle = |i: usize| sorted.get(i).copied();
        let median = f64::midpoint(middle(n.checked_sub(1)? / 2)?, middle(n / 2)?);
        // The nearest rank: the largest value unless there are more than a hundred.
        let p99 = sorted[(n * 99).div_ceil(100) - 1];
        Some(Self { n, min: sorted[0], median, p99, max: sorted[n - 1] })
    }
}

/// `None`: there is no value.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_ends_of_any_number_of_values() {
        let cases: [(&[f64], Option<[f64; 4]>); 4] = [
            (&[], None),
            (&[5.0], Some([5.0, 5.0, 5.0, 5.0])),
            (&[4.0, 1.0], Some([1.0, 2.5, 4.0, 4.0])),
            (&[3.0, 1.0, 2.0], Some([1.0, 2.0, 3.0, 3.0])),
        ];
        for (values, expected) in cases {
            let spread = Spread::of(values).map(|s| [s.min, s.median, s.p99, s.max]);
            assert_eq!(spread, expected, "{values:?}");
        }
        let hundreds: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(Spread::of(&hundreds).map(|spread| spread.p99), Some(198.0));
    }
}
