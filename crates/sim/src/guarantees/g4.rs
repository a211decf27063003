//! G4, unknown is unknown: only an acknowledged write starts or extends a claim.

use election::Claim;

/// Whether a claim may have changed so, when what was heard was (`acknowledged`) or was not the
/// acknowledgement of a claiming write under way.
///
/// # Errors
/// It may not.
pub fn check(before: Option<Claim>, after: Option<Claim>, acknowledged: bool) -> Result<(), String> {
    match (before, after) {
        _ if acknowledged => Ok(()),
        (None, Some(_)) => Err("a claim that no acknowledgement started".to_owned()),
        (Some(before), Some(after)) if after.token != before.token => {
            Err("another term that no acknowledgement started".to_owned())
        }
        (Some(before), Some(after)) if after.deadline > before.deadline => {
            Err("a claim that no acknowledgement extended".to_owned())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use election::Instant;

    #[test]
    fn g4_only_an_acknowledgement_starts_or_extends_a_claim() {
        let claim = |deadline, token| Some(Claim { deadline: Instant::from_nanos(deadline), token, term: 0 });
        let cases = [
            (None, claim(5, 1), false),
            (claim(5, 1), claim(6, 1), false),
            (claim(5, 1), claim(5, 2), false),
            (claim(5, 1), claim(5, 1), true),
            (claim(5, 1), None, true),
            (None, None, true),
        ];
        for (before, after, fine) in cases {
            assert_eq!(check(before, after, false).is_ok(), fine, "{before:?} {after:?}");
            assert!(check(before, after, true).is_ok());
        }
    }
}
