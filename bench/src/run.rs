//! All that is measured on the API server, in one go.

use cluster_leader_tests_kubernetes::{ApiServer, Namespace};
use testkit::history::{History, Panel};

use crate::contest::{crashes, hand_overs, pauses, reported_crashes};
use crate::contestants::{Contestant, Field};
use crate::election::{Asked, Election};
use crate::results::{Contest, Pause};
use crate::steady::AtRest;
use crate::{Amount, say};

/// What came of it.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) elections: Vec<Contest>,
    pub(crate) crash_with_status_ms: Vec<f64>,
    /// Of each contestant.
    pub(crate) worst_pauses: Vec<Panel>,
    /// What should not have happened.
    pub(crate) complaints: Vec<String>,
}

/// All contestants in turns.
pub(crate) fn run(amount: Amount, field: &Field, server: &ApiServer) -> Ran {
    let contestants = &field.contestants;
    let namespaces = |purpose: &str| -> Vec<Namespace<'_>> {
        contestants.iter().map(|of| server.namespace(&format!("{purpose}-{}", of.key))).collect()
    };
    let of_watched = server.namespace("watched");
    let (quiet, rough) = (namespaces("quiet"), namespaces("rough"));
    // These stand beside all that follows, and nothing happens to them.
    let mut resting = open(contestants, &quiet, Asked::NowAndThen);
    let at_rest = AtRest::begin(&mut resting);
    let (hand_overs, mut complaints) = hand_overs_in_turns(amount, contestants, server);
    let mut elections = open(contestants, &rough, Asked::AllTheTime);
    let mut watched = Election::open(&field.watched, &of_watched, Asked::AllTheTime);
    say("all processes are started");
    let crash_with_status_ms = reported_crashes(&mut watched, amount.reported_crashes);
    complaints.extend(watched.end());
    let crashes = crashes(&mut elections, amount.crashes);
    let pauses = pauses(&mut elections, amount.pauses);
    complaints.extend(elections.into_iter().flat_map(Election::end));
    let steady: Vec<_> = at_rest
        .into_iter()
        .zip(&mut resting)
        .map(|(at_rest, election)| at_rest.end(amount.steady, election))
        .collect();
    complaints.extend(resting.into_iter().flat_map(Election::end));

    let (mut contests, mut worst_pauses) = (Vec::new(), Vec::new());
    let measured = hand_overs.into_iter().zip(crashes).zip(pauses).zip(steady);
    for (contestant, (((hand_over_ms, crash_ms), pauses), steady)) in contestants.iter().zip(measured) {
        let latest = |of: &&(Pause, History)| of.0.latest_stale_yes_ms;
        let panel = pauses.iter().max_by(|one, other| latest(one).total_cmp(&latest(other)));
        worst_pauses.extend(panel.map(|(_, history)| Panel {
            title: format!("{} ({})", contestant.title, contestant.version),
            history: history.clone(),
        }));
        contests.push(Contest {
            key: contestant.key.to_owned(),
            title: contestant.title.to_owned(),
            hand_over_ms,
            crash_ms,
            pauses: pauses.into_iter().map(|(pause, _)| pause).collect(),
            steady,
        });
    }
    Ran { elections: contests, crash_with_status_ms, worst_pauses, complaints }
}

/// Those of each contestant while no other's processes are asked all the time, in two turns.
fn hand_overs_in_turns(
    amount: Amount,
    contestants: &[Contestant],
    server: &ApiServer,
) -> (Vec<Vec<f64>>, Vec<String>) {
    let (mut all, mut complaints) = (vec![Vec::new(); contestants.len()], Vec::new());
    for turn in 1..=2 {
        for (contestant, measured) in contestants.iter().zip(&mut all) {
            let namespace = server.namespace(&format!("hand-over-{turn}-{}", contestant.key));
            let mut election = Election::open(contestant, &namespace, Asked::AllTheTime);
            let times = if contestant.is_ours() { amount.hand_overs } else { amount.hand_overs_of_others };
            measured.extend(hand_overs(&mut election, times / 2));
            complaints.extend(election.end());
            say(format_args!("hand-over: {} in turn {turn} of 2", contestant.title));
        }
    }
    (all, complaints)
}

fn open<'a>(
    contestants: &'a [Contestant],
    namespaces: &'a [Namespace<'a>],
    asked: Asked,
) -> Vec<Election<'a>> {
    contestants.iter().zip(namespaces).map(|(of, namespace)| Election::open(of, namespace, asked)).collect()
}
