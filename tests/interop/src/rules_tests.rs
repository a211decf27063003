//! Histories of a Lease that are right, and one breakage each that is not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;

const BEGIN: u64 = 1_000_000_000_000;

/// A state written this many milliseconds after the beginning by the program of this manager.
fn record(millis: u64, manager: &str, holder: &str, seconds: u64, acquired: u64, transitions: u64) -> Record {
    static LATELY: OnceLock<Timestamp> = OnceLock::new();
    let begin = *LATELY.get_or_init(|| Timestamp::now() - SignedDuration::from_secs(100));
    let time =
        |millis: u64| (begin + Duration::from_millis(millis)).strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
    Record {
        seen: clock::at_wall(begin + Duration::from_millis(millis + 5)),
        version: BEGIN + millis,
        lease: json!({
            "metadata": { "managedFields": [{ "manager": manager, "fieldsV1": { "f:spec": { "f:renewTime": {} } } }] },
            "spec": {
                "holderIdentity": holder, "leaseDurationSeconds": seconds, "acquireTime": time(acquired),
                "renewTime": time(millis), "leaseTransitions": transitions,
            },
        }),
    }
}

fn with_token(mut record: Record, token: u64) -> Record {
    let token = format!("{token} {}", record.holder());
    record.lease["metadata"]["annotations"] = json!({ TOKEN: token });
    record
}

const OURS: &str = "cluster-leader";

/// Ours leads, releases; client-go leads, dies; ours leads again.
fn right() -> Vec<Record> {
    vec![
        record(0, OURS, "ours_1", 3, 0, 0),
        with_token(record(1_000, OURS, "ours_1", 3, 0, 0), BEGIN),
        record(2_000, OURS, "", 1, 2_000, 0),
        record(2_500, "client-go", "theirs_1", 3, 2_500, 1),
        record(3_000, "client-go", "theirs_1", 3, 2_500, 1),
        record(6_100, OURS, "ours_2", 3, 6_100, 2),
        with_token(record(7_100, OURS, "ours_2", 3, 6_100, 2), BEGIN + 6_100),
    ]
}

fn is_right(records: &[Record]) -> bool {
    let tokens = [BEGIN, BEGIN + 6_100];
    catch_unwind(AssertUnwindSafe(|| check(records, &tokens))).is_ok()
}

#[test]
fn g12_what_client_go_would_not_have_written_goes_red() {
    assert!(is_right(&right()));
    type Breakage = fn(&mut Vec<Record>);
    let breakages: [(&str, Breakage); 11] = [
        ("a field is null", |all| all[0].lease["spec"]["acquireTime"] = Value::Null),
        ("a field is missing", |all| {
            drop(all[2].lease["spec"].as_object_mut().unwrap().remove("leaseTransitions"));
        }),
        ("a field too many", |all| all[0].lease["spec"]["strategy"] = json!("x")),
        ("times in milliseconds", |all| {
            all[0].lease["spec"]["renewTime"] = json!("2026-01-01T00:00:00.000Z");
        }),
        ("a take-over that is not counted", |all| all[5].lease["spec"]["leaseTransitions"] = json!(1)),
        ("a renewal that is counted", |all| all[1].lease["spec"]["leaseTransitions"] = json!(1)),
        ("a renewal within the same second", |all| {
            all[1].lease["spec"]["renewTime"] = all[0].lease["spec"]["renewTime"].clone();
            all[1].lease["spec"]["leaseDurationSeconds"] = json!(4); // else nothing has changed
        }),
        ("a release that keeps the duration", |all| all[2].lease["spec"]["leaseDurationSeconds"] = json!(3)),
        ("a token that is kept", |all| all[2] = with_token(all[2].clone(), BEGIN)),
        ("a token that is not told", |all| all[6].lease["metadata"]["annotations"] = Value::Null),
        ("a take-over too early", |all| all[5] = record(5_900, OURS, "ours_2", 3, 5_900, 2)),
    ];
    for (what, breakage) in breakages {
        let mut records = right();
        breakage(&mut records);
        assert!(!is_right(&records), "{what}");
    }
}

#[test]
fn a_claim_ends_with_its_release_or_a_lease_after_the_last_renewal() {
    let mut records = right();
    let times = |records: &[Record]| {
        let claims = claims(records, |holder| holder.starts_with("ours"));
        let [claim] = &claims[..] else { panic!("{claims:?}") };
        assert_eq!(claim.holder, "theirs_1");
        // To the half of a second: the clocks are read anew for each record.
        (claim.until - records[0].seen + 250_000_000) / 500_000_000
    };
    assert_eq!(times(&records), 12, "3 s after 3 s");
    records.truncate(5);
    records.push(record(4_000, "client-go", "", 1, 4_000, 1));
    assert_eq!(times(&records), 8, "released after 4 s");
    records.pop();
    records.push(record(3_500, OURS, "ours_2", 3, 3_500, 2));
    assert_eq!(times(&records), 12, "a theft does not end it");
}

#[test]
fn g12_whoever_takes_a_lease_that_another_blanked_has_no_claim_to_it_while_ours_may_lead() {
    let is_ours = |holder: &str| holder.starts_with("ours");
    let taken_after_a_blank_by = |manager| {
        vec![
            record(0, OURS, "ours_1", 3, 0, 0),
            record(1_000, manager, "", 1, 1_000, 0),
            record(1_100, "client-go", "theirs_1", 3, 1_100, 1),
        ]
    };
    let half_seconds = |nanos: u64, records: &[Record]| (nanos - records[0].seen + 250_000_000) / 500_000_000;
    for (manager, robbed_until, claimed_from) in [("client-go", Some(6), 6), (OURS, None, 2)] {
        let records = taken_after_a_blank_by(manager);
        let robbed = robbed(&records, is_ours);
        assert_eq!(
            robbed.first().map(|robbed| half_seconds(robbed.end, &records)),
            robbed_until,
            "{manager}"
        );
        let claims = claims(&records, is_ours);
        assert_eq!(half_seconds(claims[0].from, &records), claimed_from, "{manager}");
    }
}
