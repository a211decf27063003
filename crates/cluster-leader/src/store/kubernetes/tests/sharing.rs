//! What many elections share: connections, and a watch on all that bears our label.

use std::rc::Rc;

use election::Seen;
use testkit::api::{Fault, Request, Verb};
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use super::*;
use crate::os;
use crate::store::{Store, StoreError, StoreErrorKind, Watched};

/// The elections of one process at one server.
struct Process {
    server: ApiServer,
    account: ServiceAccount,
    servers: ApiServers,
}

impl Process {
    fn new() -> Self {
        Self { server: ApiServer::start(), account: ServiceAccount::new(), servers: ApiServers::default() }
    }

    fn store(&self, election: &str) -> KubernetesStore {
        self.store_with(election, &patient())
    }

    fn store_with(&self, election: &str, timing: &Timing) -> KubernetesStore {
        let mut place = self.account.place(self.server.port());
        place.name = election.to_owned();
        place.config.cluster_url = self.server.url().parse().unwrap();
        place.open(timing, &self.servers).unwrap()
    }

    /// The first, which watches by its name, and so many others, each with a Lease of its own.
    async fn many(&self, others: usize) -> (KubernetesStore, Vec<KubernetesStore>) {
        let first = self.store("first");
        first.create(&ours()).await.unwrap();
        let others: Vec<_> = (0..others).map(|number| self.store(&format!("other-{number}"))).collect();
        for other in &others {
            other.create(&ours()).await.unwrap();
        }
        (first, others)
    }

    fn watches(&self) -> Vec<Request> {
        self.server.asked().into_iter().filter(|of| of.verb() == Verb::Watch).collect()
    }

    fn watches_by(&self, selector: &str) -> usize {
        self.watches().iter().filter(|of| of.query(selector).is_some()).count()
    }

    /// What only others do.
    fn edit(&self, election: &str, holder: &str) {
        self.server.edit("team", election, |lease| lease["spec"]["holderIdentity"] = json!(holder));
    }

    fn unlabel(&self, election: &str) {
        self.server.edit("team", election, |lease| lease["metadata"]["labels"] = json!({"app": "billing"}));
    }
}

fn on_one_thread(test: impl AsyncFnOnce(Process)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(LocalSet::new().run_until(test(Process::new())));
}

/// The next that is shown, but for signs of life.
async fn next(store: &KubernetesStore) -> Result<Watched, StoreError> {
    let shown = async {
        loop {
            match store.watch().await {
                Ok(Watched::Alive) => {}
                shown => break shown,
            }
        }
    };
    timeout(Duration::from_secs(30), shown).await.expect("something is shown")
}

/// Watches until it is shown as held by `holder`.
async fn until_held(store: &KubernetesStore, holder: &str) {
    loop {
        let Watched::Seen(Seen::Present(record, _)) = next(store).await.unwrap() else { continue };
        if record.holder == Some(Identity::from(holder)) {
            return;
        }
    }
}

async fn until_open(store: &KubernetesStore) {
    assert_eq!(next(store).await, Ok(Watched::Opened));
}

async fn kind_of_break(store: &KubernetesStore) -> StoreErrorKind {
    loop {
        if let Err(error) = next(store).await {
            return error.kind;
        }
    }
}

/// Nothing is shown, though there is time for it.
async fn shows_nothing(store: &KubernetesStore) {
    let shown = timeout(Duration::from_millis(200), next(store)).await;
    assert!(shown.is_err(), "{shown:?}");
}

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
fn where_a_namespace_may_not_be_watched_eight_leases_are_by_name_and_all_above_polled() {
    on_one_thread(async |process| {
        let (first, others) = process.many(11).await;
        let _forbidden =
            process.server.inject(Fault::refused(403, "Forbidden"), |of| of.query("labelSelector").is_some());
        until_open(&first).await;
        // No news for each election: people are told once for all.
        assert_eq!(kind_of_break(&others[0]).await, StoreErrorKind::Unknown);
        for other in &others[..7] {
            until_open(other).await;
        }
        for other in &others[7..] {
            assert_eq!(kind_of_break(other).await, StoreErrorKind::Unknown);
        }
        assert_eq!((process.watches_by("labelSelector"), process.watches_by("fieldSelector")), (1, 8));
        process.edit("other-6", "x");
        until_held(&others[6], "x").await;
        // Where one ends, there is room for another.
        let mut others = others;
        drop(others.remove(3));
        until_open(&others[9]).await;
        assert_eq!(process.watches_by("labelSelector"), 1);
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

// ---- connections -----------------------------------------------------------------------------

#[test]
fn g10_requests_of_all_elections_take_turns_on_four_connections() {
    on_one_thread(async |process| {
        let stores: Vec<_> = (0..30).map(|number| process.store(&format!("e-{number}"))).collect();
        let _late = process.server.inject(Fault::answer(Answer::Late(Duration::from_millis(20))), |_| true);
        for round in 0..3 {
            let reads = stores.iter().map(Store::read);
            for read in futures_util::future::join_all(reads).await {
                assert_eq!(read, Ok(None));
            }
            let most = process.server.most_open_connections();
            assert!(most <= 4, "{most} connections in round {round}");
        }
        assert_eq!(process.server.connections(), 4);
        // New ones take the place of the old ones.
        stores[0].reconnect();
        futures_util::future::join_all(stores.iter().map(Store::read)).await;
        assert_eq!(process.server.connections(), 8);
        assert!(process.server.open_connections().len() <= 4);
    });
}

#[test]
fn g4_a_request_whose_turn_did_not_come_was_never_sent() {
    on_one_thread(async |process| {
        let patient: Vec<_> = (0..4).map(|number| process.store(&format!("e-{number}"))).collect();
        let hasty = process.store_with("hasty", &quick());
        let _hangs = process.server.inject(Fault::instead(Answer::Hang), |_| true);
        let reads = futures_util::future::join_all(patient.iter().map(Store::read));
        let record = ours();
        let error = tokio::select! {
            biased;
            reads = reads => panic!("{reads:?}"),
            created = hasty.create(&record) => created.unwrap_err(),
        };
        assert_eq!(error.kind, StoreErrorKind::Refused);
        assert_parts(
            &error.message,
            &["cannot create Lease team/hasty", "no turn within", "4 other requests"],
        );
        assert!(process.server.asked().iter().all(|of| of.verb() == Verb::Get));
        // They have been given up: the next has its turn.
        tokio::select! {
            read = hasty.read() => panic!("{read:?}"),
            () = process.server.until_asked(5) => {}
        }
    });
}

/// Several time out on connections that have died together; new ones must not be given up for that.
#[test]
fn connections_are_given_up_once_however_many_time_out() {
    on_one_thread(async |process| {
        let stores = ["a", "b", "c"].map(|name| process.store(name));
        futures_util::future::join_all(stores.iter().map(Store::read)).await;
        stores[0].reconnect();
        stores[0].read().await.unwrap();
        let fresh = process.server.last().connection;
        // They had asked on the old ones.
        stores[1].reconnect();
        stores[2].reconnect();
        stores[0].read().await.unwrap();
        assert_eq!(process.server.last().connection, fresh);
        stores[0].reconnect();
        stores[0].read().await.unwrap();
        assert_ne!(process.server.last().connection, fresh);
    });
}

#[test]
fn who_asks_for_patience_asks_it_of_all_for_a_minute_at_most() {
    on_one_thread(async |process| {
        let stores = ["a", "b"].map(|name| process.store(name));
        for (status, head, seconds) in [
            (429, "Retry-After: 5\r\n", 5),
            (503, "Retry-After: 5\r\n", 5),
            (429, "Retry-After: 3600\r\n", 60),
            (429, "Retry-After: 99999999999999999999\r\n", 0),
            (429, "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n", 0),
            (429, "Retry-After: -1\r\n", 0),
            (429, "", 0),
            (500, "Retry-After: 5\r\n", 0),
            (403, "Retry-After: 5\r\n", 0),
        ] {
            let busy = Fault::instead(Answer::Reply(status, head, String::new()));
            let _busy = process.server.inject_times(1, busy, |_| true);
            let before = os::now();
            stores[0].read().await.unwrap_err();
            let until = stores[1].asked_to_wait_until().map_or(before, |until| until);
            let wait = until.since(before);
            let meant = Duration::from_secs(seconds);
            assert!(wait >= meant && wait < meant + Duration::from_secs(5), "{status} {head}: {wait:?}");
            // A watch is not opened meanwhile.
            if seconds > 0 {
                let asked = process.server.asked().len();
                assert_eq!(kind_of_break(&stores[0]).await, StoreErrorKind::Refused);
                assert_eq!(process.server.asked().len(), asked);
            }
            // Whoever asks all the same and is answered has found it well again.
            stores[1].read().await.unwrap();
            assert_eq!(stores[0].asked_to_wait_until(), None);
        }
    });
}

/// Elections come and go.
#[test]
fn nothing_is_left_of_elections_that_have_ended() {
    on_one_thread(async |process| {
        let (first, others) = process.many(3).await;
        let shared = Rc::downgrade(&others[0].server);
        until_open(&others[0]).await;
        drop((first, others));
        assert_eq!(shared.strong_count(), 0);
        // The next is a first one again.
        let next = process.store("next");
        until_open(&next).await;
        assert_eq!(process.watches_by("fieldSelector"), 1);
    });
}
