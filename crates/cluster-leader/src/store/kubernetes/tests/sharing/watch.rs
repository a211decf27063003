//! One watch for all elections of a process but the first.

use std::rc::Rc;

use testkit::api::Fault;
use tokio::time::sleep;

use super::*;

#[test]
fn the_first_watches_its_lease_by_name_and_all_others_share_one_watch() {
    on_one_thread(async |process| {
        let (first, others) = process.many(5).await;
        until_open(&first).await;
        for other in &others {
            until_open(other).await;
        }
        let watches = process.watches();
        assert_eq!(watches.len(), 2, "{watches:#?}");
        assert_eq!(watches[0].query("fieldSelector"), Some("metadata.name%3Dfirst"));
        assert_eq!(watches[1].query("labelSelector"), Some("cluster-leader.io%2Felection%3Dtrue"));
        assert_eq!(watches[1].query("fieldSelector"), None);
        let agent = concat!("cluster-leader/", env!("CARGO_PKG_VERSION"));
        for asked in process.server.asked() {
            assert_eq!(asked.headers["user-agent"], agent, "{asked:?}");
        }
        // Each is shown its own and nothing else.
        for (number, other) in others.iter().enumerate() {
            process.edit(&format!("other-{number}"), &format!("x{number}"));
            until_held(other, &format!("x{number}")).await;
        }
        process.edit("other-0", "y");
        shows_nothing(&others[1]).await;
        until_held(&others[0], "y").await;
    });
}

#[test]
fn another_namespace_or_user_or_server_is_another_matter() {
    on_one_thread(async |process| {
        let (_first, others) = process.many(1).await;
        let mut place = process.account.place(process.server.port());
        place.config.cluster_url = process.server.url().parse().unwrap();
        let elsewhere = ServiceAccount::new();
        let changes: [fn(&mut KubernetesPlace, &ServiceAccount); 3] = [
            |place, _| place.namespace = "another".to_owned(),
            |place, elsewhere| place.credentials = elsewhere.place(1).credentials,
            |place, _| place.config.tls_server_name = Some("another".to_owned()),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut place = place.clone();
            place.name = format!("of-another-{number}");
            change(&mut place, &elsewhere);
            let store = place.open(&patient(), &process.servers).unwrap();
            store.create(&ours()).await.unwrap();
            until_open(&store).await;
            assert!(process.watches().last().unwrap().query("fieldSelector").is_some(), "the first there");
        }
        until_open(&others[0]).await;
        assert_eq!(process.watches_by("labelSelector"), 1);
    });
}

/// Made by client-go, or by an older version of ours.
#[test]
fn a_lease_without_our_label_is_polled_until_we_have_written_it() {
    on_one_thread(async |process| {
        let _first = process.store("first");
        let spec = json!({"holderIdentity": "client-go", "leaseDurationSeconds": 15});
        process.server.add("team", "other", json!({"kind": "Lease", "spec": spec, "metadata": {}}));
        let other = process.store("other");
        let (_, version) = other.read().await.unwrap().unwrap();
        shows_nothing(&other).await;
        assert!(process.watches().is_empty(), "there is nothing to watch");

        other.update(&ours(), &version).await.unwrap();
        until_open(&other).await;
        process.edit("other", "x");
        until_held(&other, "x").await;
    });
}

#[test]
fn no_change_is_lost_between_a_read_and_a_watch_that_is_open_already() {
    on_one_thread(async |process| {
        let (_first, others) = process.many(2).await;
        until_open(&others[0]).await;
        // One that joins reads; then its Lease changes, and all who watch see it.
        let spec = json!({"holderIdentity": "a"});
        let labels = json!({"cluster-leader.io/election": "true"});
        process.server.add(
            "team",
            "late",
            json!({"kind": "Lease", "metadata": {"labels": labels}, "spec": spec}),
        );
        let late = process.store("late");
        late.read().await.unwrap();
        process.edit("late", "b");
        process.edit("other-0", "b");
        until_held(&others[0], "b").await;
        until_open(&late).await;
        until_held(&late, "b").await;
        assert_eq!(process.watches().len(), 1);
    });
}

/// What was read before the watch was opened may be out of date, and a watch does not show what is
/// not there any more.
#[test]
fn what_is_not_shown_is_known_only_from_an_answer_later_than_the_opening() {
    on_one_thread(async |process| {
        let first = process.store("first");
        let absent = process.store("absent");
        assert_eq!(absent.read().await, Ok(None));
        // Opens the watch, and waits.
        shows_nothing(&absent).await;
        assert_eq!(process.watches_by("labelSelector"), 1);
        assert_eq!(absent.read().await, Ok(None));
        until_open(&absent).await;
        absent.create(&ours()).await.unwrap();
        until_held(&absent, "new_y").await;
        drop(first);
    });
}

/// It may be there all the same: gone from what is watched, and not gone.
#[test]
fn g5_what_the_shared_watch_shows_as_deleted_is_read() {
    on_one_thread(async |process| {
        let (_first, others) = process.many(3).await;
        for other in &others {
            until_open(other).await;
            until_held(other, "new_y").await;
        }
        process.unlabel("other-0");
        process.server.delete("team", "other-1");
        for gone in &others[..2] {
            assert_eq!(kind_of_break(gone).await, StoreErrorKind::WatchExpired);
            // Nothing is certain before it is read.
            shows_nothing(gone).await;
        }
        // Unlabelled: it is polled. Not there: that would be shown.
        assert!(others[0].read().await.unwrap().is_some());
        shows_nothing(&others[0]).await;
        assert_eq!(others[1].read().await, Ok(None));
        until_open(&others[1]).await;
        others[1].create(&ours()).await.unwrap();
        until_held(&others[1], "new_y").await;
        // The others have not noticed.
        process.edit("other-2", "x");
        until_held(&others[2], "x").await;
        assert_eq!(process.watches().len(), 1);
    });
}

#[test]
fn a_lease_that_lost_its_label_on_the_way_is_not_taken_for_one_that_is_watched() {
    on_one_thread(async |process| {
        let first = process.store("first");
        let other = process.store("other");
        shows_nothing(&other).await;
        assert_eq!(other.read().await, Ok(None));
        until_open(&other).await;
        // An admission webhook, say.
        let _edited = process
            .server
            .inject(Fault::answer(Answer::Edited(|lease| lease["metadata"]["labels"] = json!({}))), |of| {
                of.verb() == Verb::Create
            });
        other.create(&ours()).await.unwrap();
        assert_eq!(kind_of_break(&other).await, StoreErrorKind::WatchExpired);
        drop(first);
    });
}

#[test]
fn a_break_is_one_for_all_and_one_opening_serves_all() {
    on_one_thread(async |process| {
        process.server.set_bookmarks_every(Duration::from_millis(20));
        let (_first, others) = process.many(4).await;
        for other in &others {
            until_open(other).await;
            until_held(other, "new_y").await;
        }
        // A bookmark is a sign of life for all.
        for other in &others {
            let alive = timeout(Duration::from_secs(30), other.watch()).await.unwrap();
            assert_eq!(alive, Ok(Watched::Alive));
        }
        let lasted = async { sleep(Duration::from_secs(3)).await };
        lasted.await;
        process.server.end_watches(None);
        for other in &others {
            assert_eq!(kind_of_break(other).await, StoreErrorKind::Unknown);
        }
        // What happens meanwhile is shown: it goes on from where it was.
        process.edit("other-3", "x");
        sleep(Duration::from_secs(1)).await;
        for other in &others {
            until_open(other).await;
        }
        until_held(&others[3], "x").await;
        let watches = process.watches();
        assert_eq!(watches.len(), 2, "{watches:#?}");
        let from: u64 = watches[1].query("resourceVersion").unwrap().parse().unwrap();
        assert!(from > 1000);
    });
}

#[test]
fn a_watch_that_cannot_go_on_begins_anew_and_every_election_reads() {
    on_one_thread(async |process| {
        let (_first, others) = process.many(2).await;
        for other in &others {
            until_open(other).await;
            until_held(other, "new_y").await;
        }
        sleep(Duration::from_secs(3)).await;
        process.server.end_watches(None);
        for other in &others {
            assert_eq!(kind_of_break(other).await, StoreErrorKind::Unknown);
        }
        process.server.delete("team", "other-0");
        process.server.compact();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(kind_of_break(&others[0]).await, StoreErrorKind::WatchExpired);
        sleep(Duration::from_secs(4)).await;
        // The one is there and is shown; the other is not, which only a read can tell.
        until_open(&others[1]).await;
        shows_nothing(&others[0]).await;
        assert_eq!(others[0].read().await, Ok(None));
        until_open(&others[0]).await;
        assert_eq!(process.watches().last().unwrap().query("resourceVersion"), Some(""));
    });
}

#[test]
fn g10_an_opening_that_fails_is_not_repeated_for_each() {
    on_one_thread(async |process| {
        let (_first, others) = process.many(10).await;
        let fault =
            process.server.inject(Fault::refused(503, "ServiceUnavailable"), |of| of.verb() == Verb::Watch);
        for _ in 0..3 {
            for other in &others {
                assert_eq!(kind_of_break(other).await, StoreErrorKind::Unknown);
            }
        }
        assert_eq!(fault.hits(), 1);
    });
}

#[test]
fn a_silent_watch_is_given_up_for_all_and_one_with_news_for_others_is_not() {
    on_one_thread(async |process| {
        let (_first, others) = process.many(2).await;
        for other in &others {
            until_open(other).await;
            until_held(other, "new_y").await;
        }
        // Silent for one of them, and not dead.
        process.edit("other-1", "x");
        until_held(&others[1], "x").await;
        others[0].close_watch();
        until_open(&others[0]).await;
        assert_eq!(process.watches().len(), 1);
        shows_nothing(&others[1]).await;
        // Silent for all.
        others[0].close_watch();
        assert_eq!(kind_of_break(&others[1]).await, StoreErrorKind::Unknown);
        sleep(Duration::from_secs(4)).await;
        until_open(&others[0]).await;
        until_open(&others[1]).await;
        assert_eq!(process.watches().len(), 2);
    });
}

#[test]
fn a_watch_that_nobody_needs_is_closed() {
    on_one_thread(async |process| {
        let (_first, others) = process.many(2).await;
        for other in &others {
            until_open(other).await;
        }
        let open = || process.server.open_connections().len();
        let before = open();
        drop(others);
        timeout(Duration::from_secs(30), async {
            while open() >= before {
                sleep(Duration::from_millis(1)).await;
            }
        })
        .await
        .unwrap();
    });
}

/// Elections come and go.
#[test]
fn nothing_is_left_of_elections_that_have_ended() {
    on_one_thread(async |process| {
        let (first, others) = process.many(3).await;
        let shared = Rc::downgrade(&others[0].server);
        until_open(&others[0]).await;
        // The next is a first one again.
        drop(first);
        let next = process.store("next");
        next.create(&ours()).await.unwrap();
        until_open(&next).await;
        assert_eq!(process.watches_by("fieldSelector"), 1);
        drop((next, others));
        assert_eq!(shared.strong_count(), 0);
    });
}
