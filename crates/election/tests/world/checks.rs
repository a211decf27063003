//! What must hold at every step of every story.

use std::time::Duration;

use election::{AttemptId, Event, Input, Instant, Outcome, Output, Record, Request};

use super::{Candidate, Who, World};

/// What the checks remember of a candidate.
#[derive(Default)]
pub(crate) struct Checks {
    /// The attempt under way: its number, when it was sent, whether it claims.
    under_way: Option<(AttemptId, Instant, bool)>,
    last_attempt: Option<AttemptId>,
    /// When the newest acknowledged claiming write of the present term was sent, and its version.
    acknowledged: Option<(Instant, u64)>,
    /// The token of the term that was announced and is not over.
    term: Option<u64>,
    /// How many attempts were sent at this very time.
    sent_at_once: (Duration, u32),
    /// How often it was told something at this very time.
    told_at_once: (Duration, u32),
}

impl Candidate {
    pub(crate) fn is_under_way(&self, attempt: AttemptId) -> bool {
        self.checks.under_way.is_some_and(|(id, ..)| id == attempt)
    }

    pub(super) fn check_output(&mut self, input: &Input, output: &Output, now: Instant, real: Duration) {
        self.note_outcome(input);
        self.check_claim(output, now);
        self.check_events(output);
        self.check_attempt(input, output, now, real);
        let in_the_past = output.wake.is_some_and(|wake| wake <= now);
        assert!(!in_the_past, "{}: woken at {now:?} for the past {:?}", self.name, output.wake);
        let count = at_once(&mut self.checks.told_at_once, real);
        assert!(count <= 1_000, "{}: time stands still at {real:?}", self.name);
    }

    fn note_outcome(&mut self, input: &Input) {
        let Input::Finished(id, outcome) = input else { return };
        let ended = self.checks.under_way.take_if(|(under_way, ..)| under_way == id);
        if let (Some((_, sent, true)), Outcome::Accepted(version)) = (ended, outcome) {
            self.checks.acknowledged = Some((sent, version.number));
        }
    }

    /// G1: a claim rests on an acknowledged write of its own term, and ends one renew deadline
    /// after that was sent.
    fn check_claim(&mut self, output: &Output, now: Instant) {
        let Some(claim) = output.claim else {
            return;
        };
        let (sent, _) = self.checks.acknowledged.expect("a claim without an acknowledged write");
        let latest = sent + self.timing.renew_deadline();
        assert!(claim.deadline <= latest, "{}: a claim to {:?}, not {latest:?}", self.name, claim.deadline);
        assert!(claim.deadline > now, "{}: a claim that is over", self.name);
    }

    /// G9: acquired, lost, acquired, lost; and the events and the claim tell the same.
    fn check_events(&mut self, output: &Output) {
        for event in &output.events {
            match event {
                Event::Acquired { token, .. } => {
                    assert_eq!(self.checks.term.replace(*token), None, "{}: acquired twice", self.name);
                    let acknowledged = self.checks.acknowledged.map(|(_, number)| number);
                    assert_eq!(acknowledged, Some(*token), "{}: a token of another write", self.name);
                }
                Event::Lost { token, .. } => {
                    assert_eq!(self.checks.term.take(), Some(*token), "{}: lost another term", self.name);
                }
                _ => {}
            }
        }
        let claimed = output.claim.map(|claim| claim.token);
        assert_eq!(claimed, self.checks.term, "{}: claim and events differ", self.name);
        if claimed.is_none() {
            self.checks.acknowledged = None; // whatever comes next is another term
        }
    }

    fn check_attempt(&mut self, input: &Input, output: &Output, now: Instant, real: Duration) {
        let Some(attempt) = &output.attempt else { return };
        assert!(self.checks.last_attempt < Some(attempt.id), "{}: a number used twice", self.name);
        self.checks.last_attempt = Some(attempt.id);

        // Only a hand-over or a new identity supersedes an attempt.
        let supersedes = matches!(
            input,
            Input::StepDown | Input::Suspend(_) | Input::Stop | Input::Seen(_) | Input::NewIdentity(_)
        );
        let free = self.checks.under_way.is_none();
        assert!(free || (supersedes && output.claim.is_none()), "{}: two attempts at a time", self.name);

        let mut claims = false;
        if let Request::Create(record) | Request::Update(record, _) = &attempt.request {
            claims = record.holder.is_some();
            assert!(claims || output.claim.is_none(), "{}: releases what it still claims", self.name); // G7
        }
        if let Request::Update(_, guard) = &attempt.request {
            assert_eq!(Some(guard), self.election.version(), "{}: another guard", self.name); // G3
        }
        assert!(attempt.timeout > Duration::ZERO && attempt.timeout <= self.timing.renew_deadline() / 5);
        self.checks.under_way = Some((attempt.id, now, claims));

        let count = at_once(&mut self.checks.sent_at_once, real);
        assert!(count <= 20, "{}: {count} attempts at one instant", self.name); // G10
        assert!(self.sent.len() < 10_000, "{}: hurries", self.name); // more than any story is long
    }

    /// G3: nobody blanks another's claim.
    pub(super) fn check_own_write(&self, before: Option<&Record>, request: &Request) {
        if let Request::Update(Record { holder: None, .. }, _) = request {
            let blanked = before.and_then(|record| record.holder.as_ref()).map(|holder| holder.shown_name());
            assert_eq!(blanked, Some(self.name.as_str()), "a release of another's claim");
        }
    }
}

/// Counts one more at this time.
fn at_once(counted: &mut (Duration, u32), now: Duration) -> u32 {
    *counted = if counted.0 == now { (now, counted.1 + 1) } else { (now, 1) };
    counted.1
}

impl World {
    /// G2: one leader. G6: every term's token is larger than those of all terms before.
    pub(super) fn check_world(&mut self, who: Who, events: &[Event]) {
        let leaders = (0..self.candidates.len()).filter(|index| self.leads(Who(*index))).count();
        let foreigners = usize::from(self.now < self.foreigner_leads_until);
        assert!(self.rules_broken || leaders + foreigners <= 1, "{leaders} + {foreigners} lead");
        for event in events {
            if let Event::Acquired { token, .. } = event {
                let largest = std::mem::replace(&mut self.largest_token, *token);
                assert!(self.rules_broken || largest < *token, "{who:?}: token {token} after {largest}");
            }
        }
    }
}
