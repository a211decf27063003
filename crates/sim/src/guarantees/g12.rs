//! G12, the record: client-go's, exactly, so that other electors neither fail on it nor miss a
//! renewal.

use std::time::Duration;

use election::{Identity, Record, Request, WallTime};

const SECOND: i64 = 1_000_000;

/// Whether `us` may write this over `before`, the record it was decided on, at this wall time.
///
/// # Errors
/// Others would misunderstand it.
pub fn check_record(
    request: &Request,
    before: Option<&Record>,
    us: &Identity,
    lease_duration: Duration,
    wall: WallTime,
) -> Result<(), String> {
    let (Request::Create(record) | Request::Update(record, _)) = request else { return Ok(()) };
    let (Some(renew_time), Some(_)) = (record.renew_time, record.acquire_time) else {
        return Err("a record without times".to_owned());
    };
    let before_holder = before.and_then(|before| before.holder.as_ref());
    let stray = |what| Err(format!("{what} of the holder before is kept"));
    if record.step_down.is_some() {
        return stray("the request to step down");
    }
    if record.strategy.is_some() {
        return Err("a record under coordinated election is written".to_owned());
    }
    let transitions = before.map_or(0, |before| before.transitions);
    let (expected_duration, expected_transitions) = match (&record.holder, before) {
        (None, _) => (Duration::from_secs(1), transitions),
        (Some(_), Some(_)) if before_holder != Some(us) => (lease_duration, transitions.saturating_add(1)),
        (Some(_), _) => (lease_duration, transitions),
    };
    if record.lease_duration != Some(expected_duration) {
        return Err(format!("a duration of {:?}, not {expected_duration:?}", record.lease_duration));
    }
    if record.transitions != expected_transitions {
        return Err(format!("{} transitions, not {expected_transitions}", record.transitions));
    }
    let renews = record.holder.is_some() && before_holder == Some(us);
    if !renews && record.token.is_some() {
        return stray("the token");
    }
    if record.token.as_ref().is_some_and(|(owner, _)| owner != us) {
        return stray("the token");
    }
    if let Some(before) = before.filter(|_| renews) {
        if record.acquire_time != before.acquire_time {
            return Err("a renewal changes when the lease was acquired".to_owned());
        }
        let second = |time: WallTime| time.as_micros().div_euclid(SECOND);
        if before.renew_time.is_some_and(|last| second(last) == second(renew_time)) {
            return Err("a renewal that others cannot see: renewTime is in the same second".to_owned());
        }
    }
    if renew_time.as_micros() > wall.as_micros() + SECOND {
        return Err("renewTime lies more than a second in the future".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use election::Version;

    const D: Duration = Duration::from_secs(15);

    fn record(holder: Option<&str>, second: i64, transitions: i32) -> Record {
        Record {
            holder: holder.map(Into::into),
            lease_duration: Some(if holder.is_some() { D } else { Duration::from_secs(1) }),
            acquire_time: Some(WallTime::from_micros(0)),
            renew_time: Some(WallTime::from_micros(second * SECOND)),
            transitions,
            ..Record::default()
        }
    }

    fn check(before: Option<&Record>, after: Record) -> bool {
        let request = match before {
            Some(_) => Request::Update(after, Version { uid: "a".into(), number: 1 }),
            None => Request::Create(after),
        };
        check_record(&request, before, &"us".into(), D, WallTime::from_micros(100 * SECOND)).is_ok()
    }

    #[test]
    fn g12_the_record_is_what_client_go_would_write() {
        let ours = record(Some("us"), 90, 3);
        let theirs = record(Some("them"), 90, 3);
        assert!(check(None, record(Some("us"), 100, 0)) && !check(None, record(Some("us"), 100, 1)));
        assert!(check(Some(&theirs), record(Some("us"), 100, 4)));
        assert!(!check(Some(&theirs), record(Some("us"), 100, 3)), "a transition was not counted");
        assert!(check(Some(&ours), record(Some("us"), 100, 3)));
        assert!(!check(Some(&ours), record(Some("us"), 100, 4)), "a renewal is no transition");
        assert!(!check(Some(&ours), record(Some("us"), 90, 3)), "renewTime stands still");
        assert!(check(Some(&ours), record(Some("us"), 101, 3)));
        assert!(!check(Some(&ours), record(Some("us"), 102, 3)), "renewTime in the future");
        assert!(check(Some(&ours), record(None, 100, 3)));
        let wrong = Record { lease_duration: Some(D), ..record(None, 100, 3) };
        assert!(!check(Some(&ours), wrong), "a release is for one second");
        let stray = Record { token: Some(("them".into(), 5)), ..record(Some("us"), 100, 4) };
        assert!(!check(Some(&theirs), stray), "another's token");
        let asked = Record { step_down: Some("us".into()), ..record(Some("us"), 100, 3) };
        assert!(!check(Some(&ours), asked), "a request to step down survives");
        let token = Record { token: Some(("us".into(), 5)), ..record(Some("us"), 100, 3) };
        assert!(check(Some(&ours), token));
    }
}
