//! Who we are, for one start of this process.

use election::Identity;

use crate::error::Error;

/// Letters and digits that are hard to confuse: 32 of them, so that a byte's low five bits choose
/// one without bias.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const SUFFIX_LENGTH: usize = 12;

/// An identity that no other start of any process has: the shown name and 60 random bits.
///
/// # Errors
/// The operating system has no randomness to give.
pub(crate) fn of_this_start(shown_name: &str) -> Result<Identity, Error> {
    let mut random = [0_u8; SUFFIX_LENGTH];
    fill(&mut random)?;
    let suffix: String = random
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte & 31)))
        .map(|letter| char::from(*letter))
        .collect();
    Ok(Identity::of_start(shown_name, &suffix))
}

/// A seed for the spreading of retries.
///
/// # Errors
/// The operating system has no randomness to give.
pub(crate) fn seed() -> Result<u64, Error> {
    let mut random = [0_u8; 8];
    fill(&mut random)?;
    Ok(u64::from_ne_bytes(random))
}

fn fill(random: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(random).map_err(|error| Error::System {
        what: "no randomness for an identity",
        source: std::io::Error::other(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a3_every_start_has_its_own_identity_and_shows_its_name() {
        let (first, second) = (of_this_start("pod_7").unwrap(), of_this_start("pod_7").unwrap());
        assert_ne!(first, second);
        assert_eq!(first.shown_name(), "pod_7");
        assert_eq!(first.as_str().len(), "pod_7_".len() + SUFFIX_LENGTH);
    }
}
