//! G7, release: the local answer is no before the release is sent, and a standby takes over soon
//! after it took effect.

use election::{Identity, Instant, LostReason, Output, Record, Request};

use crate::clock::Real;

/// Whether a request may be sent while readers find `cell`: the deadline, or 0.
///
/// # Errors
/// It releases what is still claimed.
pub fn check_sent(request: &Request, cell: u64) -> Result<(), String> {
    match request {
        Request::Update(record, _) if record.holder.is_none() && cell != 0 => {
            Err("a release is sent while readers are still told yes".to_owned())
        }
        _ => Ok(()),
    }
}

/// Whether a term that ends on request is followed by the release at once, or by the read that it
/// needs, whatever attempt was under way.
///
/// # Errors
/// It waits for something.
pub fn check_hand_over(reason: LostReason, output: &Output) -> Result<(), String> {
    let on_request = matches!(
        reason,
        LostReason::SteppedDown | LostReason::Stopped | LostReason::HostStuck | LostReason::Unhealthy
    );
    match output.attempt.as_ref().map(|attempt| &attempt.request) {
        _ if !on_request => Ok(()),
        Some(Request::Read) => Ok(()),
        Some(Request::Update(record, _)) if record.holder.is_none() => Ok(()),
        Some(request) => Err(format!("a hand-over begins with {request:?}")),
        None => Err("a hand-over does not begin at once".to_owned()),
    }
}

/// Who has stepped down does not stand again before another has led, or a lease duration is over.
#[derive(Clone, Debug)]
pub struct SittingOut {
    transitions: Option<i32>,
    until: Instant,
}

impl SittingOut {
    /// It stepped down from this record, and stands again then at the latest.
    #[must_use]
    pub fn new(record: Option<&Record>, until: Instant) -> Self {
        Self { transitions: record.map(|record| record.transitions), until }
    }

    /// Whether this record shows that another has led since.
    #[must_use]
    pub fn another_has_led(&self, record: Option<&Record>, us: &Identity) -> bool {
        record.is_some_and(|record| {
            record.holder.as_ref().is_some_and(|holder| holder != us)
                || Some(record.transitions) != self.transitions
        })
    }

    /// Whether it may begin a term while nobody else has led.
    ///
    /// # Errors
    /// It may not.
    pub fn check_acquired(&self, now: Instant) -> Result<(), String> {
        if now < self.until {
            return Err(format!("it stepped down, and leads again {:?} too early", self.until.since(now)));
        }
        Ok(())
    }
}

/// Until when a standby must have taken over, in worlds where nothing hinders it.
#[derive(Clone, Debug)]
pub struct HandOver {
    allowed: Option<Real>,
    due: Option<Real>,
}

impl HandOver {
    /// `allowed`: how long a hand-over may take; `None`: in this world it may take any time.
    #[must_use]
    pub const fn new(allowed: Option<Real>) -> Self {
        Self { allowed, due: None }
    }

    /// A release took effect, and somebody stands by.
    pub fn released(&mut self, now: Real) {
        self.due = self.allowed.map(|allowed| now + allowed);
    }

    /// Somebody leads.
    pub const fn taken(&mut self) {
        self.due = None;
    }

    /// When somebody must lead at the latest.
    #[must_use]
    pub fn due(&self) -> Real {
        self.due.unwrap_or(Real::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use election::Version;

    #[test]
    fn g7_the_answer_is_no_before_the_release_is_sent() {
        let version = || Version { uid: "a".into(), number: 1 };
        let release = Request::Update(Record::default(), version());
        assert!(check_sent(&release, 0).is_ok());
        assert!(check_sent(&release, 12345).is_err());
        let renewal = Request::Update(Record { holder: Some("us".into()), ..Record::default() }, version());
        assert!(check_sent(&renewal, 12345).is_ok());
    }

    #[test]
    fn g7_a_hand_over_begins_at_once() {
        let output = Output { claim: None, events: Vec::new(), attempt: None, wake: None };
        for (reason, fine) in [
            (LostReason::SteppedDown, false),
            (LostReason::Stopped, false),
            (LostReason::HostStuck, false),
            (LostReason::Unhealthy, false),
            (LostReason::Expired, true),
        ] {
            assert_eq!(check_hand_over(reason, &output).is_ok(), fine, "{reason:?}");
        }
    }

    #[test]
    fn g7_who_stepped_down_sits_out_until_another_has_led_or_a_lease_duration_is_over() {
        let record = |holder: Option<&str>, transitions| Record {
            holder: holder.map(Into::into),
            transitions,
            ..Record::default()
        };
        let us = "us".into();
        let sits_out = SittingOut::new(Some(&record(Some("us"), 3)), Instant::from_nanos(100));
        assert!(!sits_out.another_has_led(Some(&record(None, 3)), &us));
        assert!(sits_out.another_has_led(Some(&record(Some("them"), 3)), &us));
        assert!(sits_out.another_has_led(Some(&record(None, 4)), &us), "it came and went");
        assert!(sits_out.check_acquired(Instant::from_nanos(99)).is_err());
        assert!(sits_out.check_acquired(Instant::from_nanos(100)).is_ok());
    }

    #[test]
    fn g7_a_hand_over_is_due_until_somebody_leads() {
        let mut hand_over = HandOver::new(Some(50));
        hand_over.released(100);
        assert_eq!(hand_over.due(), 150);
        hand_over.taken();
        assert_eq!(hand_over.due(), Real::MAX);
        let mut whenever = HandOver::new(None);
        whenever.released(100);
        assert_eq!(whenever.due(), Real::MAX);
    }
}
