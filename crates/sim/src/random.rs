//! Randomness from a seed: every draw is a hash of what it is for, so that taking one fault out of
//! a world leaves all the others as they were.

/// A stream of draws.
#[derive(Clone, Debug)]
pub struct Dice(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014).
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Dice {
    /// The draws for one purpose, named by `labels`, in the world of `seed`.
    #[must_use]
    pub fn of(seed: u64, labels: &[u64]) -> Self {
        let mixed = labels.iter().fold(mix(seed.wrapping_add(GOLDEN)), |state, label| {
            mix(state ^ mix(label.wrapping_add(GOLDEN)).wrapping_mul(GOLDEN))
        });
        Self(mixed)
    }

    /// 64 random bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number below `bound`; 0 if that is 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        // The high half of a product: no division, and a bias of 2^-32 at most for small bounds.
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// A number from `least` to `most`, both included.
    pub const fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// True this many times in a thousand.
    pub const fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of these, which is taken out.
    ///
    /// # Panics
    /// There is none.
    pub fn take_from<T>(&mut self, from: &mut Vec<T>) -> T {
        let which = usize::try_from(self.below(from.len() as u64)).expect("an index");
        from.swap_remove(which)
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_depend_on_every_label_and_on_nothing_else() {
        let draw = |seed, labels: &[u64]| Dice::of(seed, labels).next();
        assert_eq!(draw(1, &[2, 3]), draw(1, &[2, 3]));
        let all = [draw(1, &[2, 3]), draw(1, &[3, 2]), draw(2, &[2, 3]), draw(1, &[2]), draw(1, &[2, 3, 0])];
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn a_chance_is_about_what_it_says() {
        let mut dice = Dice::of(7, &[]);
        let hits = (0..100_000).filter(|_| dice.chance(250)).count();
        assert!((24_000..26_000).contains(&hits), "{hits}");
        assert!((0..10_000).all(|_| (3..=5).contains(&dice.between(3, 5))));
    }
}
