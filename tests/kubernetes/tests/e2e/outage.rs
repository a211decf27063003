//! The API server goes away and comes back.

use std::thread::sleep;
use std::time::Duration;

use cluster_leader::Timing;
use cluster_leader_tests_kubernetes::{
    ApiServer, Audit, Candidate, Moment, Term, Turn, assert_one_at_a_time, eventually, measured, reigns,
};

use crate::{await_renewal, elector};

/// How exactly a time of the wall clock can be found on the monotonic clock.
const BETWEEN_CLOCKS: Duration = Duration::from_millis(50);

/// While the server is away for longer than quick leases last, nobody leads by one for longer than
/// the renew deadline after the last renewal, and somebody does soon after. A leader with steadier
/// timings does not even notice.
#[test]
fn g1_g2_g4_g8_the_api_server_is_killed_and_frozen() {
    let _turn = Turn::beside_another();
    let Some(server) = ApiServer::start("outage") else { return };
    let namespace = server.namespace("outage");
    let account = elector(&namespace, "quick", "quick");
    let one = Candidate::start(&account, "one", "quick", Candidate::quick());
    let other = Candidate::start(&account, "other", "quick", Candidate::quick());
    let steady_account = elector(&namespace, "steady", "steady");
    let steady_timing =
        Timing::new(Duration::from_secs(30), Duration::from_secs(20), Duration::from_secs(2)).unwrap();
    let steady = Candidate::start(&steady_account, "steady", "steady", steady_timing);
    let steady_term = steady.await_term_after(0);
    let (mut leader, mut term) = next_leader([&one, &other], 0);

    for (fault, strike, heal) in faults() {
        await_renewal(&namespace.lease("steady"));
        let begin = Moment::now();
        strike(&server);
        let no = leader.await_no_since(begin);
        assert_eq!(leader.await_loss(term.token), "Expired");
        // Long enough for the other to think that the lease has run out, if only it could ask.
        sleep((begin + Duration::from_secs(4)).since(Moment::now()));
        heal(&server);
        let back = Moment::now();

        let last_yes = leader.reigns().into_iter().rfind(|reign| reign.until <= no).unwrap().until;
        let renewed = last_renewal(&server.audit(), &account.user(), begin);
        let deadline = renewed + Candidate::quick().renew_deadline();
        assert!(
            last_yes < deadline + BETWEEN_CLOCKS,
            "it said yes {:?} after its last renewal was received",
            last_yes.since(renewed)
        );
        (leader, term) = next_leader([&one, &other], term.token);
        let from = leader.reigns().last().unwrap().from;
        measured(
            &format!("API server {fault}, until it was ready again"),
            format_args!("{:?}", back.since(begin)),
        );
        measured(
            &format!("API server {fault}, until somebody led again"),
            format_args!("{:?}", from.since(begin)),
        );

        await_renewal(&namespace.lease("steady"));
        assert_eq!(steady.terms(), [steady_term]);
        assert_eq!(steady.losses(), []);
    }
    assert_eq!(steady.reigns().len(), 1, "it never said no: {:?}", steady.reigns());
    assert_one_at_a_time(&reigns([one.reigns(), other.reigns()]));
}

type Act = fn(&ApiServer);

fn faults() -> [(&'static str, Act, Act); 2] {
    [("killed", ApiServer::kill, ApiServer::restart), ("frozen", ApiServer::freeze, ApiServer::thaw)]
}

/// Waits for whoever leads in a term with a token above `after`.
fn next_leader(candidates: [&Candidate; 2], after: u64) -> (&Candidate, Term) {
    eventually("one of them leads", || {
        candidates.into_iter().find_map(|candidate| {
            let term = candidate.current_term().filter(|term| term.token > after)?;
            Some((candidate, term))
        })
    })
}

/// When the server received the last write that it acknowledged before `end`.
fn last_renewal(audit: &Audit, user: &str, end: Moment) -> Moment {
    let requests = audit.of_user(user).into_iter();
    requests
        .filter(|request| matches!(&*request.verb, "create" | "update") && request.status < 300)
        .map(|request| request.received)
        .filter(|received| *received < end)
        .max()
        .unwrap()
}
