//! Few connections, and patience where a server asks for it.

use testkit::api::Fault;

use super::*;
use crate::os;

#[test]
fn g10_requests_of_all_elections_take_turns_on_four_connections() {
    on_one_thread(async |process| {
        let stores: Vec<_> = (0..30).map(|number| process.store(&format!("e-{number}"))).collect();
        let _late =
            process.server.inject_times(60, Fault::answer(Answer::Late(Duration::from_millis(20))), |_| true);
        for round in 0..20 {
            let reads = stores.iter().map(Store::read);
            for read in futures_util::future::join_all(reads).await {
                assert_eq!(read, Ok(None));
            }
            let most = process.server.most_open_connections();
            assert!(most <= 4, "{most} connections in round {round}");
        }
        assert_eq!(process.server.connections(), 3);
        // New ones take the place of the old ones.
        stores[0].reconnect();
        futures_util::future::join_all(stores.iter().map(Store::read)).await;
        assert_eq!(process.server.connections(), 6);
        assert!(process.server.open_connections().len() <= 4);
    });
}

#[test]
fn g4_a_request_whose_turn_did_not_come_was_never_sent() {
    on_one_thread(async |process| {
        let patient: Vec<_> = (0..3).map(|number| process.store(&format!("e-{number}"))).collect();
        let hasty = process.store("hasty");
        hasty.begin_attempt(quick().attempt_timeout(), false);
        let _hangs = process.server.inject(Fault::instead(Answer::Hang), |_| true);
        let reads = futures_util::future::join_all(patient.iter().map(Store::read));
        let record = ours();
        let error = tokio::select! {
            biased;
            reads = reads => panic!("{reads:?}"),
            created = hasty.create(&record) => created.unwrap_err(),
        };
        assert_eq!(error.kind, StoreErrorKind::Refused);
        assert_parts(&error.message, &["cannot create Lease team/hasty", "no turn within"]);
        assert!(process.server.asked().iter().all(|of| of.verb() == Verb::Get));
        // They have been given up: the next has its turn.
        tokio::select! {
            read = hasty.read() => panic!("{read:?}"),
            () = process.server.until_asked(4) => {}
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
            (429, "Retry-After: 20\r\n", 20),
            (503, "Retry-After: 20\r\n", 20),
            (429, "Retry-After: 3600\r\n", 60),
            (429, "Retry-After: 99999999999999999999\r\n", 0),
            (429, "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n", 0),
            (429, "Retry-After: -1\r\n", 0),
            (429, "", 0),
            (500, "Retry-After: 20\r\n", 0),
            (403, "Retry-After: 20\r\n", 0),
        ] {
            let busy = Fault::instead(Answer::Reply(status, head, String::new()));
            let _busy = process.server.inject_times(1, busy, |_| true);
            let before = os::now();
            stores[0].read().await.unwrap_err();
            let until = stores[1].server.connection.asked_to_wait_until().map_or(before, |until| until);
            let wait = until.since(before);
            let meant = Duration::from_secs(seconds);
            assert!(wait >= meant && wait < meant + Duration::from_secs(5), "{status} {head}: {wait:?}");
            // A watch is not opened meanwhile.
            if seconds > 0 {
                let asked = process.server.asked().len();
                let watch = timeout(Duration::from_millis(20), stores[0].watch()).await;
                assert!(watch.is_err(), "it waits");
                stores[0].close_watch();
                assert_eq!(stores[1].read().await.unwrap_err().kind, StoreErrorKind::Refused);
                assert_eq!(process.server.asked().len(), asked);
            }
            // Whoever must ask all the same and is answered has found it well again.
            stores[1].begin_attempt(patient().attempt_timeout(), true);
            stores[1].read().await.unwrap();
            stores[1].begin_attempt(patient().attempt_timeout(), false);
            assert_eq!(stores[0].server.connection.asked_to_wait_until(), None);
        }
    });
}

/// Where requests hang, those that can wait take all the turns that they may have. A leader's last chance
/// to renew does not wait for them.
#[test]
fn g8_what_is_urgent_goes_before_all_that_hang() {
    on_one_thread(async |process| {
        let stores: Vec<_> = (0..30).map(|number| process.store(&format!("e-{number}"))).collect();
        let _hangs = process.server.inject(Fault::instead(Answer::Hang), |of| of.verb() == Verb::Get);
        let leader = process.store("leader");
        leader.begin_attempt(patient().attempt_timeout(), true);
        let record = ours();
        tokio::select! {
            biased;
            reads = futures_util::future::join_all(stores.iter().map(Store::read)) => panic!("{reads:?}"),
            () = process.server.until_asked(3) => {}
        }
        let hanging = futures_util::future::join_all(stores.iter().map(Store::read));
        let created = timeout(Duration::from_secs(30), leader.create(&record));
        tokio::select! {
            biased;
            reads = hanging => panic!("{reads:?}"),
            created = created => assert!(created.is_ok_and(|created| created.is_ok())),
        }
        assert!(process.server.open_connections().len() <= 4);
    });
}

#[test]
fn a_short_wait_is_waited_out() {
    on_one_thread(async |process| {
        let store = process.store("a");
        let busy = Fault::instead(Answer::Reply(429, "Retry-After: 1\r\n", String::new()));
        let _busy = process.server.inject_times(1, busy, |_| true);
        store.read().await.unwrap_err();
        assert_eq!(store.read().await, Ok(None));
        let asked = process.server.asked();
        assert_eq!(asked.len(), 2);
        assert!(asked[1].at - asked[0].at >= Duration::from_secs(1));
    });
}
