//! G9, events: per term exactly one acquired, then exactly one lost, with its reason, and never
//! later than the deadline and what keeps the driver from acting.

use election::{Claim, Event, Instant, LostReason, Output, Record};

use crate::clock::Real;

/// The terms that one process has told its listeners of.
#[derive(Clone, Debug, Default)]
pub struct Told {
    term: Option<u64>,
}

impl Told {
    /// Listeners are told of this event.
    ///
    /// # Errors
    /// It is out of turn.
    pub fn hears(&mut self, event: &Event) -> Result<(), String> {
        match (event, self.term) {
            (Event::Acquired { token, .. }, None) => self.term = Some(*token),
            (Event::Acquired { token, .. }, Some(term)) => {
                return Err(format!("acquired {token} before {term} was lost"));
            }
            (Event::Lost { token, .. }, Some(term)) if *token == term => self.term = None,
            (Event::Lost { token, .. }, term) => {
                return Err(format!("lost {token} while the term was {term:?}"));
            }
            (Event::Renewed, None) => return Err("renewed what was never acquired".to_owned()),
            _ => {}
        }
        Ok(())
    }
}

/// The terms that one election has decided on.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    told: Told,
    claim: Option<Claim>,
}

impl Terms {
    /// The claim as it was last decided.
    #[must_use]
    pub const fn claim(&self) -> Option<Claim> {
        self.claim
    }

    /// Whether it leads at `now`.
    #[must_use]
    pub fn leading(&self, now: Instant) -> bool {
        self.claim.is_some_and(|claim| now < claim.deadline)
    }

    /// The election decided this. `late`: how much later than the last deadline it did, beyond
    /// whatever kept its driver from acting.
    ///
    /// # Errors
    /// Events and claim do not tell the same, or too late.
    pub fn decides(&mut self, output: &Output, now: Instant, late: Real) -> Result<(), String> {
        for event in &output.events {
            self.told.hears(event)?;
        }
        self.claim = output.claim;
        if output.claim.map(|claim| claim.token) != self.told.term {
            return Err(format!("it claims {:?} and has told of {:?}", output.claim, self.told.term));
        }
        if late > 0 {
            return Err(format!("the end of a term is told {late} ns too late"));
        }
        if let Some(claim) = output.claim {
            if claim.deadline <= now {
                return Err("a claim that is over".to_owned());
            }
            if output.wake.is_none_or(|wake| wake > claim.deadline) {
                return Err("it would sleep beyond its deadline".to_owned());
            }
        }
        Ok(())
    }
}

/// Whether a term may have been lost for this reason, given the claim, and the newest record that
/// the process was shown.
///
/// # Errors
/// It was not so.
pub fn check_reason(
    reason: LostReason,
    claim: Option<Claim>,
    shown: Option<&Record>,
    us: &election::Identity,
    now: Instant,
) -> Result<(), String> {
    let over = claim.is_some_and(|claim| claim.deadline <= now);
    let holder = shown.and_then(|record| record.holder.as_ref());
    let justified = match reason {
        LostReason::Expired => over,
        LostReason::Superseded => holder.is_some_and(|holder| holder != us),
        LostReason::Blanked => shown.is_some() && holder.is_none(),
        LostReason::Coordinated => shown.is_some_and(|record| record.strategy.is_some()),
        LostReason::DuplicateIdentity => holder == Some(us),
        // Another object may have taken its place: it was deleted all the same.
        LostReason::Deleted
        | LostReason::SteppedDown
        | LostReason::Stopped
        | LostReason::HostStuck
        | LostReason::DriverFailed
        | LostReason::Unhealthy => true,
    };
    if justified { Ok(()) } else { Err(format!("{reason:?}, but it was not so: {shown:?}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acquired(token: u64) -> Event {
        Event::Acquired { token, term: 0 }
    }

    fn lost(token: u64) -> Event {
        Event::Lost { token, reason: LostReason::Expired }
    }

    #[test]
    fn g9_a_term_is_acquired_once_and_lost_once() {
        let stories: [(&[Event], bool); 7] = [
            (&[acquired(1), Event::Renewed, lost(1), acquired(2)], true),
            (&[acquired(1), acquired(2)], false),
            (&[acquired(1), acquired(1)], false),
            (&[lost(1)], false),
            (&[acquired(1), lost(2)], false),
            (&[acquired(1), lost(1), lost(1)], false),
            (&[Event::Renewed], false),
        ];
        for (events, fine) in stories {
            let mut told = Told::default();
            assert_eq!(events.iter().all(|event| told.hears(event).is_ok()), fine, "{events:?}");
        }
    }

    #[test]
    fn g9_events_claim_and_wake_tell_the_same_and_in_time() {
        let at = |nanos| Instant::from_nanos(nanos);
        let output = |events: &[Event], claim: Option<u64>, wake: Option<u64>| Output {
            claim: claim.map(|deadline| Claim { deadline: at(deadline), token: 1, term: 0 }),
            events: events.to_vec(),
            attempt: None,
            wake: wake.map(at),
        };
        let first = |output: &Output, late| Terms::default().decides(output, at(10), late);
        assert!(first(&output(&[acquired(1)], Some(20), Some(20)), 0).is_ok());
        assert!(first(&output(&[acquired(2)], Some(20), Some(20)), 0).is_err(), "another token");
        assert!(first(&output(&[], Some(20), Some(20)), 0).is_err(), "not told");
        assert!(first(&output(&[acquired(1)], None, None), 0).is_err(), "not claimed");
        assert!(first(&output(&[acquired(1)], Some(10), Some(10)), 0).is_err(), "over");
        assert!(first(&output(&[acquired(1)], Some(20), Some(21)), 0).is_err(), "sleeps too long");
        assert!(first(&output(&[acquired(1)], Some(20), None), 0).is_err(), "sleeps for ever");
        assert!(first(&output(&[], None, None), 1).is_err(), "too late");
    }

    #[test]
    fn g9_a_reason_is_what_was_so() {
        let us = "us".into();
        let at = |nanos| Instant::from_nanos(nanos);
        let claim = Some(Claim { deadline: at(10), token: 1, term: 0 });
        let held = |holder: Option<&str>| Record { holder: holder.map(Into::into), ..Record::default() };
        let check =
            |reason, record: Option<&Record>, now| check_reason(reason, claim, record, &us, at(now)).is_ok();
        assert!(check(LostReason::Expired, None, 10) && !check(LostReason::Expired, None, 9));
        let (other, ours, nobody) = (held(Some("x")), held(Some("us")), held(None));
        assert!(check(LostReason::Superseded, Some(&other), 1));
        assert!(!check(LostReason::Superseded, Some(&ours), 1) && !check(LostReason::Superseded, None, 1));
        assert!(check(LostReason::Blanked, Some(&nobody), 1) && !check(LostReason::Blanked, Some(&other), 1));
        assert!(check(LostReason::DuplicateIdentity, Some(&ours), 1));
        assert!(!check(LostReason::DuplicateIdentity, Some(&other), 1));
        assert!(!check(LostReason::Coordinated, Some(&other), 1));
    }
}
