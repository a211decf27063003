//! G7, release: the local answer is no before the release is sent, and a standby takes over soon
//! after it took effect.

use election::Request;

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
    use election::{Record, Version};

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
