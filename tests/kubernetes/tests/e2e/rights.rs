//! What RBAC allows, and what is said where it does not.

use cluster_leader_tests_kubernetes::{
    Candidate, Turn, assert_one_at_a_time, documents, eventually, measured, reigns,
};

use crate::{SERVER, await_renewal, follower};

/// Without the right to watch, an election polls, and says so once.
#[test]
fn g8_where_watch_is_forbidden_elections_poll() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("polling");
    let account = namespace.account("jobs");
    account.allow(&["get", "update"], "jobs");
    // Its lease runs out too late: that it was released must be seen.
    let first = Candidate::start(&account, "first", "jobs", Candidate::slow());
    let term = first.await_term_after(0);
    let second = follower(&account, "second", &first, Candidate::quick());
    for candidate in [&first, &second] {
        let said = candidate.process().await_text("cannot watch").text;
        for word in ["polls", "Lease", "jobs", namespace.name(), "403", "namespace"] {
            assert!(said.contains(word), "{word:?} is missing: {said}");
        }
    }

    first.stop();
    let next = second.await_term_after(term.token);
    let third = follower(&account, "third", &second, Candidate::quick());
    second.process().kill();
    third.await_term_after(next.token);

    let gaps = assert_one_at_a_time(&reigns([first.reigns(), second.reigns(), third.reigns()]));
    measured("polling: from the stop of a leader to the next", format_args!("{:?}", gaps[0]));
    measured("polling: from the death of a leader to the next", format_args!("{:?}", gaps[1]));
    // It tries to watch again, from time to time, and is refused again.
    eventually("several refusals", || {
        let requests = server.audit().of_user(&account.user());
        (requests.iter().filter(|request| request.verb == "watch" && request.status == 403).count() > 6)
            .then_some(())
    });
    third.process().await_text("cannot watch");
    for candidate in [&first, &second, &third] {
        let times = candidate
            .process()
            .with_lines(|lines| lines.iter().filter(|line| line.text.contains("cannot watch")).count());
        assert_eq!(times, 1, "{} said {times} times that it cannot watch", candidate.process());
    }
}

/// Where nothing is allowed the answer is no, and the log says what would allow it. It does.
#[test]
fn g8_g10_g11_the_log_says_which_rights_are_missing() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("forbidden");
    let account = namespace.account("jobs");
    let candidate = Candidate::start(&account, "one", "jobs", Candidate::quick());
    candidate.process().await_text("verbs: [\"get\", \"update\", \"watch\"]");
    let (sentence, yaml) = advice(&candidate);
    for word in ["cannot get", "Lease", "jobs", namespace.name(), "403", "ServiceAccount"] {
        assert!(sentence.contains(word), "{word:?} is missing: {sentence}");
    }

    let refused = eventually("several refusals", || {
        let refused = server.audit().of_user(&account.user());
        (refused.len() > 10).then_some(refused)
    });
    let span = refused[10].received.since(refused[0].received);
    let rate = 10.0 / span.as_secs_f64();
    measured("requests where everything is forbidden, per retry period", format_args!("{:.1}", rate / 2.0));
    assert!(rate <= 4.0, "more than 2 a retry period: {refused:#?}");
    assert_eq!(candidate.reigns().len(), 0);

    let rules = documents(&yaml).remove(0)["rules"].clone();
    account.grant(&rules, "update", "jobs");
    let term = candidate.await_term_after(0);
    await_renewal(&namespace.lease("jobs"));
    assert_eq!(candidate.terms(), [term]);
    // The same rights are enough to follow.
    let follower = follower(&account, "two", &candidate, Candidate::quick());
    candidate.stop();
    follower.await_term_after(term.token);
}

/// Of the first line that advises on rights, and those that it goes on with: what it says, and YAML.
fn advice(candidate: &Candidate) -> (String, String) {
    candidate.process().with_lines(|lines| {
        let lines: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        let yaml = lines.iter().position(|line| line.starts_with("rules:")).unwrap();
        let belongs =
            |line: &&&str| line.starts_with("rules:") || line.starts_with("- ") || line.starts_with("  ");
        (
            lines[yaml - 1].to_owned(),
            lines[yaml..].iter().take_while(belongs).copied().collect::<Vec<_>>().join("\n"),
        )
    })
}
