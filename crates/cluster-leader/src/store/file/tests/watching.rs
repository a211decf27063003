//! The watch.

use std::fs;
use std::time::Duration;

use election::{Record, Seen, Version, WallTime};

use super::{FilePlace, FileStore, World, held_by, kind, released, run};
use crate::store::{Store, StoreErrorKind, Watched};

async fn present(store: &FileStore) -> (Record, Version) {
    match store.watch().await.unwrap() {
        Watched::Seen(Seen::Present(record, version)) => (record, version),
        other => panic!("{other:?}"),
    }
}

async fn deleted(store: &FileStore) -> Version {
    match store.watch().await.unwrap() {
        Watched::Seen(Seen::Deleted(version)) => version,
        other => panic!("{other:?}"),
    }
}

/// Long enough for an event, if there were one.
async fn silent(store: &FileStore) {
    let watched = tokio::time::timeout(Duration::from_millis(50), store.watch()).await;
    assert!(watched.is_err(), "{watched:?}");
}

#[test]
fn a_watch_shows_what_is_there_every_change_and_every_deletion() {
    let world = World::new();
    let (mut ours, theirs) = (world.store(), world.store());
    ours.wall_now = || WallTime::from_micros(0); // no help from the clock in numbering
    run(async {
        assert_eq!(ours.watch().await, Ok(Watched::Opened));
        silent(&ours).await;

        let first = theirs.create(&held_by("a")).await.unwrap();
        assert_eq!(present(&ours).await, (held_by("a"), first.clone()));
        let second = theirs.update(&released(), &first).await.unwrap();
        assert_eq!(present(&ours).await, (released(), second.clone()));
        silent(&ours).await;

        fs::remove_file(world.record_path()).unwrap();
        let deletion = deleted(&ours).await;
        assert!(deletion.number > second.number);
        assert_eq!(deletion.uid, second.uid);
        silent(&ours).await;

        let third = ours.create(&held_by("b")).await.unwrap();
        assert!(third.number > deletion.number, "or the election would take it for old news");
        assert_eq!(present(&ours).await, (held_by("b"), third.clone()));

        // Another directory's file of this name moves in; then it moves out.
        let mut object = world.json();
        object["metadata"]["resourceVersion"] = serde_json::json!((third.number + 5).to_string());
        fs::write(world.path("draft"), object.to_string()).unwrap();
        fs::rename(world.path("draft"), world.record_path()).unwrap();
        assert_eq!(present(&ours).await.1.number, third.number + 5);
        fs::rename(world.record_path(), world.path("draft")).unwrap();
        assert!(deleted(&ours).await.number > third.number + 5);
    });
}

/// Its creator leads by it, and learns of its end by the watch alone.
#[test]
fn a_record_of_our_own_that_was_gone_before_the_watch_could_show_it_is_shown_as_deleted() {
    let world = World::new();
    let ours = world.store();
    run(async {
        assert_eq!(ours.watch().await, Ok(Watched::Opened));
        silent(&ours).await; // It has shown that there is none.
        for _ in 0..2 {
            let created = ours.create(&held_by("a")).await.unwrap();
            fs::remove_file(world.record_path()).unwrap();
            assert!(deleted(&ours).await.number > created.number);
            silent(&ours).await;
        }
    });
}

#[test]
fn a_watch_shows_what_happened_before_it_was_opened_and_between_two() {
    let world = World::new();
    let (ours, theirs) = (world.store(), world.store());
    run(async {
        let first = theirs.create(&held_by("a")).await.unwrap();
        assert_eq!(ours.watch().await, Ok(Watched::Opened));
        assert_eq!(present(&ours).await.1, first);

        ours.close_watch();
        let second = theirs.update(&held_by("b"), &first).await.unwrap();
        assert_eq!(ours.watch().await, Ok(Watched::Opened));
        assert_eq!(present(&ours).await.1, second);

        ours.close_watch();
        fs::remove_file(world.record_path()).unwrap();
        assert_eq!(ours.watch().await, Ok(Watched::Opened));
        assert!(deleted(&ours).await.number > second.number);
    });
}

#[test]
fn a_change_is_not_lost_with_a_dropped_future() {
    let world = World::new();
    let (ours, theirs) = (world.store(), world.store());
    run(async {
        ours.watch().await.unwrap();
        let mut version = theirs.create(&held_by("a")).await.unwrap();
        assert_eq!(present(&ours).await.1, version);
        for _ in 0..50 {
            // Dropped while it waits, and again at whatever point it has come to.
            drop(tokio::time::timeout(Duration::ZERO, ours.watch()).await);
            version = theirs.update(&held_by("a"), &version).await.unwrap();
            let seen = loop {
                tokio::select! {
                    biased;
                    seen = present(&ours) => break seen,
                    () = tokio::task::yield_now() => {}
                }
            };
            assert_eq!(seen.1, version);
        }
    });
}

#[test]
fn g10_looking_at_records_and_locks_wakes_nobody() {
    let world = World::new();
    let place = world.place();
    let (ours, theirs) = (place.open(), place.open());
    run(async {
        theirs.stand_as(&election::Identity::from("a")).await.unwrap();
        theirs.create(&held_by("a")).await.unwrap();
        ours.watch().await.unwrap();
        present(&ours).await;
        let watch = ours.watch.borrow().clone().unwrap();
        let looking = async {
            for _ in 0..10 {
                theirs.read().await.unwrap();
                assert!(!ours.is_proven_dead(&election::Identity::from("a")));
                assert_eq!(kind(ours.create(&held_by("b")).await), StoreErrorKind::AlreadyExists);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        tokio::select! {
            noticed = watch.next(&place) => panic!("{noticed:?}"),
            () = looking => {}
        }
    });
}

#[test]
fn a_directory_that_goes_away_breaks_the_watch_until_it_is_back() {
    for moved in [false, true] {
        let world = World::new();
        let place = FilePlace::new(&world.path("state"), super::ELECTION).unwrap();
        let (ours, theirs) = (place.open(), place.open());
        run(async {
            ours.watch().await.unwrap();
            let version = theirs.create(&held_by("a")).await.unwrap();
            present(&ours).await;
            if moved {
                fs::rename(world.path("state"), world.path("old")).unwrap();
            } else {
                fs::remove_dir_all(world.path("state")).unwrap();
            }
            let broken = loop {
                match ours.watch().await {
                    Ok(Watched::Seen(Seen::Deleted(deletion))) => assert!(deletion.number > version.number),
                    other => break other,
                }
            };
            assert_eq!(kind(broken), StoreErrorKind::WatchExpired);
            let problem = ours.watch().await.unwrap_err();
            assert_eq!(problem.kind, StoreErrorKind::WatchExpired);
            assert!(problem.message.contains("state: the directory is gone"), "{problem}");

            let anew = ours.create(&held_by("b")).await.unwrap();
            assert!(anew.number > version.number);
            assert_eq!(ours.watch().await, Ok(Watched::Opened));
            assert_eq!(present(&ours).await, (held_by("b"), anew));
        });
    }
}

#[test]
fn a_change_among_more_events_than_the_kernel_keeps_is_seen() {
    let world = World::new();
    let (ours, theirs) = (world.store(), world.store());
    let kept: usize =
        fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    run(async {
        ours.watch().await.unwrap();
        let first = theirs.create(&held_by("a")).await.unwrap();
        assert_eq!(present(&ours).await.1, first);
        silent(&ours).await; // and takes in the events so far
        // Equal events in a row would be merged into one.
        for number in 0..kept + 10 {
            fs::write(world.path(if number % 2 == 0 { "even" } else { "odd" }), "").unwrap();
        }
        let second = theirs.update(&held_by("b"), &first).await.unwrap();
        assert_eq!(present(&ours).await, (held_by("b"), second));
    });
}
