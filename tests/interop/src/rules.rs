//! What client-go would have written, and when another may lead.

use std::ops::Range;
use std::time::Duration;

use testkit::clock::nanos;

use crate::clock;
use crate::record::{Record, Writer};

const TOKEN: &str = "cluster-leader.io/token";
/// `leaseDurationSeconds` of ours.
const OUR_SECONDS: u64 = 3;
const STEP_DOWN: &str = "cluster-leader.io/step-down";

/// From when to when another may lead, by the rules: nobody who keeps them leads meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The holder.
    pub(crate) holder: String,
    /// It has acquired here, and maybe earlier.
    pub(crate) from: u64,
    /// Until here nobody may take over: it has released, or has not renewed for the record's duration.
    pub(crate) until: u64,
}

/// From when to when one of ours may lead by the rules although the Lease says nothing of it any more:
/// somebody else has blanked it, as client-go does when it is stopped after it was superseded unawares.
/// Whoever takes such a Lease leads beside the rules.
pub(crate) fn robbed(records: &[Record], is_ours: impl Fn(&str) -> bool) -> Vec<Range<u64>> {
    let pairs = records.iter().zip(records.iter().skip(1));
    let blanked = pairs.filter(|(last, record)| {
        is_ours(last.holder()) && record.holder().is_empty() && record.writer(Some(last)) != Writer::Ours
    });
    blanked
        .map(|(last, record)| {
            let lease = nanos(Duration::from_secs(last.seconds()));
            clock::at_wall(record.time("renewTime"))..clock::at_wall(last.time("renewTime")) + lease
        })
        .collect()
}

/// The claims of holders that are not ours.
///
/// They end too early rather than too late: `renewTime` is from before the write was sent, and others
/// count the duration from when they saw it. They begin where none of ours has been [robbed](robbed).
pub(crate) fn claims(records: &[Record], is_ours: impl Fn(&str) -> bool) -> Vec<Claim> {
    let robbed = robbed(records, &is_ours);
    let mut claims: Vec<Claim> = Vec::new();
    let mut last: Option<&Record> = None;
    for record in records {
        let same = last.is_some_and(|last| last.holder() == record.holder());
        if record.holder().is_empty() {
            if let (Some(claim), Some(last)) = (claims.last_mut(), last)
                && claim.holder == last.holder()
            {
                claim.until = claim.until.min(clock::at_wall(record.time("renewTime")));
            }
        } else if !is_ours(record.holder()) {
            let until =
                clock::at_wall(record.time("renewTime")) + nanos(Duration::from_secs(record.seconds()));
            match claims.last_mut() {
                Some(claim) if same => claim.until = until,
                _ => {
                    let holder = record.holder().to_owned();
                    let leads_on = robbed.iter().filter(|robbed| robbed.start <= record.seen);
                    let from = leads_on.map(|robbed| robbed.end).fold(record.seen, u64::max);
                    claims.push(Claim { holder, from, until });
                }
            }
        }
        last = Some(record);
    }
    claims
}

/// Checks every state of the Lease against the one before. `tokens`: of the terms that ours have told of.
///
/// # Panics
/// One is not what client-go would have made of it, or somebody has taken over too early.
pub(crate) fn check(records: &[Record], tokens: &[u64]) {
    let mut last: Option<&Record> = None;
    for record in records {
        let writer = record.writer(last);
        if writer != Writer::Test {
            transition(last, record, writer);
        }
        if writer == Writer::Ours {
            ours(last, record);
            token(last, record, tokens);
        }
        last = Some(record);
    }
}

/// What everybody keeps to.
fn transition(last: Option<&Record>, record: &Record, writer: Writer) {
    let Some(last) = last else {
        assert_eq!(record.transitions(), 0, "the first, by {writer:?}: {record:#?}");
        return;
    };
    let is_take_over = !record.holder().is_empty() && record.holder() != last.holder();
    let more = i64::from(is_take_over);
    assert_eq!(
        record.transitions(),
        last.transitions() + more,
        "by {writer:?}, after {last:#?}: {record:#?}"
    );
    if is_take_over && !last.holder().is_empty() {
        // fabric8 looks at the clock again after it has read.
        let decided = match writer {
            Writer::Fabric8 => record.seen,
            _ => clock::at_wall(record.time("renewTime")),
        };
        let renewed = clock::at_wall(last.time("renewTime"));
        let stood = Duration::from_nanos(decided.saturating_sub(renewed));
        let lease = Duration::from_secs(last.seconds());
        // The two clocks are read one after the other.
        let margin = Duration::from_millis(1);
        assert!(stood + margin >= lease, "{writer:?} took over after {stood:?}: from {last:#?}: {record:#?}");
    }
}

/// What we keep to: every field that client-go writes, as it does, and nothing that concerned another
/// holder.
fn ours(last: Option<&Record>, record: &Record) {
    let spec = record.lease["spec"].as_object().expect("a spec");
    let written = |field: &str| spec.get(field).is_some_and(|value| !value.is_null());
    let fields = ["holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions"];
    assert!(fields.into_iter().all(written), "a field is missing: {record:#?}");
    assert_eq!(spec.len(), fields.len(), "a field too many: {record:#?}");
    let (acquire, renew) = (record.time("acquireTime"), record.time("renewTime"));
    for field in ["acquireTime", "renewTime"] {
        let text = spec[field].as_str().expect("a text");
        assert_eq!(text.len(), "2026-01-01T00:00:00.000000Z".len(), "{field}: {record:#?}");
    }
    // Honest wall time, by which fabric8 judges. It may wait in the API server's queue, not lead.
    let ahead = clock::at_wall(renew).saturating_sub(record.seen);
    assert!(ahead < 1_100_000_000, "renewTime is {ahead} ns ahead of the wall clock: {record:#?}");

    assert_eq!(record.annotation(STEP_DOWN), None, "{record:#?}");
    let begins = last.is_none_or(|last| last.holder() != record.holder());
    if begins {
        assert_eq!(acquire, renew, "a take-over or a release: {record:#?}");
        let seconds = if record.holder().is_empty() { 1 } else { OUR_SECONDS };
        assert_eq!(record.seconds(), seconds, "{record:#?}");
    } else if let Some(last) = last {
        assert_eq!(acquire, last.time("acquireTime"), "a renewal: {record:#?}");
        let renewed = last.time("renewTime").as_second();
        assert_ne!(renew.as_second(), renewed, "client-go sees whole seconds: {record:#?}");
    }
}

/// The token is told from the first renewal of a term on, and never another's.
fn token(last: Option<&Record>, record: &Record, tokens: &[u64]) {
    let found = record.annotation(TOKEN).map(|annotation| {
        let (token, holder) = annotation.split_once(' ').expect("a token and its holder");
        assert_eq!(holder, record.holder(), "{record:#?}");
        token.parse().expect("a token")
    });
    let renewed = last.filter(|last| last.holder() == record.holder() && !record.holder().is_empty());
    match (renewed, found) {
        // A term begins; its end may have been so long ago that it is ours again without a take-over.
        (None, None) => {}
        (Some(_), None) if tokens.contains(&record.version) => {}
        (Some(last), None) => {
            assert!(!tokens.contains(&last.version), "a renewal does not tell its token: {record:#?}");
        }
        (Some(_), Some(token)) => assert!(tokens.contains(&token), "no such term: {record:#?}"),
        (None, Some(_)) => panic!("a take-over or a release tells a token: {record:#?}"),
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
