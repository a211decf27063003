//! Three replicas of the example, under the manifests of `examples/kubernetes` as they are.

use std::collections::BTreeMap;
use std::path::Path;

use cluster_leader_tests_kubernetes::{
    Moment, Monolith, Run, Turn, documents_in, environment, eventually, measured, skipped,
};
use rustix::process::Signal;

use crate::{MINIMAL, SERVER};

/// The jobs run on one of three JVMs; after a SIGTERM on another, at once; after a SIGKILL on the
/// third, once the lease has run out. No tick is run by two.
#[test]
fn g2_g7_g8_three_jvms_and_their_jobs() {
    let jar = match Monolith::jar() {
        Ok(jar) => jar,
        Err(why) => return skipped(why),
    };
    let _turn = Turn::alone();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.default_namespace();
    let manifests = documents_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/kubernetes"));
    for object in &manifests {
        namespace.apply(object);
    }
    let deployment = manifests.iter().find(|object| object["kind"] == "Deployment").unwrap();
    let account = deployment["spec"]["template"]["spec"]["serviceAccountName"].as_str().unwrap();
    let account = namespace.existing_account(account);
    account.await_right("update", "billing-jobs");

    let start = |pod: &str| {
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let environment = environment(container, pod, namespace.name());
        Monolith::start(server, pod, &jar, account.files(), environment)
    };
    let all = ["billing-7d9c5b8f64-2xk9q", "billing-7d9c5b8f64-8wvzn", "billing-7d9c5b8f64-tq4lm"].map(start);
    for monolith in &all {
        monolith.await_ticks();
    }
    let first = await_leader(&all, &[]);
    first.await_runs(5);
    assert_eq!(all.iter().filter(|monolith| !monolith.runs().is_empty()).count(), 1, "two run jobs");
    let holder = namespace.lease("billing-jobs").get()["spec"]["holderIdentity"].clone();
    assert!(holder.as_str().unwrap().starts_with(first.process().name()), "{holder}");

    let terminated = Moment::now();
    first.process().signal(Signal::TERM);
    let status = first.process().await_exit();
    assert_eq!(status.code(), Some(128 + 15), "{status}");
    let second = await_leader(&all, &[first]);
    let from = second.leads_since().unwrap();
    measured(
        "JVMs: from the SIGTERM of the leader to the next",
        format_args!("{:?}", from.since(terminated)),
    );
    second.await_runs(5);

    let killed = second.process().kill();
    let third = await_leader(&all, &[first, second]);
    let from = third.leads_since().unwrap();
    measured("JVMs: from the SIGKILL of the leader to the next", format_args!("{:?}", from.since(killed)));
    third.await_runs(5);

    let mut runs: Vec<_> = all.iter().flat_map(Monolith::runs).collect();
    runs.sort_by_key(|run| run.millis);
    let mut instances: Vec<_> = runs.iter().map(|run| run.instance.as_str()).collect();
    instances.dedup();
    assert_eq!(instances, [first, second, third].map(|monolith| monolith.process().name()), "{runs:#?}");
    assert_eq!(doubled(&runs), [], "{runs:#?}");
    measured("JVMs: seconds from one InvoiceJob to the next, the three longest", longest_pauses(&runs));
}

/// A JVM that was deployed without the Role runs, and says in the application's log what it lacks.
#[test]
fn g11_a_jvm_without_rights() {
    let jar = match Monolith::jar() {
        Ok(jar) => jar,
        Err(why) => return skipped(why),
    };
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("no-role");
    let account = namespace.account("billing");
    let election = [("CLUSTER_LEADER_ELECTION".to_owned(), "jobs".to_owned())];
    let monolith = Monolith::start(server, "billing", &jar, account.files(), election.into());
    monolith.await_ticks();
    let said = monolith.process().await_text("403 Forbidden").text;
    for word in ["WARN", "io.clusterleader", "cannot get", "Lease", "jobs", namespace.name()] {
        assert!(said.contains(word), "{word:?} is missing: {said}");
    }
    account.allow(&MINIMAL, "jobs");
    eventually("it leads", || monolith.leads_since());
    monolith.await_runs(1);
}

/// Waits until one leads that did not lead earlier.
fn await_leader<'a>(all: &'a [Monolith], earlier: &[&Monolith]) -> &'a Monolith {
    let new = |one: &&Monolith| !earlier.iter().any(|other| other.process().name() == one.process().name());
    eventually("one of them leads", || {
        all.iter().filter(new).find(|monolith| monolith.leads_since().is_some())
    })
}

/// The ticks that were run more than once.
fn doubled(runs: &[Run]) -> Vec<(&str, i64)> {
    let mut counts = BTreeMap::new();
    for run in runs {
        *counts.entry((run.job.as_str(), run.tick())).or_insert(0) += 1;
    }
    counts.into_iter().filter(|(_, count)| *count > 1).map(|(tick, _)| tick).collect()
}

fn longest_pauses(runs: &[Run]) -> String {
    let invoices: Vec<_> = runs.iter().filter(|run| run.job == "InvoiceJob").map(|run| run.millis).collect();
    let mut pauses: Vec<_> = invoices.windows(2).map(|pair| pair[1] - pair[0]).collect();
    pauses.sort_unstable_by(|one, other| other.cmp(one));
    let pauses = pauses.iter().take(3).map(|millis| format!("{}.{:03}", millis / 1000, millis % 1000));
    pauses.collect::<Vec<_>>().join(", ")
}
