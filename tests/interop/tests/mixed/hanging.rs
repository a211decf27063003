//! The API server hangs for longer than a lease, for all of them at the same time.

use std::thread::sleep;
use std::time::Duration;

use cluster_leader_tests_interop::{Fleet, Peer};
use cluster_leader_tests_kubernetes::{ApiServer, Candidate, eventually, measured};

use crate::{FLEETS, can_run, names, start};

/// Longer than the lease of 3 s, by which everybody may take over as soon as requests are answered again.
/// client-go says yes for 4.5 s after its last renewal: a retry period, a renew deadline, and another one
/// for the release.
const HANGING: Duration = Duration::from_millis(3_500);

/// An election while the server hangs.
struct Scene<'a> {
    what: String,
    fleet: Fleet<'a>,
    ours: Candidate,
    theirs: Vec<Peer>,
}

/// Ours says no in time, and yes again only by the rules, whatever theirs do.
#[test]
fn g1_g2_g4_g8_g12_the_api_server_hangs() {
    if !can_run() {
        return;
    }
    let Some(server) = ApiServer::start("interop-hanging") else { return };
    let scenes =
        FLEETS.iter().flat_map(|(mixture, kinds)| [(*mixture, *kinds, true), (*mixture, *kinds, false)]);
    let scenes: Vec<_> = scenes.collect();
    let namespaces: Vec<_> = scenes.iter().map(|(mixture, ..)| server.namespace(mixture)).collect();
    let accounts: Vec<_> = namespaces.iter().map(|namespace| namespace.account("elector")).collect();
    let scenes: Vec<_> = scenes
        .into_iter()
        .zip(&accounts)
        .map(|((mixture, kinds, ours_leads), account)| {
            let fleet = Fleet::new(account);
            if ours_leads {
                let ours = fleet.ours("ours");
                ours.await_term_after(0);
                let theirs = start(&fleet, kinds, "theirs");
                Scene { what: format!("ours led {mixture}"), fleet, ours, theirs }
            } else {
                let theirs = start(&fleet, kinds, "theirs");
                fleet.await_holder(&names(&theirs));
                let ours = fleet.ours("ours");
                ours.process().await_text("held by ");
                Scene { what: format!("{mixture} led ours"), fleet, ours, theirs }
            }
        })
        .collect();
    for scene in &scenes {
        eventually("all know of a leader", || {
            let said = |peer: &Peer| {
                peer.process().with_lines(|lines| lines.iter().any(|line| line.text.contains("held by \"")))
            };
            scene.theirs.iter().all(said).then_some(())
        });
    }

    server.freeze();
    sleep(HANGING);
    server.thaw();

    for Scene { what, fleet, ours, theirs } in &scenes {
        let everybody: Vec<_> = names(theirs).into_iter().chain(["ours"]).collect();
        fleet.await_settled(&everybody);
        let judgement = fleet.judge(&[ours], &theirs.iter().collect::<Vec<_>>());
        measured(&format!("the API server hangs for {HANGING:?}: {what}"), &judgement);
        judgement.assert_ours_are_right();
    }
}
