//! Files that are no records.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode};
use serde_json::{Value, json};

use super::{World, held_by, kind, run};
use crate::store::{Store, StoreErrorKind};

type Edit = fn(&mut Value);

/// Whatever is there: every method refuses, says where and what to do, and changes nothing.
fn assert_untouched(what: &str, damage: impl FnOnce(&World, Value)) {
    let world = World::new();
    let store = world.store();
    run(async {
        let version = store.create(&held_by("a")).await.unwrap();
        let object = world.json();
        fs::remove_file(world.record_path()).unwrap();
        damage(&world, object);
        let before = state_of(&world.record_path());

        let problem = store.read().await.unwrap_err();
        assert_eq!(problem.kind, StoreErrorKind::Refused, "{what}: {problem}");
        let path = world.record_path().display().to_string();
        assert!(problem.message.starts_with(&path), "{what}: {problem}");
        assert!(problem.message.contains("remove it"), "{what}: {problem}");

        assert_eq!(kind(store.create(&held_by("b")).await), StoreErrorKind::Refused, "{what}");
        assert_eq!(kind(store.update(&held_by("b"), &version).await), StoreErrorKind::Refused, "{what}");
        store.watch().await.expect("the directory can be watched");
        assert_eq!(
            kind(store.watch().await),
            StoreErrorKind::WatchExpired,
            "{what}: poll until it can be read"
        );
        assert!(!store.is_proven_dead(&election::Identity::from("a")));
        assert_eq!(state_of(&world.record_path()), before, "{what}");
    });
}

fn state_of(path: &Path) -> (FileType, Option<Vec<u8>>) {
    let stat = rustix::fs::lstat(path).unwrap();
    let kind = FileType::from_raw_mode(stat.st_mode);
    (kind, (kind == FileType::RegularFile).then(|| fs::read(path).unwrap()))
}

#[test]
fn g3_a_damaged_record_is_never_overwritten() {
    for (what, content) in [
        ("empty", b"".as_slice()),
        ("blank", b" \n\n"),
        ("zeroes", &[0; 512]),
        ("text", b"leader = pod-1"),
        ("not UTF-8", b"{\"a\": \"\xFF\"}"),
        ("an array", b"[]"),
        ("an empty object", b"{}"),
        ("another kind", br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}"#),
        ("a kind only", br#"{"kind":"Lease","metadata":{"uid":"u","resourceVersion":"1"}}"#),
        ("two objects", b"{}{}"),
    ] {
        assert_untouched(what, |world, _| fs::write(world.record_path(), content).unwrap());
    }
    assert_untouched("cut off", |world, object| {
        let text = object.to_string();
        fs::write(world.record_path(), &text[..text.len() / 2]).unwrap();
    });
}

#[test]
fn g3_what_is_too_long_for_a_record_is_left_alone_and_called_so() {
    assert_untouched("3 MiB of nothing", |world, _| {
        fs::File::create(world.record_path()).unwrap().set_len(3 << 20).unwrap();
    });
    let world = World::new();
    fs::File::create(world.record_path()).unwrap().set_len(3 << 20).unwrap();
    let problem = run(world.store().read()).unwrap_err();
    assert!(
        problem.message.contains("is 3145728 bytes long, and no record is longer than 2097152"),
        "{problem}"
    );
}

#[test]
fn g3_an_object_without_what_guards_it_is_never_overwritten() {
    let edits: [(&str, Edit); 7] = [
        ("a later version", |object| object["apiVersion"] = json!("coordination.k8s.io/v2")),
        ("no metadata", |object| object["metadata"] = json!(null)),
        ("no uid", |object| object["metadata"]["uid"] = json!(null)),
        ("no version", |object| object["metadata"]["resourceVersion"] = json!(null)),
        ("a version in words", |object| object["metadata"]["resourceVersion"] = json!("one")),
        ("a holder that is no text", |object| object["spec"]["holderIdentity"] = json!(1)),
        ("a time that is none", |object| object["spec"]["renewTime"] = json!("yesterday")),
    ];
    for (what, edit) in edits {
        assert_untouched(what, |world, mut object| {
            edit(&mut object);
            fs::write(world.record_path(), object.to_string()).unwrap();
        });
    }
}

#[test]
fn g3_what_is_no_file_is_left_alone_and_blocks_nobody() {
    assert_untouched("a directory", |world, _| fs::create_dir(world.record_path()).unwrap());
    assert_untouched("a pipe", |world, _| {
        rustix::fs::mknodat(CWD, world.record_path(), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    });
    assert_untouched("a link", |world, object| {
        fs::write(world.path("elsewhere"), object.to_string()).unwrap();
        symlink(world.path("elsewhere"), world.record_path()).unwrap();
    });
}

#[test]
fn others_may_have_left_out_any_field_of_the_spec() {
    let world = World::new();
    let store = world.store();
    run(async {
        store.create(&held_by("a")).await.unwrap();
        let mut object = world.json();
        object["spec"] = json!(null);
        fs::write(world.record_path(), object.to_string()).unwrap();
        let (record, version) = store.read().await.unwrap().unwrap();
        assert_eq!(record, election::Record::default());
        store.update(&held_by("b"), &version).await.unwrap();
    });
}
