//! Leaders that are told to go, killed and frozen, those of all contestants in turn.

use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;
use testkit::clock::boottime_nanos;
use testkit::history::{Fault, History, Run, judge};

use crate::election::Election;
use crate::results::{Pause, millis};
use crate::say;

/// Longer than the lease, so that another leads meanwhile.
const PAUSE: Duration = Duration::from_secs(25);

/// After a pause, for whoever has woken to notice.
const AFTERMATH: Duration = Duration::from_secs(12);

/// From the release to the next leader's first yes, in ms, again and again.
pub(crate) fn hand_overs(election: &mut Election<'_>, times: usize) -> Vec<f64> {
    let hand_overs = (0..times).filter_map(|_| {
        let leader = election.await_settled();
        let took = hand_over(election, leader);
        election.replace(leader);
        took
    });
    hand_overs.collect()
}

/// From the report that the container of `watched`'s leader has ended to the next yes, in ms.
pub(crate) fn reported_crashes(watched: &mut Election<'_>, rounds: usize) -> Vec<f64> {
    let mut all = Vec::new();
    for _ in 0..rounds {
        let leader = watched.await_settled();
        let reported = watched.seats[leader].kill_and_report();
        let next = watched.await_another(leader, reported);
        all.extend(next.map(|next| millis(Duration::from_nanos(next - reported))));
        watched.replace(leader);
    }
    all
}

fn hand_over(election: &mut Election<'_>, leader: usize) -> Option<f64> {
    let told = boottime_nanos();
    election.seats[leader].signal(Signal::TERM);
    let next = election.await_another(leader, told)?;
    let Some(release) = election.seats[leader].release().filter(|release| *release >= told) else {
        election.complain("did not say when it released");
        return None;
    };
    Some(millis(Duration::from_nanos(next.saturating_sub(release))))
}

/// From SIGKILL to the next leader's first yes, in ms.
pub(crate) fn crashes(elections: &mut [Election<'_>], rounds: usize) -> Vec<Vec<f64>> {
    let mut all = vec![Vec::new(); elections.len()];
    for round in 0..rounds {
        let leaders: Vec<usize> = elections.iter_mut().map(Election::await_settled).collect();
        // At another time between renewals each time.
        sleep(Duration::from_nanos(boottime_nanos() % 5_000_000_000));
        let killed: Vec<u64> = elections
            .iter()
            .zip(&leaders)
            .map(|(election, leader)| {
                let at = boottime_nanos();
                election.seats[*leader].signal(Signal::KILL);
                at
            })
            .collect();
        for (i, election) in elections.iter_mut().enumerate() {
            let next = election.await_another(leaders[i], killed[i]);
            all[i].extend(next.map(|next| millis(Duration::from_nanos(next - killed[i]))));
        }
        for (election, leader) in elections.iter_mut().zip(leaders) {
            election.replace(leader);
        }
        say(format_args!("crash: {} of {rounds} rounds", round + 1));
    }
    all
}

/// What a leader answers that was frozen for longer than the lease.
pub(crate) fn pauses(elections: &mut [Election<'_>], rounds: usize) -> Vec<Vec<(Pause, History)>> {
    let mut all: Vec<_> = elections.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        let leaders: Vec<usize> = elections.iter_mut().map(Election::await_settled).collect();
        let signal = |signal: Signal| -> Vec<u64> {
            let signalled = elections.iter().zip(&leaders).map(|(election, leader)| {
                election.seats[*leader].signal(signal);
                boottime_nanos()
            });
            signalled.collect()
        };
        let stopped = signal(Signal::STOP);
        sleep(PAUSE);
        let woken = signal(Signal::CONT);
        sleep(AFTERMATH);
        for (i, election) in elections.iter_mut().enumerate() {
            let leader = leaders[i];
            let fault = Fault {
                row: Some(election.seats[leader].row().to_owned()),
                what: format!("SIGSTOP for {} s", PAUSE.as_secs()),
                from: stopped[i],
                until: woken[i],
            };
            let history = History {
                processes: election.answers(),
                faults: vec![fault],
                from: stopped[i].saturating_sub(2_000_000_000),
                until: boottime_nanos(),
            };
            all[i].extend(pause_of(&history, leader, election.seats.len()).map(|pause| (pause, history)));
        }
        say(format_args!("pause: {} of {rounds} rounds", round + 1));
    }
    all
}

fn pause_of(history: &History, leader: usize, processes: usize) -> Option<Pause> {
    let fault = history.faults.first()?;
    let verdict = judge(history);
    let first = |runs: &[Run]| runs.iter().find(|run| run.last_after > fault.until).map(|run| run.yes);
    let others = (0..processes).filter(|process| *process != leader).map(|i| &history.processes[i].runs);
    let yes_of_others =
        others.flatten().filter(|run| run.yes && run.first_after > fault.from).map(|run| run.first_after);
    Some(Pause {
        first_answer: first(&history.processes[leader].runs)?,
        next_leader_ms: yes_of_others.min().map(|at| millis(Duration::from_nanos(at - fault.from))),
        two_leaders_ms: millis(verdict.dual_leader),
        stale_yes_ms: millis(verdict.stale_yes),
        latest_stale_yes_ms: millis(verdict.latest_stale_yes),
    })
}
