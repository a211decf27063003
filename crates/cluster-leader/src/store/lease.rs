//! The record as a `coordination.k8s.io/v1` Lease: what both stores keep.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use election::{Identity, Ledger, Record, Version, WallTime};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

use super::{StoreError, StoreErrorKind};

/// `<token> <holderIdentity>`: the fencing token of that holder.
const TOKEN: &str = "cluster-leader.io/token";
/// `<holderIdentity>`: asks that holder to hand over.
const STEP_DOWN: &str = "cluster-leader.io/step-down";
/// `<age in milliseconds> <text>`: what a leader leaves to the next; `<age>+ <text>` if its process goes on.
const LEDGER: &str = "cluster-leader.io/ledger";

/// The label of every Lease that we have written, by which one watch shows all of a namespace.
pub(super) const LABEL: &str = "cluster-leader.io/election";
pub(super) const LABELLED: &str = "true";

/// Whether a watch on our label shows this Lease.
pub(crate) fn is_labelled(lease: &Lease) -> bool {
    let labels = lease.metadata.labels.as_ref();
    labels.and_then(|labels| labels.get(LABEL)).is_some_and(|value| value == LABELLED)
}

/// Reads the record out of a Lease. Others may have left out any field; nothing is an error.
pub(crate) fn record_of(lease: &Lease) -> Record {
    let spec = lease.spec.clone().unwrap_or_default();
    let annotation = |name| lease.metadata.annotations.as_ref().and_then(|all| all.get(name));
    Record {
        holder: spec
            .holder_identity
            .filter(|holder| !holder.is_empty())
            .map(|holder| Identity::from(holder.as_str())),
        lease_duration: spec
            .lease_duration_seconds
            .and_then(|seconds| u64::try_from(seconds).ok())
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs),
        acquire_time: spec.acquire_time.map(|time| WallTime::from_micros(time.0.as_microsecond())),
        renew_time: spec.renew_time.map(|time| WallTime::from_micros(time.0.as_microsecond())),
        transitions: spec.lease_transitions.unwrap_or(0).max(0),
        strategy: spec.strategy.filter(|strategy| !strategy.is_empty()).map(Arc::from),
        token: annotation(TOKEN).and_then(|value| {
            let (token, holder) = value.split_once(' ')?;
            Some((Identity::from(holder), token.parse().ok()?))
        }),
        step_down: annotation(STEP_DOWN).map(|holder| Identity::from(holder.as_str())),
        ledger: annotation(LEDGER).map(|value| ledger_of(value)),
    }
}

/// A value that somebody else has written is a text without an age: whoever reads the text will see that it is
/// none of ours.
pub(crate) fn ledger_of(value: &str) -> Ledger {
    let ours = value.split_once(' ').and_then(|(age, text)| {
        let goes_on = age.strip_suffix('+');
        Some((goes_on.unwrap_or(age).parse().ok()?, goes_on.is_some(), text))
    });
    let (age, handed_over, text) = ours.unwrap_or((0, false, value));
    Ledger { text: Arc::from(text), age: Duration::from_millis(age), handed_over }
}

/// Puts the record into a Lease: replaces its `spec`, our annotations and our label, keeps all else.
///
/// Every field that client-go reads is written, never left null: fabric8 and others fail on nulls.
pub(super) fn put_record(lease: &mut Lease, record: &Record) {
    lease.spec = Some(LeaseSpec {
        holder_identity: Some(
            record.holder.as_ref().map_or_else(String::new, |holder| holder.as_str().to_owned()),
        ),
        lease_duration_seconds: Some(
            record
                .lease_duration
                .map_or(1, |duration| i32::try_from(duration.as_secs()).unwrap_or(i32::MAX).max(1)),
        ),
        acquire_time: Some(micro_time(record.acquire_time)),
        renew_time: Some(micro_time(record.renew_time)),
        lease_transitions: Some(record.transitions),
        preferred_holder: None,
        strategy: record.strategy.as_deref().map(str::to_owned),
    });
    lease.metadata.labels.get_or_insert_default().insert(LABEL.to_owned(), LABELLED.to_owned());
    let annotations = lease.metadata.annotations.get_or_insert_default();
    set(annotations, TOKEN, record.token.as_ref().map(|(holder, token)| format!("{token} {holder}")));
    set(annotations, STEP_DOWN, record.step_down.as_ref().map(ToString::to_string));
    set(
        annotations,
        LEDGER,
        record.ledger.as_ref().map(|ledger| {
            let goes_on = if ledger.handed_over { "+" } else { "" };
            format!("{}{goes_on} {}", ledger.age.as_millis(), ledger.text)
        }),
    );
    if annotations.is_empty() {
        lease.metadata.annotations = None;
    }
}

/// The Lease's version.
///
/// # Errors
/// `uid` or `resourceVersion` is missing, or the latter is not a number as KEP-5504 promises.
pub(crate) fn version_of(lease: &Lease) -> Result<Version, StoreError> {
    let broken = |what: &str| StoreError::new(StoreErrorKind::Unknown, format!("the record's {what}"));
    let uid = lease.metadata.uid.as_deref().ok_or_else(|| broken("metadata.uid is missing"))?;
    let text = lease
        .metadata
        .resource_version
        .as_deref()
        .ok_or_else(|| broken("metadata.resourceVersion is missing"))?;
    let number = text.parse().map_err(|_| {
        broken(&format!(
            "metadata.resourceVersion is {text:?}, which is not a number: versions could not be compared \
             (Kubernetes promises numbers since KEP-5504)"
        ))
    })?;
    Ok(Version { uid: Arc::from(uid), number })
}

fn micro_time(time: Option<WallTime>) -> MicroTime {
    let time = time.unwrap_or_default();
    MicroTime(Timestamp::from_microsecond(time.as_micros()).unwrap_or(Timestamp::UNIX_EPOCH))
}

fn set(annotations: &mut BTreeMap<String, String>, name: &str, value: Option<String>) {
    match value {
        Some(value) => annotations.insert(name.to_owned(), value),
        None => annotations.remove(name),
    };
}

/// The Leases seen last: an update sends the whole object of the version it was decided on, with
/// whatever others keep in its metadata.
#[derive(Debug, Default)]
pub(super) struct SeenLeases(BTreeMap<u64, (Version, Lease)>);

impl SeenLeases {
    /// The election decides on the newest it was shown; a few more cover what reached us in the
    /// meantime.
    const MOST: usize = 4;

    /// Remembers the Lease and returns its record and version. What is forgotten for it is the
    /// oldest: a watch that lags behind must not crowd out what a read has shown.
    pub(super) fn remember(&mut self, lease: Lease) -> Result<(Record, Version), StoreError> {
        let version = version_of(&lease)?;
        let record = record_of(&lease);
        self.0.remove(&version.number);
        if self.0.len() >= Self::MOST {
            self.0.pop_first();
        }
        self.0.insert(version.number, (version.clone(), lease));
        Ok((record, version))
    }

    /// Whether a watch on our label shows the newest of them; `None`: none is remembered.
    pub(super) fn newest_is_labelled(&self) -> Option<bool> {
        self.0.last_key_value().map(|(_, (_, lease))| is_labelled(lease))
    }

    /// The largest version number that is remembered; zero if none is.
    pub(super) fn newest(&self) -> u64 {
        self.0.last_key_value().map_or(0, |(number, _)| *number)
    }

    /// The Lease of this version with `record` in it, to be sent back; a conflict if it is not
    /// remembered, which makes the election read it again.
    pub(super) fn with_record(&self, version: &Version, record: &Record) -> Result<Lease, StoreError> {
        let seen = self.0.get(&version.number).filter(|(known, _)| known == version);
        let (_, lease) = seen.ok_or_else(|| {
            let problem = format!("version {} is no longer at hand", version.number);
            StoreError::new(StoreErrorKind::Conflict, problem)
        })?;
        let mut lease = lease.clone();
        put_record(&mut lease, record);
        Ok(lease)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn lease(value: Value) -> Lease {
        serde_json::from_value(value).unwrap()
    }

    fn with_spec(spec: Value) -> Lease {
        let mut object = json!({"metadata": {"name": "jobs"}});
        object["spec"] = spec;
        lease(object)
    }

    fn wall(text: &str) -> WallTime {
        WallTime::from_micros(text.parse::<Timestamp>().unwrap().as_microsecond())
    }

    /// A Lease on which others have left their marks, in a version of its own.
    fn of_others(number: u64) -> Lease {
        lease(json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {
                "name": "jobs", "namespace": "team", "uid": "u-1", "resourceVersion": number.to_string(),
                "labels": {"app": "billing"},
                "annotations": {
                    "team.example/owner": "ops",
                    "cluster-leader.io/ledger": "77 1;bytes",
                    "cluster-leader.io/token": "7 old_x",
                    "cluster-leader.io/step-down": "old_x",
                },
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "billing", "uid": "d-1"}],
                "finalizers": ["team.example/hold"],
            },
            "spec": {"holderIdentity": "old_x", "preferredHolder": "somebody"},
        }))
    }

    fn any_time() -> impl Strategy<Value = WallTime> {
        // From 1900 to 2200, and the ends of a second more often than chance would.
        let seconds = -2_208_988_800_i64..7_258_118_400;
        let micros = prop_oneof![Just(0), Just(1), Just(500_000), Just(999_999), 0..1_000_000_i64];
        (seconds, micros).prop_map(|(seconds, micros)| WallTime::from_micros(seconds * 1_000_000 + micros))
    }

    fn any_identity() -> impl Strategy<Value = Identity> {
        "[ -~äöü]{1,30}".prop_map(|text| Identity::from(text.as_str()))
    }

    prop_compose! {
        fn any_record()(
            holder in proptest::option::of(any_identity()),
            seconds in 1..=i32::MAX,
            acquire_time in any_time(),
            renew_time in any_time(),
            transitions in 0..=i32::MAX,
            strategy in proptest::option::of("[A-Za-z]{1,20}"),
            token in proptest::option::of((any_identity(), any::<u64>())),
            step_down in proptest::option::of(any_identity()),
            ledger in proptest::option::of((any::<u64>(), any::<bool>(), "[ -~ä]{0,30}")),
        ) -> Record {
            Record {
                holder,
                lease_duration: Some(Duration::from_secs(u64::try_from(seconds).unwrap())),
                acquire_time: Some(acquire_time),
                renew_time: Some(renew_time),
                transitions,
                strategy: strategy.map(Arc::from),
                token,
                step_down,
                ledger: ledger.map(|(age, handed_over, text)| Ledger {
                    text: Arc::from(text),
                    age: Duration::from_millis(age),
                    handed_over,
                }),
            }
        }
    }

    fn nulls_in(value: &Value) -> usize {
        match value {
            Value::Null => 1,
            Value::Array(all) => all.iter().map(nulls_in).sum(),
            Value::Object(all) => all.values().map(nulls_in).sum(),
            _ => 0,
        }
    }

    /// `2026-11-05T07:08:09.000010Z`: what Go's MicroTime reads and writes.
    fn is_micro_time(value: &Value) -> bool {
        let shape: String =
            value.as_str().unwrap().chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        shape == "9999-99-99T99:99:99.999999Z"
    }

    proptest! {
        #[test]
        fn g12_a_record_survives_the_way_through_a_lease(record in any_record()) {
            let mut sent = of_others(5);
            put_record(&mut sent, &record);
            let json = serde_json::to_value(&sent).unwrap();
            prop_assert_eq!(record_of(&lease(json)), record);
        }

        #[test]
        fn g12_every_field_of_client_go_is_written_and_none_is_null(record in any_record()) {
            for record in [record, Record::default()] {
                let mut sent = Lease::default();
                put_record(&mut sent, &record);
                let json = serde_json::to_value(&sent).unwrap();
                prop_assert_eq!(nulls_in(&json), 0, "{}", json);
                let spec = json["spec"].as_object().unwrap();
                prop_assert!(spec["holderIdentity"].is_string());
                prop_assert!(spec["leaseDurationSeconds"].as_i64().unwrap() >= 1);
                prop_assert!(spec["leaseTransitions"].as_i64().unwrap() >= 0);
                prop_assert!(is_micro_time(&spec["acquireTime"]), "{}", json);
                prop_assert!(is_micro_time(&spec["renewTime"]), "{}", json);
            }
        }
    }

    #[test]
    fn g12_times_have_exactly_six_fractional_digits() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1, "1970-01-01T00:00:00.000001Z"),
            (999_999, "1970-01-01T00:00:00.999999Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (1_793_862_489_000_010, "2026-11-05T07:08:09.000010Z"),
            (1_793_862_489_120_000, "2026-11-05T07:08:09.120000Z"),
            // No clock says so; no time is worse than a wrong one.
            (i64::MAX, "1970-01-01T00:00:00.000000Z"),
            (i64::MIN, "1970-01-01T00:00:00.000000Z"),
        ] {
            let time = serde_json::to_value(micro_time(Some(WallTime::from_micros(micros)))).unwrap();
            assert_eq!(time, text, "{micros}");
        }
    }

    #[test]
    fn g12_records_of_others_may_lack_anything() {
        let nobody = Record::default();
        let held = Record { holder: Some(Identity::from("pod-1")), ..Record::default() };
        for (spec, expected) in [
            (Value::Null, nobody.clone()),
            (json!({}), nobody.clone()),
            // The release of some: everything null.
            (
                json!({"holderIdentity": null, "leaseDurationSeconds": null, "acquireTime": null,
                       "renewTime": null, "leaseTransitions": null, "strategy": null, "preferredHolder": null}),
                nobody.clone(),
            ),
            // client-go's release: empty, one second.
            (
                json!({"holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 3}),
                Record { lease_duration: Some(Duration::from_secs(1)), transitions: 3, ..Record::default() },
            ),
            (json!({"holderIdentity": "pod-1"}), held.clone()),
            (json!({"holderIdentity": "pod-1", "leaseDurationSeconds": 0}), held.clone()),
            (
                json!({"holderIdentity": "pod-1", "leaseDurationSeconds": -5, "leaseTransitions": -1}),
                held.clone(),
            ),
            (json!({"holderIdentity": "pod-1", "strategy": "", "unknown": {"field": [1]}}), held.clone()),
            (
                json!({"holderIdentity": "pod-1", "strategy": "OldestEmulationVersion"}),
                Record { strategy: Some(Arc::from("OldestEmulationVersion")), ..held.clone() },
            ),
            // A zero time of Go's, one without a fraction, one with nanoseconds and an offset.
            (
                json!({"holderIdentity": "pod-1", "acquireTime": "0001-01-01T00:00:00Z"}),
                Record { acquire_time: Some(wall("0001-01-01T00:00:00Z")), ..held.clone() },
            ),
            (
                json!({"holderIdentity": "pod-1", "renewTime": "2026-11-05T07:08:09Z"}),
                Record { renew_time: Some(wall("2026-11-05T07:08:09Z")), ..held.clone() },
            ),
            (
                json!({"holderIdentity": "pod-1", "renewTime": "2026-11-05T09:08:09.123456789+02:00"}),
                Record { renew_time: Some(wall("2026-11-05T07:08:09.123456Z")), ..held },
            ),
        ] {
            assert_eq!(record_of(&with_spec(spec.clone())), expected, "{spec}");
        }
        assert_eq!(record_of(&lease(json!({}))), nobody, "no spec, no metadata");
    }

    #[test]
    fn g6_the_token_belongs_to_the_holder_named_with_it() {
        let token = |text: &str| record_of(&lease(json!({"metadata": {"annotations": {TOKEN: text}}}))).token;
        let of = |holder: &str, number| Some((Identity::from(holder), number));
        for (text, expected) in [
            ("42 pod-1_abc", of("pod-1_abc", 42)),
            ("42 a name with spaces", of("a name with spaces", 42)),
            ("18446744073709551615 x", of("x", u64::MAX)),
            ("18446744073709551616 x", None),
            ("-1 x", None),
            ("x 42", None),
            ("42", None),
            ("", None),
        ] {
            assert_eq!(token(text), expected, "{text:?}");
        }
    }

    #[test]
    fn g13_a_ledger_that_is_none_of_ours_is_kept_as_it_is() {
        for value in ["", " ", "x", "5", "-5 x", "5x y", "18446744073709551616 x", "{\"json\": true}"] {
            let ledger = ledger_of(value);
            assert_eq!((&*ledger.text, ledger.age), (value, Duration::ZERO), "{value:?}");
        }
        for (value, handed_over) in [("5 x y", false), ("5+ x y", true)] {
            let expected = Ledger { text: "x y".into(), age: Duration::from_millis(5), handed_over };
            assert_eq!(ledger_of(value), expected);
        }
    }

    #[test]
    fn g3_an_update_keeps_what_others_keep_in_the_lease() {
        let mut seen = SeenLeases::default();
        let (before, version) = seen.remember(of_others(5)).unwrap();
        assert_eq!(before.token, Some((Identity::from("old_x"), 7)));
        assert_eq!(before.step_down, Some(Identity::from("old_x")));

        assert_eq!(
            before.ledger,
            Some(Ledger { text: Arc::from("1;bytes"), age: Duration::from_millis(77), handed_over: false })
        );

        let ledger =
            Some(Ledger { text: Arc::from("1;more"), age: Duration::from_millis(78), handed_over: true });
        let record = Record { holder: Some(Identity::from("new_y")), ledger, ..Record::default() };
        let sent = seen.with_record(&version, &record).unwrap();
        let mut expected = of_others(5).metadata;
        expected.annotations.as_mut().unwrap().retain(|name, _| name != TOKEN && name != STEP_DOWN);
        expected.annotations.as_mut().unwrap().insert(LEDGER.to_owned(), "78+ 1;more".to_owned());
        expected.labels.as_mut().unwrap().insert(LABEL.to_owned(), LABELLED.to_owned());
        assert_eq!(sent.metadata, expected, "uid and resourceVersion guard it, our old annotations are gone");
        assert_eq!(sent.spec.unwrap().preferred_holder, None, "the spec is replaced");
    }

    #[test]
    fn what_we_have_written_is_labelled() {
        for labels in [json!(null), json!({}), json!({"app": "billing"}), json!({LABEL: "false"})] {
            let mut sent = lease(json!({"metadata": {"labels": labels}}));
            assert!(!is_labelled(&sent), "{labels}");
            put_record(&mut sent, &Record::default());
            assert!(is_labelled(&sent), "{labels}");
        }
    }

    #[test]
    fn no_annotations_are_left_behind_empty() {
        let mut sent = lease(json!({"metadata": {"annotations": {TOKEN: "7 x"}}}));
        put_record(&mut sent, &Record::default());
        assert_eq!(sent.metadata.annotations, None);
    }

    #[test]
    fn versions() {
        let of = |metadata: Value| version_of(&lease(json!({ "metadata": metadata })));
        assert_eq!(
            of(json!({"uid": "u", "resourceVersion": "18446744073709551615"})),
            Ok(Version { uid: Arc::from("u"), number: u64::MAX })
        );
        for (metadata, part) in [
            (json!({"resourceVersion": "1"}), "metadata.uid is missing"),
            (json!({"uid": "u"}), "metadata.resourceVersion is missing"),
            (json!({"uid": "u", "resourceVersion": "1a"}), "\"1a\", which is not a number"),
            (json!({"uid": "u", "resourceVersion": ""}), "which is not a number"),
            (json!({"uid": "u", "resourceVersion": "18446744073709551616"}), "which is not a number"),
        ] {
            let error = of(metadata).unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Unknown);
            assert!(error.message.contains(part), "{error}");
        }
    }

    #[test]
    fn the_newest_leases_are_at_hand_however_far_a_watch_lags() {
        let mut seen = SeenLeases::default();
        let version = |number| Version { uid: Arc::from("u-1"), number };
        for number in [100, 1, 2, 3, 4, 5, 6, 100, 7] {
            seen.remember(of_others(number)).unwrap();
            let newest = if number == 100 { number } else { 100 };
            for at_hand in [number, newest] {
                assert!(
                    seen.with_record(&version(at_hand), &Record::default()).is_ok(),
                    "{at_hand} after {number}"
                );
            }
            assert!(seen.0.len() <= SeenLeases::MOST);
        }
        for gone in [version(1), Version { uid: Arc::from("u-2"), number: 100 }] {
            let error = seen.with_record(&gone, &Record::default()).unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Conflict, "{gone:?}");
        }
    }
}
