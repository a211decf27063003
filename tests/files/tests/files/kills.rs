//! A process is killed at every single system call of all that it does, before the call and after.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread::sleep;
use std::time::Duration;

use cluster_leader::Elector;
use cluster_leader_tests_kubernetes::measured;
use tests_files::{Harm, HarmKind, Harmed, Step};

use crate::aftermath::{left_record, one_survivor_leads, survivor};
use crate::victims::{Found, WITHOUT_EFFECT, calls_of, context};
use crate::{LONG_LEASE, contender, for_each};

/// Kills a process at every call of a step.
fn killed_at_every_call(found: Found, step: Step) {
    let calls = calls_of(found, step);
    let harms: Vec<_> = calls
        .iter()
        // One more of each, as a busy machine may make it try something again.
        .flat_map(|(call, count)| (1..=count + 1).map(move |n| (call.clone(), n)))
        .flat_map(|(call, n)| {
            let kinds: &[_] = if WITHOUT_EFFECT.contains(&call.as_str()) {
                &[HarmKind::KillBefore]
            } else {
                &[HarmKind::KillBefore, HarmKind::KillAfter]
            };
            kinds.iter().map(move |kind| Harm { kind: *kind, call: call.clone(), n })
        })
        .collect();
    let results = Mutex::new((BTreeMap::<String, usize>::new(), Duration::ZERO));
    for_each(&harms, 8, |harm| {
        if let Some(took) = killed(found, step, harm) {
            let mut results = results.lock().unwrap();
            *results.0.entry(harm.call.clone()).or_default() += 1;
            results.1 = results.1.max(took);
        }
    });
    let (kills, longest) = results.into_inner().unwrap();
    measured(
        &format!("{step:?}, {found:?}"),
        format!(
            "killed {} times, before and after {kills:?}; the next led after {longest:?} at most",
            kills.values().sum::<usize>()
        ),
    );
    // Before and after each: of the record's file and of the directory, and the one that counts.
    for (call, times) in [("fsync", 4), ("renameat", 2)] {
        assert!(kills.get(call).is_some_and(|killed| *killed >= times), "{times} x {call}: {kills:?}");
    }
}

/// Kills a process once: how soon another led. `None`: the step was over first.
fn killed(found: Found, step: Step, harm: &Harm) -> Option<Duration> {
    let world = found.make();
    let mut before = world.record();
    let victim = contender(&world, "victim", LONG_LEASE).step(step).harm(harm.clone()).start();
    let mut survivors: Vec<Elector> = Vec::new();
    if step != Step::Start {
        victim.await_leading();
        before = world.record();
        survivors.push(survivor(&world, "standby"));
        victim.go();
    }
    loop {
        match victim.harmed() {
            Harmed::NotYet => sleep(Duration::from_millis(1)),
            Harmed::Done(_) => break,
            Harmed::Over(_) | Harmed::NoSuchError => return None,
        }
    }
    victim.process().await_exit();
    Some(context(&format!("{found:?}, {step:?}, {harm:?}"), || {
        let mut newest = before.map(|record| record.version).max(victim.tokens().into_iter().max());
        let left = left_record(&world, newest);
        if survivors.is_empty() {
            // Nobody can have written since.
            newest = newest.max(left.map(|record| record.version));
        }
        survivors.push(survivor(&world, "newcomer"));
        one_survivor_leads(&world, newest, &survivors)
    }))
}

#[test]
fn g8_killed_at_any_call_of_a_first_start_without_a_directory() {
    killed_at_every_call(Found::NoDirectory, Step::Start);
}

#[test]
fn g8_killed_at_any_call_of_a_first_start_in_an_empty_directory() {
    killed_at_every_call(Found::NothingInTheDirectory, Step::Start);
}

#[test]
fn g3_killed_at_any_call_of_a_start_on_a_released_record() {
    killed_at_every_call(Found::AReleasedRecord, Step::Start);
}

#[test]
fn g3_killed_at_any_call_of_a_take_over_from_a_dead_holder() {
    killed_at_every_call(Found::ADeadHolder, Step::Start);
}

#[test]
fn g3_killed_at_any_call_of_a_renewal() {
    killed_at_every_call(Found::NothingInTheDirectory, Step::Renew);
}

#[test]
fn g7_killed_at_any_call_of_a_step_down() {
    killed_at_every_call(Found::NothingInTheDirectory, Step::StepDown);
}

#[test]
fn g7_killed_at_any_call_of_a_stop() {
    killed_at_every_call(Found::NothingInTheDirectory, Step::Stop);
}
