//! Giving leadership up on purpose: withdraw, release, stand aside.

use super::Election;
use crate::io::LostReason;
use crate::time::Instant;

/// What we are up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    /// Candidate or leader.
    Standing,
    /// The claim is withdrawn; the record is being released, within a bound.
    Releasing { until: Instant, conflicts_left: u8, then: Afterwards },
    /// Not standing until told to.
    Suspended,
    /// The end.
    Stopped,
}

/// What follows a release. The later in this list, the stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Afterwards {
    Stand,
    Suspend,
    Stop,
}

/// Not standing after a step-down until another has led, which shows in the holder or in more
/// transitions than these, or until this instant has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SittingOut {
    pub(super) until: Instant,
    transitions: Option<i32>,
}

impl Election {
    /// How often a release is tried again after a conflict, within its bound in time.
    const RELEASE_CONFLICTS: u8 = 4;

    pub(super) fn step_down(&mut self) {
        self.hand_over(LostReason::SteppedDown, Afterwards::Stand);
        let until = self.now + self.timing.lease_duration();
        let transitions = self.transitions();
        self.sitting_out.get_or_insert(SittingOut { until, transitions });
    }

    pub(super) fn resume(&mut self) {
        match &mut self.mode {
            Mode::Suspended => self.mode = Mode::Standing,
            Mode::Releasing { then: then @ Afterwards::Suspend, .. } => *then = Afterwards::Stand,
            _ => {}
        }
    }

    pub(super) fn is_standing(&self) -> bool {
        self.mode == Mode::Standing && self.sitting_out.is_none()
    }

    /// Withdraws the claim, then releases the record if it is, or may become, ours.
    pub(super) fn hand_over(&mut self, reason: LostReason, then: Afterwards) {
        self.lose(reason);
        match &mut self.mode {
            Mode::Stopped => return,
            Mode::Releasing { then: planned, .. } => {
                *planned = (*planned).max(then);
                return;
            }
            Mode::Suspended if then == Afterwards::Stand => return,
            Mode::Standing | Mode::Suspended => {}
        }
        if self.record_is_ours() || self.writes.any_unresolved() {
            self.under_way = None; // a write stays known as unresolved
            // Guarded by the version that we know, a release needs no look at the record before it.
            self.must_read |= self.writes.any_unresolved();
            self.next_attempt = self.now;
            self.mode = Mode::Releasing {
                until: self.now + self.timing.retry_period(),
                conflicts_left: Self::RELEASE_CONFLICTS,
                then,
            };
        } else {
            self.conclude_release(then);
        }
    }

    fn conclude_release(&mut self, then: Afterwards) {
        self.mode = match then {
            Afterwards::Stand => Mode::Standing,
            Afterwards::Suspend => Mode::Suspended,
            Afterwards::Stop => Mode::Stopped,
        };
    }

    /// Ends the states whose time or purpose is over.
    pub(super) fn settle(&mut self) {
        if let Mode::Releasing { until, then, .. } = self.mode {
            let nothing_left = self.under_way.is_none() && !self.must_read && !self.record_is_ours();
            if self.now < until && !nothing_left && !self.identity_disputed {
                return;
            }
            self.conclude_release(then);
        }
        if let Some(SittingOut { until, transitions }) = self.sitting_out {
            // What landed late is ours, and what we had never seen tells nothing.
            let uncounted = transitions.is_none() || self.record_is_ours();
            let another_has_led = !uncounted && self.transitions() > transitions;
            if another_has_led || self.another_leads() || self.now >= until {
                self.sitting_out = None;
            } else if uncounted {
                self.sitting_out = Some(SittingOut { until, transitions: self.transitions() });
            }
        }
    }

    fn transitions(&self) -> Option<i32> {
        self.knowledge.record().map(|record| record.transitions)
    }

    fn another_leads(&self) -> bool {
        self.knowledge.holder().is_some_and(|holder| *holder != self.us)
    }
}
