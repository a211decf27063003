//! G6, fencing: every term's token is larger than those of all terms before, and is the version of
//! the write that acquired.

/// The tokens of all terms so far.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    largest: u64,
    all: Vec<u64>,
}

impl Tokens {
    /// A term begins with this token, whose acquiring write made `version`. Where the rules are
    /// kept (`lawful`) the token is larger than all before. Where they are broken two may lead, and
    /// a sink that keeps the maximum still tells them apart: no token is used twice.
    ///
    /// # Errors
    /// It is the wrong one.
    pub fn acquired(&mut self, token: u64, version: Option<u64>, lawful: bool) -> Result<(), String> {
        if version != Some(token) {
            return Err(format!("token {token} of a term that was acquired by the write of {version:?}"));
        }
        let largest = self.largest;
        let used = self.all.contains(&token);
        self.all.push(token);
        self.largest = largest.max(token);
        if used || (lawful && token <= largest) {
            return Err(format!("token {token} after {largest}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g6_tokens_grow_and_are_those_of_the_acquiring_write() {
        let mut tokens = Tokens::default();
        assert!(tokens.acquired(5, Some(5), true).is_ok());
        assert!(tokens.acquired(5, Some(5), true).is_err(), "used twice");
        assert!(tokens.acquired(4, Some(4), true).is_err(), "smaller");
        assert!(tokens.acquired(7, Some(6), true).is_err(), "another write's");
        assert!(tokens.acquired(8, None, true).is_err(), "nobody's");
    }

    #[test]
    fn g6_where_the_rules_are_broken_a_token_is_still_never_used_twice() {
        let mut tokens = Tokens::default();
        assert!(tokens.acquired(5, Some(5), false).is_ok());
        assert!(tokens.acquired(4, Some(4), false).is_ok());
        assert!(tokens.acquired(4, Some(4), false).is_err());
    }
}
