//! What an election costs the API server.

use cluster_leader::Timing;
use cluster_leader_tests_kubernetes::{Candidate, Request, Turn, eventually, measured};

use crate::{SERVER, elector, follower};

/// A leader renews at half its renew deadline: 12 requests a minute by the default timings. A
/// follower's watch tells it all it needs.
#[test]
fn g10_a_leader_renews_and_a_follower_is_silent() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("load");
    let leading = elector(&namespace, "leading", "jobs");
    let leader = Candidate::start(&leading, "leader", "jobs", Candidate::quick());
    let term = leader.await_term_after(0);
    let following = elector(&namespace, "following", "jobs");
    let follower = follower(&following, "follower", &leader, Candidate::quick());
    let audit = server.audit();
    eventually("the follower watches", || watches(&audit.of_user(&following.user())).next().map(drop));
    let (leader_before, follower_before) =
        (audit.of_user(&leading.user()).len(), audit.of_user(&following.user()).len());

    const RENEWALS: usize = 10;
    let of_leader = eventually("ten renewals", || {
        let new = audit.of_user(&leading.user()).split_off(leader_before);
        (others(&new).count() > RENEWALS).then_some(new)
    });
    let of_follower = audit.of_user(&following.user()).split_off(follower_before);

    let span = others(&of_leader).last().unwrap().received.since(others(&of_leader).next().unwrap().received);
    let per_interval =
        RENEWALS as f64 * Candidate::quick().renew_interval().as_secs_f64() / span.as_secs_f64();
    let per_minute_by_default = per_interval * 60.0 / Timing::default().renew_interval().as_secs_f64();
    measured(
        "requests of a leader a minute, by the default timings",
        format_args!("{per_minute_by_default:.1}"),
    );
    assert!(per_minute_by_default <= 12.5, "{of_leader:#?}");
    assert!(
        of_leader.iter().all(|request| request.verb == "update" || request.verb == "watch"),
        "{of_leader:#?}"
    );
    assert_eq!(others(&of_follower).count(), 0, "{of_follower:#?}");
    // A watch lasts for minutes.
    assert!(
        watches(&of_leader).count() + watches(&of_follower).count() <= 1,
        "{of_leader:#?} {of_follower:#?}"
    );
    assert_eq!((leader.terms(), follower.terms()), (vec![term], vec![]));
}

fn watches(requests: &[Request]) -> impl Iterator<Item = &Request> {
    requests.iter().filter(|request| request.verb == "watch")
}

fn others(requests: &[Request]) -> impl Iterator<Item = &Request> {
    requests.iter().filter(|request| request.verb != "watch")
}
