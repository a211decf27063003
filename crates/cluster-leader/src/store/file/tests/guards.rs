//! Guarded writes, and what they keep.

use std::cell::Cell;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use election::{Identity, Version, WallTime};
use rustix::fs::{FlockOperation, Mode, OFlags};
use serde_json::json;

use super::{World, held_by, kind, released, run};
use crate::store::{Store, StoreErrorKind};

#[test]
fn what_is_written_is_read_back_with_its_version() {
    let world = World::new();
    let store = world.store();
    run(async {
        assert_eq!(store.read().await, Ok(None));
        let mut record = held_by("pod-1_x");
        let created = store.create(&record).await.unwrap();
        assert_eq!(store.read().await, Ok(Some((record.clone(), created.clone()))));

        record.transitions = 7;
        record.token = Some((Identity::from("pod-1_x"), 42));
        record.step_down = Some(Identity::from("pod-1_x"));
        let updated = store.update(&record, &created).await.unwrap();
        assert_eq!(store.read().await, Ok(Some((record, updated.clone()))));
        assert_eq!(updated.uid, created.uid);
        assert!(updated.number > created.number);

        let again = store.update(&released(), &updated).await.unwrap();
        assert_eq!(store.read().await, Ok(Some((released(), again))));
    });
    assert_eq!(world.names(), ["billing-jobs.json"], "nothing else is left");
}

#[test]
fn the_file_is_a_lease_as_kubernetes_would_show_it() {
    let world = World::new();
    let version = run(world.store().create(&held_by("pod-1_x"))).unwrap();
    let mut found = world.json();
    assert_eq!(found["metadata"]["uid"].take(), json!(version.uid.as_ref()));
    assert_eq!(
        found,
        json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "name": "billing-jobs",
                "uid": null,
                "resourceVersion": version.number.to_string(),
            },
            "spec": {
                "holderIdentity": "pod-1_x",
                "leaseDurationSeconds": 15,
                "acquireTime": "2023-11-14T22:13:20.000000Z",
                "renewTime": "2023-11-14T22:13:21.000000Z",
                "leaseTransitions": 0,
            },
        })
    );
    let uid: Vec<_> = version.uid.split('-').map(str::len).collect();
    assert_eq!(uid, [8, 4, 4, 4, 12], "a UUID: {}", version.uid);
}

#[test]
fn g3_a_write_has_no_effect_on_any_other_version() {
    let world = World::new();
    let (ours, theirs) = (world.store(), world.store());
    run(async {
        let no_such = Version { uid: Arc::from("none"), number: 1 };
        assert_eq!(kind(ours.update(&held_by("a"), &no_such).await), StoreErrorKind::NotFound);
        let first = ours.create(&held_by("a")).await.unwrap();
        let before = world.json();
        assert_eq!(kind(theirs.create(&held_by("b")).await), StoreErrorKind::AlreadyExists);
        for wrong in [
            Version { number: first.number - 1, ..first.clone() },
            Version { number: first.number + 1, ..first.clone() },
            Version { uid: Arc::from("another"), ..first.clone() },
        ] {
            assert_eq!(
                kind(theirs.update(&held_by("b"), &wrong).await),
                StoreErrorKind::Conflict,
                "{wrong:?}"
            );
        }
        assert_eq!(world.json(), before);

        let second = theirs.update(&held_by("b"), &first).await.unwrap();
        assert_eq!(kind(ours.update(&released(), &first).await), StoreErrorKind::Conflict);
        assert_eq!(ours.read().await.unwrap(), Some((held_by("b"), second.clone())));

        fs::remove_file(world.record_path()).unwrap();
        assert_eq!(kind(theirs.update(&held_by("b"), &second).await), StoreErrorKind::NotFound);
        let third = ours.create(&held_by("a")).await.unwrap();
        assert_ne!(third.uid, first.uid);
        assert_eq!(kind(theirs.update(&held_by("b"), &second).await), StoreErrorKind::Conflict);
    });
}

#[test]
fn what_others_keep_in_the_object_stays() {
    let world = World::new();
    let store = world.store();
    run(async {
        let version = store.create(&held_by("a")).await.unwrap();
        let mut object = world.json();
        object["status"] = json!({ "of": "a later kind" });
        object["metadata"]["labels"] = json!({ "team": "billing" });
        object["metadata"]["generationOfTheFuture"] = json!([1, { "two": 2 }]);
        object["metadata"]["annotations"] = json!({ "example.com/owner": "somebody" });
        object["spec"]["preferredHolder"] = json!("b");
        fs::write(world.record_path(), object.to_string()).unwrap();

        let written = store.update(&held_by("b"), &version).await.unwrap();
        let found = world.json();
        object["metadata"]["resourceVersion"] = json!(written.number.to_string());
        object["spec"] = found["spec"].clone();
        assert_eq!(found, object);
        assert_eq!(found["spec"]["holderIdentity"], "b");
        assert_eq!(found["spec"].get("preferredHolder"), None, "the spec is the election's alone");
    });
}

thread_local!(static CLOCK: Cell<i64> = const { Cell::new(0) });

fn hand_set_clock() -> WallTime {
    WallTime::from_micros(CLOCK.get())
}

#[test]
fn g6_versions_grow_even_where_the_wall_clock_steps_back() {
    let world = World::new();
    let (mut ours, mut theirs) = (world.store(), world.store());
    ours.wall_now = hand_set_clock;
    theirs.wall_now = hand_set_clock;
    run(async {
        CLOCK.set(5_000_000);
        let created = ours.create(&held_by("a")).await.unwrap();
        assert_eq!(created.number, 5_000_000_000, "nanoseconds");
        CLOCK.set(6_000_000);
        let later = theirs.update(&held_by("b"), &created).await.unwrap();
        assert_eq!(later.number, 6_000_000_000);
        CLOCK.set(-1);
        let back = ours.update(&held_by("a"), &later).await.unwrap();
        assert_eq!(back.number, 6_000_000_001);
        // Across deletion, as long as somebody lives who knew it.
        fs::remove_file(world.record_path()).unwrap();
        let anew = ours.create(&held_by("a")).await.unwrap();
        assert_eq!(anew.number, 6_000_000_002);
        CLOCK.set(7_000_000);
        assert_eq!(theirs.update(&held_by("b"), &anew).await.unwrap().number, 7_000_000_000);
    });
}

#[test]
fn g6_there_is_no_version_after_the_last() {
    let world = World::new();
    let store = world.store();
    run(async {
        let mut version = store.create(&held_by("a")).await.unwrap();
        let mut object = world.json();
        object["metadata"]["resourceVersion"] = json!(u64::MAX.to_string());
        fs::write(world.record_path(), object.to_string()).unwrap();
        version.number = u64::MAX;
        let problem = store.update(&held_by("b"), &version).await.unwrap_err();
        assert_eq!(problem.kind, StoreErrorKind::Refused);
        assert_eq!(world.json(), object);
    });
}

#[test]
fn g4_a_write_that_waits_for_the_lock_has_its_effect_later_or_never() {
    let world = World::new();
    let store = world.store();
    run(async {
        let version = store.create(&held_by("a")).await.unwrap();
        let before = world.json();
        let blocker =
            rustix::fs::open(world.directory.path(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
                .unwrap();
        rustix::fs::flock(&blocker, FlockOperation::LockExclusive).unwrap();

        // Given up: no effect, and nothing left behind.
        let record = held_by("b");
        let given_up = tokio::time::timeout(Duration::from_millis(50), store.update(&record, &version));
        given_up.await.expect_err("the directory is locked");
        assert_eq!(world.json(), before);
        assert_eq!(world.names(), ["billing-jobs.json"]);

        // The thread is free meanwhile, or this would never end.
        let (written, ()) = tokio::join!(store.update(&record, &version), async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            rustix::fs::flock(&blocker, FlockOperation::Unlock).unwrap();
        });
        assert_eq!(store.read().await, Ok(Some((held_by("b"), written.unwrap()))));
    });
}

#[test]
fn g8_whoever_meets_a_directory_that_stays_locked_says_so_and_does_not_wait_for_ever() {
    let world = World::new();
    let store = world.store();
    run(async {
        let version = store.create(&held_by("a")).await.unwrap();
        let blocker = fs::File::open(world.directory.path()).unwrap();
        rustix::fs::flock(&blocker, FlockOperation::LockExclusive).unwrap();
        for result in [
            store.stand_as(&Identity::from("a")).await,
            store.create(&held_by("a")).await.map(drop),
            store.update(&held_by("a"), &version).await.map(drop),
        ] {
            let problem = result.unwrap_err();
            assert_eq!(problem.kind, StoreErrorKind::Refused);
            assert!(problem.message.starts_with(&world.directory.path().display().to_string()), "{problem}");
            assert!(problem.message.contains("is locked by another process"), "{problem}");
        }
        drop(blocker);
        store.update(&held_by("a"), &version).await.unwrap();
        assert_eq!(world.names(), ["billing-jobs.json"], "and nothing is left of the tries");
    });
}

#[test]
fn g4_a_directory_that_is_replaced_while_a_write_waits_is_not_written_to() {
    let world = World::new();
    let place = super::FilePlace::new(&world.path("state"), super::ELECTION).unwrap();
    let store = place.open();
    run(async {
        let version = store.create(&held_by("a")).await.unwrap();
        let blocker =
            rustix::fs::open(world.path("state"), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        rustix::fs::flock(&blocker, FlockOperation::LockExclusive).unwrap();
        let record = held_by("b");
        let (written, ()) = tokio::join!(store.update(&record, &version), async {
            fs::rename(world.path("state"), world.path("old")).unwrap();
            fs::create_dir(world.path("state")).unwrap();
            rustix::fs::flock(&blocker, FlockOperation::Unlock).unwrap();
        });
        assert_eq!(kind(written), StoreErrorKind::Refused);
        let old = fs::read_to_string(world.path("old").join("billing-jobs.json")).unwrap();
        assert!(old.contains("\"holderIdentity\": \"a\""), "{old}");
        assert_eq!(store.read().await, Ok(None));
    });
}

#[test]
fn g8_a_removed_directory_is_a_removed_record_and_is_made_anew_by_the_next_create() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::new();
    let place = super::FilePlace::new(&world.path("deep/state"), super::ELECTION).unwrap();
    let store = place.open();
    run(async {
        store.stand_as(&Identity::from("a")).await.unwrap();
        let version = store.create(&held_by("a")).await.unwrap();
        fs::remove_dir_all(world.path("deep")).unwrap();
        assert_eq!(store.read().await, Ok(None));
        assert_eq!(kind(store.update(&held_by("a"), &version).await), StoreErrorKind::NotFound);
        assert!(!world.path("deep").exists());

        let anew = store.create(&held_by("a")).await.unwrap();
        assert!(anew.number > version.number && anew.uid != version.uid);
        let mode = fs::metadata(world.path("deep/state")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(world.path("deep/state/billing-jobs.a.holder").exists(), "our life can be seen again");
        let object = fs::read_to_string(world.path("deep/state/billing-jobs.json")).unwrap();
        assert!(object.contains("holder-lock"), "{object}");
    });
}
