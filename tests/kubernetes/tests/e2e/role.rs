//! The Role of `examples/kubernetes`: enough, used to the last verb, and each of its verbs needed.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::Duration;

use cluster_leader_tests_kubernetes::{
    Candidate, Namespace, ServiceAccount, Turn, assert_one_at_a_time, eventually, measured, reigns,
};
use serde_json::{Value, json};

use crate::examples::manifests;
use crate::{SERVER, await_renewal, follower};

const ELECTION: &str = "billing-jobs";

/// Longer than a quick candidate's lease and the pauses after it.
const TIME_ENOUGH: Duration = Duration::from_secs(5);

fn rules() -> Value {
    let role = manifests("").into_iter().find(|object| object["kind"] == "Role").expect("a Role");
    role["rules"].clone()
}

/// The same without a verb.
fn rules_without(verb: &str) -> Value {
    let mut rules = rules();
    let rules = rules.as_array_mut().expect("rules");
    for rule in rules.iter_mut() {
        rule["verbs"].as_array_mut().expect("verbs").retain(|it| it != verb);
    }
    rules.retain(|rule| rule["verbs"] != json!([]));
    json!(rules)
}

/// Verb, resource, and the name of the object; a right to create cannot have one.
type Right = (String, String, Option<String>);

fn granted() -> BTreeSet<Right> {
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut rights = BTreeSet::new();
    for rule in rules().as_array().unwrap() {
        let names = texts(&rule["resourceNames"]);
        let names = if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() };
        for resource in texts(&rule["resources"]) {
            for verb in texts(&rule["verbs"]) {
                rights.extend(names.iter().map(|name| (verb.clone(), resource.clone(), name.clone())));
            }
        }
    }
    rights
}

/// It leads, follows with a watch, renews, steps down, hands over as it ends: no request is refused, and there is no
/// right that was not used.
#[test]
fn g7_g8_g10_the_role_of_the_examples_is_enough_and_used_to_the_last_verb() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("role");
    let account = namespace.account("billing");
    account.grant(&rules(), "update", ELECTION);
    let first = Candidate::start(&account, "first", ELECTION, Candidate::quick());
    let term = first.await_term_after(0);
    let second = follower(&account, "second", &first, Candidate::quick());
    await_renewal(&namespace.lease(ELECTION));
    first.step_down();
    let next = second.await_term_after(term.token);
    first.process().await_text("held by second");
    second.stop();
    first.await_term_after(next.token);
    first.stop();
    let gaps = assert_one_at_a_time(&reigns([first.reigns(), second.reigns()]));
    measured("with the Role of the examples: from one leader to the next", format_args!("{gaps:?}"));

    let requests = eventually("the releasing update in the audit log", || {
        let requests = server.audit().of_user(&account.user());
        requests.last().is_some_and(|last| last.verb == "update").then_some(requests)
    });
    let refused: Vec<_> = requests.iter().filter(|request| matches!(request.status, 401 | 403)).collect();
    assert!(refused.is_empty(), "more is needed: {refused:#?}");
    let used: BTreeSet<Right> = requests
        .into_iter()
        .map(|request| {
            let name = request.name.filter(|_| request.verb != "create");
            (request.verb, request.resource, name)
        })
        .collect();
    assert_eq!(used, granted(), "left: what was asked for; right: what the Role grants");
}

/// Without `create` there is no Lease, unless somebody else makes it.
#[test]
fn g8_without_the_verb_create_a_lease_must_be_there() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("no-create");
    let (_account, candidate) = deprived(&namespace, "create", "update");
    said_cannot(&candidate, "create", &namespace);
    assert_eq!((namespace.lease(ELECTION).find(), candidate.terms()), (None, vec![]));
    namespace.lease(ELECTION).create(json!({}));
    candidate.await_term_after(0);
}

/// Without `get` nobody leads, whether there is a Lease or not.
#[test]
fn g8_without_the_verb_get_nobody_leads() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("no-get");
    let (_account, candidate) = deprived(&namespace, "get", "update");
    said_cannot(&candidate, "get", &namespace);
    namespace.lease(ELECTION).create(json!({}));
    sleep(TIME_ENOUGH);
    assert_eq!(candidate.terms(), []);
}

/// Without `update` whoever makes the Lease leads until its first claim has run out, and nobody after it.
#[test]
fn g8_without_the_verb_update_there_is_one_short_term() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("no-update");
    let (account, first) = deprived(&namespace, "update", "get");
    let term = first.await_term_after(0);
    let second = Candidate::start(&account, "second", ELECTION, Candidate::quick());
    assert_eq!(first.await_loss(term.token), "Expired");
    said_cannot(&first, "update", &namespace);
    said_cannot(&second, "update", &namespace);
    sleep(TIME_ENOUGH);
    assert_eq!((first.terms(), second.terms()), (vec![term], vec![]));
}

/// Without `watch` followers poll, and say so; that and how soon they notice: [`crate::rights`].
#[test]
fn g8_without_the_verb_watch_followers_poll() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("no-watch");
    let (account, first) = deprived(&namespace, "watch", "update");
    let term = first.await_term_after(0);
    let second = follower(&account, "second", &first, Candidate::quick());
    second.process().await_text("polls, as long as it cannot be watched");
    let polls = || {
        let requests = server.audit().of_user(&account.user());
        assert!(!requests.iter().any(|request| request.verb == "watch" && request.status == 200));
        requests.iter().filter(|request| request.verb == "get").count()
    };
    let before = polls();
    eventually("polls", || (polls() > before + 2).then_some(()));
    first.stop();
    second.await_term_after(term.token);
}

/// A candidate whose Role lacks a verb, but has another.
fn deprived<'a>(namespace: &'a Namespace<'a>, of: &str, but_has: &str) -> (ServiceAccount<'a>, Candidate) {
    let account = namespace.account("billing");
    account.grant(&rules_without(of), but_has, ELECTION);
    let candidate = Candidate::start(&account, "first", ELECTION, Candidate::quick());
    (account, candidate)
}

fn said_cannot(candidate: &Candidate, verb: &str, namespace: &Namespace<'_>) {
    let said = candidate.process().await_text(&format!("cannot {verb} Lease")).text;
    assert!(said.contains("403") && said.contains(namespace.name()), "{said}");
    candidate.process().await_text("verbs: [\"get\", \"update\", \"watch\"]");
}
