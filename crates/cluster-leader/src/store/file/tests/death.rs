//! What proves that a holder is dead, and what does not.

use std::fs;
use std::time::Duration;

use election::{Identity, Record};
use serde_json::json;

use super::child::{Actor, Grandchild, Part};
use super::{LONG, Unwritable, World, held_by, released, run};
use crate::store::Store;
use crate::store::file::FileStore;
use crate::store::file::directory::{file_there, open_to_look};
use crate::store::file::holder::shows_death;

const HOLDER_LOCK: &str = "cluster-leader.io/holder-lock";
const OTHER: &str = "other-process";
const OTHERS_FILE: &str = "billing-jobs.other-process.holder";

type Edit = fn(&mut serde_json::Value);

fn other() -> Identity {
    Identity::from(OTHER)
}

/// A store of ours, and another process that leads.
fn led_by_another(part: Part) -> (World, FileStore, Actor, String) {
    let world = World::new();
    let store = world.store();
    let mut actor = Actor::start(&world, part);
    let report = actor.report().unwrap();
    (world, store, actor, report)
}

async fn lead(store: &FileStore, identity: &str) {
    store.stand_as(&Identity::from(identity)).await.unwrap();
    match store.read().await.unwrap() {
        None => store.create(&held_by(identity)).await.unwrap(),
        Some((_, version)) => store.update(&held_by(identity), &version).await.unwrap(),
    };
}

#[test]
fn g5_a_living_holder_is_never_proven_dead_and_a_killed_one_is() {
    let (_world, store, mut leader, _) = led_by_another(Part::Lead);
    run(async {
        tokio::time::timeout(store.probe_interval * 3, store.proof_of_death(&other()))
            .await
            .expect_err("it lives");
        assert!(!store.is_proven_dead(&other()));
        assert!(!store.is_proven_dead(&Identity::from("nobody")));
        leader.kill();
        store.proof_of_death(&other()).await;
    });
}

#[test]
fn g8_the_kernels_event_brings_the_proof_without_waiting_for_a_probe() {
    let (_world, mut store, mut leader, _) = led_by_another(Part::Lead);
    store.probe_interval = LONG * 60;
    run(async {
        store.watch().await.expect("opened");
        store.watch().await.expect("the record");
        let (holder, killed) = (other(), async { leader.kill() });
        let watch = async {
            loop {
                store.watch().await.unwrap();
            }
        };
        tokio::select! {
            biased;
            () = async { tokio::join!(store.proof_of_death(&holder), killed); } => {}
            () = watch => {}
        }
    });
}

#[test]
fn g5_a_stopped_holder_is_not_dead() {
    let (_world, store, leader, _) = led_by_another(Part::Lead);
    leader.signal(rustix::process::Signal::STOP);
    assert!(!store.is_proven_dead(&other()));
    leader.signal(rustix::process::Signal::CONT);
    assert!(!store.is_proven_dead(&other()));
}

#[test]
fn g5_no_file_is_no_proof() {
    let (world, store, mut leader, _) = led_by_another(Part::Lead);
    fs::rename(world.path(OTHERS_FILE), world.path("elsewhere")).unwrap();
    assert!(!store.is_proven_dead(&other()));
    leader.kill();
    assert!(!store.is_proven_dead(&other()));
    assert!(!world.path(OTHERS_FILE).exists(), "and looking makes none");
    fs::rename(world.path("elsewhere"), world.path(OTHERS_FILE)).unwrap();
    assert!(store.is_proven_dead(&other()), "the same file again");
}

#[test]
fn g5_another_file_of_the_same_name_is_no_proof() {
    let (world, store, mut leader, _) = led_by_another(Part::Lead);
    fs::rename(world.path(OTHERS_FILE), world.path("elsewhere")).unwrap();
    fs::write(world.path(OTHERS_FILE), "").unwrap();
    assert!(!store.is_proven_dead(&other()));
    leader.kill();
    assert!(!store.is_proven_dead(&other()));
}

#[test]
fn g5_only_the_file_that_the_holders_own_record_names_is_proof() {
    let (world, store, mut leader, _) = led_by_another(Part::Lead);
    leader.kill();
    assert!(store.is_proven_dead(&other()));
    fs::hard_link(world.path(OTHERS_FILE), world.path("billing-jobs.somebody.holder")).unwrap();
    let good = world.json();
    let edits: [(&str, Edit); 4] = [
        ("no word of it", |object| object["metadata"]["annotations"] = json!({})),
        ("another holder", |object| object["spec"]["holderIdentity"] = json!("somebody")),
        ("no holder", |object| object["spec"]["holderIdentity"] = json!("")),
        ("nonsense", |object| object["metadata"]["annotations"][HOLDER_LOCK] = json!("1:x other-process")),
    ];
    for (what, edit) in edits {
        let mut object = good.clone();
        edit(&mut object);
        fs::write(world.record_path(), object.to_string()).unwrap();
        assert!(!store.is_proven_dead(&other()), "{what}");
        assert!(!store.is_proven_dead(&Identity::from("somebody")), "{what}");
    }
    fs::write(world.record_path(), good.to_string()).unwrap();
    assert!(store.is_proven_dead(&other()));
}

#[test]
fn g5_programs_that_the_holder_started_do_not_delay_the_proof() {
    let (_world, store, mut leader, report) = led_by_another(Part::LeadAndStart);
    let started = Grandchild::of(&report);
    leader.kill();
    run(store.proof_of_death(&other()));
    assert!(started.is_running());
}

#[test]
fn g5_a_child_that_keeps_the_holders_file_open_only_delays_the_proof() {
    let (_world, store, mut leader, report) = led_by_another(Part::LeadAndBequeath);
    let heir = Grandchild::of(&report);
    leader.kill();
    assert!(!store.is_proven_dead(&other()));
    drop(heir);
    run(store.proof_of_death(&other()));
}

#[test]
fn g5_ceasing_to_stand_is_no_death() {
    let world = World::new();
    let (leader, store) = (world.store(), world.store());
    run(async {
        lead(&leader, "a").await;
        assert_eq!(world.names(), ["billing-jobs.a.holder", "billing-jobs.json"]);
        leader.stand_as(&Identity::from("b")).await.unwrap();
        assert!(!store.is_proven_dead(&Identity::from("a")));
        assert_eq!(world.names(), ["billing-jobs.b.holder", "billing-jobs.json"]);

        lead(&leader, "b").await;
        drop(leader);
        assert!(!store.is_proven_dead(&Identity::from("b")));
        assert_eq!(world.names(), ["billing-jobs.json"]);
    });
}

#[test]
fn g5_a_file_opened_before_its_holder_ceased_to_stand_is_no_proof() {
    let world = World::new();
    let leader = world.store();
    run(lead(&leader, "a"));
    let path = world.path("billing-jobs.a.holder");
    let opened = open_to_look(&path).unwrap();
    let id = file_there(&path).unwrap();
    assert!(!shows_death(&opened, &path, id), "locked");
    drop(leader);
    assert!(!shows_death(&opened, &path, id), "unlocked, but removed before");
}

#[test]
fn g5_a_file_that_cannot_be_removed_stays_locked() {
    let world = World::new();
    let (leader, store) = (world.store(), world.store());
    run(lead(&leader, "a"));
    let Some(unwritable) = Unwritable::make(world.directory.path()) else { return };
    drop(leader);
    drop(unwritable);
    assert!(world.path("billing-jobs.a.holder").exists());
    assert!(!store.is_proven_dead(&Identity::from("a")), "ceasing to stand is no death");
}

#[test]
fn g5_nobody_can_stand_twice_with_one_identity() {
    let (_world, store, mut leader, _) = led_by_another(Part::Lead);
    run(async {
        let problem = store.stand_as(&other()).await.unwrap_err();
        assert!(problem.message.contains("stands in this election as other-process"), "{problem}");
        leader.kill();
        store.stand_as(&other()).await.unwrap();
        store.stand_as(&other()).await.expect("again");
        assert!(!store.is_proven_dead(&other()), "it is we who stand now");
    });
}

#[test]
fn the_record_names_the_lock_of_its_holder_and_of_nobody_else() {
    let world = World::new();
    let (ours, theirs) = (world.store(), world.store());
    run(async {
        lead(&ours, "a").await;
        let named = world.annotation(HOLDER_LOCK).unwrap();
        assert!(named.ends_with(" a"), "{named}");

        // Somebody asks the holder to step down: still its lock.
        let (record, version) = theirs.read().await.unwrap().unwrap();
        let asked = Record { step_down: Some(Identity::from("a")), ..record };
        let version = theirs.update(&asked, &version).await.unwrap();
        assert_eq!(world.annotation(HOLDER_LOCK), Some(named.clone()));
        assert!(!theirs.is_proven_dead(&Identity::from("a")));

        // Taken over by one who has no lock.
        let version = theirs.update(&held_by("b"), &version).await.unwrap();
        assert_eq!(world.json()["metadata"].get("annotations"), None);
        let version = ours.update(&held_by("a"), &version).await.unwrap();
        assert_eq!(world.annotation(HOLDER_LOCK), Some(named.clone()));

        // Released; taken by one who has no lock; taken by one who has.
        let version = ours.update(&released(), &version).await.unwrap();
        assert_eq!(world.json()["metadata"].get("annotations"), None);
        let version = theirs.update(&held_by("b"), &version).await.unwrap();
        assert_eq!(world.json()["metadata"].get("annotations"), None);
        ours.update(&held_by("a"), &version).await.unwrap();
        assert_eq!(world.annotation(HOLDER_LOCK), Some(named.clone()));

        // The file was removed behind our back: another takes its place with the next renewal.
        fs::remove_file(world.path("billing-jobs.a.holder")).unwrap();
        lead(&ours, "a").await;
        fs::remove_file(world.path("billing-jobs.a.holder")).unwrap();
        let (record, version) = ours.read().await.unwrap().unwrap();
        ours.update(&record, &version).await.unwrap();
        assert_ne!(world.annotation(HOLDER_LOCK), Some(named));
        assert!(world.path("billing-jobs.a.holder").exists());
        assert!(!theirs.is_proven_dead(&Identity::from("a")));
    });
}

#[test]
fn any_identity_makes_a_name_in_the_directory() {
    let world = World::new();
    let store = world.store();
    let long = "x".repeat(300);
    for identity in
        ["../../escape_1", "a/b_2", ".._3", "Ünïcode and spaces_4", "%41_5", "tab\t_6", long.as_str(), "."]
    {
        run(lead(&store, identity));
        let names = world.names();
        assert!(names.len() == 2 && world.record_path().exists(), "{identity}: {names:?}");
        let name = |name: &str| Some(name.strip_prefix("billing-jobs.")?.strip_suffix(".holder")?.to_owned());
        let escaped = names.iter().find_map(|found| name(found)).unwrap();
        assert!(
            escaped.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_%".contains(&byte)),
            "{identity}: {escaped}"
        );
        assert!(!world.store().is_proven_dead(&Identity::from(identity)));
    }
}

#[test]
fn g8_a_holder_that_dies_while_nobody_watches_is_found_by_probing() {
    let (_world, mut store, mut leader, _) = led_by_another(Part::Lead);
    store.probe_interval = Duration::from_millis(5);
    run(async {
        let (holder, killed) = (other(), async { leader.kill() });
        tokio::join!(store.proof_of_death(&holder), killed);
    });
}
