//! The Lease as others left it, and what they do to it while it is held.

use std::time::Duration;

use cluster_leader::Timing;
use cluster_leader_tests_kubernetes::{Candidate, Lease, Moment, Turn, eventually, measured, noted};
use serde_json::{Value, json};

use crate::{MINIMAL, SERVER, elector, follower};

/// What our own candidate would wait where the record does not say how long.
const OUR_LEASE: Duration = Duration::from_secs(3);

/// A Lease that somebody left behind.
struct Left {
    name: &'static str,
    spec: Value,
    /// What must be waited for from our first sight of it; `None`: nothing.
    wait: Option<Duration>,
    /// `leaseTransitions` once it is ours.
    transitions: i64,
}

fn left_behind() -> Vec<Left> {
    let left = |name, spec, wait: Option<u64>, transitions| Left {
        name,
        spec,
        wait: wait.map(Duration::from_secs),
        transitions,
    };
    let long_ago = "2020-01-01T00:00:00.000000Z";
    let some_day = "2090-01-01T00:00:00.000000Z";
    vec![
        left("no-spec", Value::Null, None, 1),
        left(
            "nulls",
            json!({
                "holderIdentity": null, "leaseDurationSeconds": null, "acquireTime": null,
                "renewTime": null, "leaseTransitions": null,
            }),
            None,
            1,
        ),
        left(
            "released",
            json!({
                "holderIdentity": "", "leaseDurationSeconds": 1, "acquireTime": long_ago,
                "renewTime": some_day, "leaseTransitions": 41,
            }),
            None,
            42,
        ),
        left("holder-alone", json!({ "holderIdentity": "somebody" }), Some(OUR_LEASE.as_secs()), 1),
        left(
            "expired-by-the-wall-clock",
            json!({
                "holderIdentity": "somebody", "leaseDurationSeconds": 2, "renewTime": long_ago,
            }),
            Some(2),
            1,
        ),
        left(
            "renewed-in-the-future",
            json!({
                "holderIdentity": "somebody", "leaseDurationSeconds": 2, "acquireTime": some_day,
                "renewTime": some_day, "leaseTransitions": 7,
            }),
            Some(2),
            8,
        ),
    ]
}

/// Whatever shape a Lease has, it is taken exactly when its own duration has passed, and becomes
/// one that client-go could have written. What others keep in its metadata stays.
#[test]
fn g5_g12_leases_of_any_shape_are_taken_in_their_time() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("shapes");
    let account = namespace.account("jobs");
    let metadata = json!({
        "labels": { "app": "billing" },
        "annotations": { "example.com/owner": "team a" },
        "finalizers": ["example.com/keep"],
    });
    let candidates = left_behind().into_iter().map(|left| {
        account.allow(&MINIMAL, left.name);
        namespace.lease(left.name).create(json!({ "metadata": metadata, "spec": left.spec }));
        // Who need not wait must lead even if waiting would take for ever.
        let timing = if left.wait.is_some() { Candidate::quick() } else { Candidate::slow() };
        let begin = Moment::now();
        (Candidate::start(&account, left.name, left.name, timing), begin, left)
    });
    for (candidate, begin, left) in candidates.collect::<Vec<_>>() {
        let name = left.name;
        candidate.await_term_after(0);
        let waited = candidate.reigns()[0].from.since(begin);
        assert!(waited > left.wait.unwrap_or_default(), "{name} was taken after {waited:?}");
        let lease = namespace.lease(name);
        let timing = if left.wait.is_some() { Candidate::quick() } else { Candidate::slow() };
        assert_of_client_go(&lease.get(), Some(&candidate), timing);
        assert_eq!(lease.get()["spec"]["leaseTransitions"], left.transitions, "{name}");

        candidate.stop();
        let released = lease.get();
        assert_of_client_go(&released, None, timing);
        assert_eq!(released["spec"]["leaseTransitions"], left.transitions, "{name}");
        for (key, value) in metadata.as_object().unwrap() {
            assert_contains(&released["metadata"][key], value);
        }
    }
}

/// Follows a client-go that lives, and takes over once it has died.
#[test]
fn g2_g12_a_live_holder_of_another_make_is_followed() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("client-go");
    let account = elector(&namespace, "jobs", "jobs");
    let lease = namespace.lease("jobs");
    let renew = |second: u32| {
        json!({ "spec": {
            "holderIdentity": "worker-1_0f8c9b6e-6a4e-4c8e-9d0e-2f1f6a7c5b3d", "leaseDurationSeconds": 2,
            "acquireTime": "2026-01-01T00:00:00.000000Z",
            "renewTime": format!("2026-01-01T00:00:{second:02}.000000Z"), "leaseTransitions": 3,
        }})
    };
    lease.create(renew(0));
    let candidate = Candidate::start(&account, "ours", "jobs", Candidate::quick());
    candidate.process().await_text("held by worker-1");
    let mut last = Moment::now();
    for second in 1..=10 {
        std::thread::sleep(Duration::from_millis(500));
        last = Moment::now();
        lease.merge(&renew(second));
    }
    assert_eq!(candidate.terms(), []);
    let term = candidate.await_term_after(0);
    let waited = candidate.reigns()[0].from.since(last);
    assert!(waited > Duration::from_secs(2), "it was taken after {waited:?}");
    measured("from the death of a client-go with a lease of 2 s to the next", format_args!("{waited:?}"));
    assert_eq!(term.term, 4);
}

/// A Lease that the API server's coordinated election governs is not ours to take.
#[test]
fn g12_a_lease_with_a_strategy_is_followed_only() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("coordinated");
    let account = elector(&namespace, "jobs", "jobs");
    let lease = namespace.lease("jobs");
    lease.create(json!({ "spec": { "strategy": "OldestEmulationVersion" } }));
    if lease.get()["spec"]["strategy"].is_null() {
        // The field is behind the feature gate CoordinatedLeaderElection.
        noted("this server drops spec.strategy: such a Lease cannot be made");
        return;
    }
    let candidate = Candidate::start(&account, "ours", "jobs", Candidate::quick());
    eventually("it reads the Lease", || (server.audit().of_user(&account.user()).len() > 1).then_some(()));
    std::thread::sleep(2 * OUR_LEASE);
    assert_eq!(candidate.terms(), []);
}

/// Whoever interferes with a Lease by hand is obeyed at once, without two leaders, and somebody leads
/// again, in a term with a larger token.
#[test]
fn g2_g3_g6_g8_hands_on_a_held_lease() {
    type Interference = fn(&Lease<'_>);
    let cases: [(&str, Interference, &str); 3] = [
        ("deleted", |lease| lease.delete(), "Deleted"),
        ("blanked", |lease| drop(lease.merge(&json!({ "spec": { "holderIdentity": "" } }))), "Blanked"),
        (
            "given-away",
            |lease| drop(lease.merge(&json!({ "spec": { "holderIdentity": "somebody" } }))),
            "Superseded",
        ),
    ];
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("hands");
    // Renewals are so far apart that they cannot be how it is noticed.
    let timing =
        Timing::new(Duration::from_secs(40), Duration::from_secs(30), Duration::from_secs(1)).unwrap();
    for (name, interfere, reason) in cases {
        let account = elector(&namespace, name, name);
        let lease = namespace.lease(name);
        let leader = Candidate::start(&account, &format!("{name}-leader"), name, timing);
        let first = leader.await_term_after(0);
        eventually("the leader watches", || {
            server
                .audit()
                .of_user(&account.user())
                .iter()
                .any(|request| request.verb == "watch")
                .then_some(())
        });
        let interfered = Moment::now();
        interfere(&lease);
        assert_eq!(leader.await_loss(first.token), reason, "{name}");
        let noticed = Moment::now().since(interfered);
        measured(&format!("a leader whose Lease is {name} gives up after"), format_args!("{noticed:?}"));
        assert!(noticed < timing.renew_interval() / 2, "{name}: {noticed:?}");
        if reason == "Superseded" {
            leader.process().await_text("held by somebody");
            assert_eq!(leader.terms(), [first], "it gave no time to the new holder");
            assert_eq!(lease.get()["spec"]["holderIdentity"], "somebody");
            continue;
        }
        let second = leader.await_term_after(first.token);
        let version = lease.version();
        assert_eq!(second.token, version, "{name}: the token is the acquiring write's version");
        assert_eq!(lease.get()["spec"]["leaseTransitions"], second.term, "{name}");
    }
}

/// A follower does not take advantage of a deletion: it waits as if the Lease were still there.
#[test]
fn g5_g6_a_deleted_leases_holder_is_waited_for() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("deleted");
    let account = elector(&namespace, "jobs", "jobs");
    let lease = namespace.lease("jobs");
    let leader = Candidate::start(&account, "leader", "jobs", Candidate::quick());
    let first = leader.await_term_after(0);
    let follower = follower(&account, "follower", &leader, Candidate::quick());
    // A leader that cannot notice.
    leader.process().signal(rustix::process::Signal::STOP);
    let deleted = Moment::now();
    lease.delete();
    let second = follower.await_term_after(first.token);
    let waited = follower.reigns()[0].from.since(deleted);
    assert!(waited > OUR_LEASE, "it took a deleted Lease after {waited:?}");
    leader.process().signal(rustix::process::Signal::CONT);
    leader.process().await_text("held by follower");
    assert_eq!(leader.terms(), [first]);
    assert_eq!(follower.current_term(), Some(second));
}

/// `kubectl label`, `annotate` and `edit` of a held Lease cost no leadership and are not undone.
#[test]
fn g3_g8_edits_of_metadata_cost_no_leadership() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("edits");
    let account = elector(&namespace, "jobs", "jobs");
    let lease = namespace.lease("jobs");
    let leader = Candidate::start(&account, "leader", "jobs", Candidate::quick());
    let term = leader.await_term_after(0);
    let renew_time = lease.get()["spec"]["renewTime"].clone();
    // Over several renewals, at all moments between them.
    for edit in 0..100 {
        std::thread::sleep(Duration::from_millis(37));
        lease.merge(&json!({ "metadata": {
            "labels": { "edit": edit.to_string() }, "annotations": { format!("example.com/{edit}"): "was here" },
        }}));
    }
    let edited = lease.get()["spec"]["renewTime"].clone();
    assert_ne!(edited, renew_time, "it was renewed meanwhile");
    let after = eventually("another renewal", || {
        let now = lease.get();
        (now["spec"]["renewTime"] != edited).then_some(now)
    });
    assert_eq!(after["metadata"]["labels"]["edit"], "99");
    for edit in 0..100 {
        assert_eq!(after["metadata"]["annotations"][format!("example.com/{edit}")], "was here");
    }
    assert_eq!(leader.terms(), [term]);
    assert_eq!(leader.reigns().len(), 1, "it never said no: {:?}", leader.reigns());
    let conflicts =
        server.audit().of_user(&account.user()).iter().filter(|request| request.status == 409).count();
    measured("renewals that met an edit", conflicts);
}

/// Checks that client-go could have written this, as `holder` or to release it.
fn assert_of_client_go(lease: &Value, holder: Option<&Candidate>, timing: Timing) {
    let spec = &lease["spec"];
    let text = |field: &str| spec[field].as_str().unwrap_or_else(|| panic!("{field}: {lease}"));
    match holder {
        Some(candidate) => {
            let prefix = format!("{}_", candidate.process().name());
            assert!(text("holderIdentity").starts_with(&prefix), "{lease}");
            assert!(text("holderIdentity").len() >= prefix.len() + 8, "{lease}");
            assert_eq!(spec["leaseDurationSeconds"], timing.lease_duration().as_secs(), "{lease}");
        }
        None => {
            assert_eq!(spec["holderIdentity"], "", "{lease}");
            assert_eq!(spec["leaseDurationSeconds"], 1, "{lease}");
        }
    }
    for field in ["acquireTime", "renewTime"] {
        let (seconds, fraction) = text(field).split_once('.').unwrap_or_else(|| panic!("{field}: {lease}"));
        assert_eq!(
            (seconds.len(), fraction.len()),
            ("2026-01-01T00:00:00".len(), "000000Z".len()),
            "{lease}"
        );
    }
    assert!(spec["leaseTransitions"].is_i64(), "{lease}");
}

/// Checks that every entry of `expected` is in `found`.
fn assert_contains(found: &Value, expected: &Value) {
    match expected {
        Value::Object(expected) => {
            for (key, value) in expected {
                assert_eq!(found[key], *value, "{key}: {found}");
            }
        }
        expected => assert_eq!(found, expected),
    }
}
