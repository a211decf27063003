//! Every single system call of all that a process does fails, with and without having had its effect.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

use cluster_leader_tests_kubernetes::measured;
use tests_files::{Contender, Harm, HarmKind, Harmed, Step, World};

use crate::aftermath::{left_record, one_survivor_leads, survivor};
use crate::victims::{Found, WITHOUT_EFFECT, calls_of, context};
use crate::{LONG_LEASE, contender, for_each, is_long};

/// As many as any call has in the table of `stepper.c`.
const MOST_ERRORS: usize = 5;

/// A leader may lose its lease to a machine that stands still for a second. Not thrice in a row.
const TRIES: u32 = 3;

/// How a process took a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Took {
    /// It did what it was to do all the same, or did it again.
    WentThrough,
    /// It gave up, and said why.
    GaveUp,
    /// The call is not made any more, or cannot fail so.
    NoSuchCall,
}

/// Has every call of a step fail, one at a time.
fn failed_at_every_call(found: Found, step: Step) {
    let mut harms = Vec::new();
    for (call, count) in calls_of(found, step) {
        for n in 1..=count {
            // One error each time, another the next; all of them in the long run.
            let errors = if is_long() { 0..MOST_ERRORS } else { n % 2..n % 2 + 1 };
            for k in errors {
                harms.push(Harm { kind: HarmKind::FailBefore(k), call: call.clone(), n });
                if !WITHOUT_EFFECT.contains(&call.as_str()) {
                    harms.push(Harm { kind: HarmKind::FailAfter(k), call: call.clone(), n });
                }
            }
        }
    }
    let results = Mutex::new(BTreeMap::<Took, usize>::new());
    for_each(&harms, 8, |harm| {
        let took = context(&format!("{found:?}, {step:?}, {harm:?}"), || failed(found, step, harm, TRIES));
        *results.lock().unwrap().entry(took).or_default() += 1;
    });
    measured(
        &format!("{step:?}, {found:?}"),
        format!("calls that failed: {:?}", results.into_inner().unwrap()),
    );
}

/// Has one call fail, sees that nothing untrue is said or done, and then that others can go on.
fn failed(found: Found, step: Step, harm: &Harm, tries: u32) -> Took {
    let world = found.make();
    let mut newest = world.record().map(|record| record.version);
    let victim = contender(&world, "victim", LONG_LEASE).step(step).harm(harm.clone()).start();
    if step != Step::Start {
        newest = newest.max(Some(victim.await_leading()));
        victim.go();
    }
    let went_through = await_end(&victim, step);
    if step == Step::Renew && !victim.said("lost").is_empty() && tries > 1 {
        return failed(found, step, harm, tries - 1);
    }
    let took = match victim.harmed() {
        Harmed::Done(_) if went_through => Took::WentThrough,
        Harmed::Done(_) => Took::GaveUp,
        Harmed::Over(_) | Harmed::NoSuchError | Harmed::NotYet => Took::NoSuchCall,
    };
    let words = victim.words();
    // As it would be if a write were taken for refused that has had its effect.
    for rumour in ["another process writes as", "Was this process copied", "panicked"] {
        assert!(!words.contains(rumour), "{words}");
    }
    match step {
        Step::Start if went_through => leads_in_truth(&world, &victim),
        Step::Start => says_what_would_help(&world, &victim),
        Step::Renew => assert_eq!(victim.said("lost"), [""; 0], "one failure costs no leadership"),
        // Before that, it may have lost a lease to a machine that stood still.
        Step::StepDown | Step::Stop => {
            assert_eq!(victim.said("lost").len(), victim.tokens().len(), "{words}");
        }
    }
    victim.kill();
    newest = newest.max(victim.tokens().into_iter().max());
    newest = left_record(&world, newest).map(|record| record.version);
    one_survivor_leads(&world, newest, &[survivor(&world, "newcomer")]);
    took
}

/// Waits until the step is over, or certainly will not be: whether it is.
fn await_end(victim: &Contender, step: Step) -> bool {
    let begin = Instant::now();
    loop {
        if victim.is_through() {
            return true;
        }
        if !victim.said("error").is_empty() {
            return false;
        }
        // What cannot be released in time is not released; the claim is gone all the same.
        let gives_up = matches!(step, Step::StepDown | Step::Stop) && !victim.said("lost").is_empty();
        if gives_up && begin.elapsed() > Duration::from_secs(1) {
            return false;
        }
        assert!(begin.elapsed() < Duration::from_secs(45), "it does not come to an end:\n{}", victim.words());
        sleep(Duration::from_millis(2));
    }
}

fn leads_in_truth(world: &World, victim: &Contender) {
    let record = world.record().expect("a record");
    let token = victim.tokens().pop().expect("a token");
    assert!(record.version >= token, "{token} was acquired, and there is {record:?}");
    let identity = victim.said("identity").pop();
    assert_eq!(record.holder, identity, "it says that it leads");
}

fn says_what_would_help(world: &World, victim: &Contender) {
    let error = victim.said("error").pop().expect("an error");
    let named = world.home().ancestors().take(2).any(|path| error.contains(&path.display().to_string()));
    assert!(named, "{error}");
    assert!(error.contains("CLUSTER_LEADER_STORE=file:DIR") || error.contains("raise the limit"), "{error}");
}

#[test]
fn g4_any_call_of_a_first_start_fails() {
    failed_at_every_call(Found::NoDirectory, Step::Start);
}

#[test]
fn g4_any_call_of_a_take_over_fails() {
    failed_at_every_call(Found::ADeadHolder, Step::Start);
}

#[test]
fn g8_any_call_of_a_renewal_fails() {
    failed_at_every_call(Found::NothingInTheDirectory, Step::Renew);
}

#[test]
fn g7_any_call_of_a_step_down_fails() {
    failed_at_every_call(Found::NothingInTheDirectory, Step::StepDown);
}
