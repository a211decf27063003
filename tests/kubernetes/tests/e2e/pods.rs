//! A leader whose container has ended is replaced at once, where pods are watched. Status is written
//! as kubelets write it.

use std::thread::sleep;
use std::time::{Duration, Instant};

use cluster_leader::Timing;
use cluster_leader_tests_kubernetes::{
    Candidate, Lease, Moment, Namespace, PodObject, ServiceAccount, TerminationLog, Turn,
    assert_one_at_a_time, container_status, eventually, measured, reigns, running, terminated,
};
use serde_json::{Value, json};

use crate::{SERVER, elector};

/// What a status may take to be acted on, whatever else the machine does. A lease that must not have
/// run out meanwhile lasts for minutes.
const AT_ONCE: Duration = Duration::from_secs(5);
/// Long enough to act on a status that is none to be acted on.
const TIME_ENOUGH: Duration = Duration::from_millis(300);

/// An account that may elect in `jobs` and watch pods.
fn watcher<'a>(namespace: &'a Namespace<'a>) -> ServiceAccount<'a> {
    let account = elector(namespace, "jobs", "jobs");
    account.allow_pods();
    account
}

/// A container of a pod, and the candidate in it.
struct Replica<'a> {
    pod: PodObject<'a>,
    log: TerminationLog,
    candidate: Candidate,
}

impl<'a> Replica<'a> {
    /// In a pod of its own, as a Deployment's are.
    fn start(account: &'a ServiceAccount<'a>, name: &str, timing: Timing) -> Self {
        Self::start_in(account.namespace().pod(name, json!({})), account, "jobs", timing)
    }

    fn start_in(pod: PodObject<'a>, account: &ServiceAccount<'_>, election: &str, timing: Timing) -> Self {
        let log = TerminationLog::new();
        let candidate = Candidate::start_watching_pods(account, pod.name(), election, timing, &log);
        Self { pod, log, candidate }
    }

    /// Starts one beside `leader`, and waits until it watches the leader's pod.
    fn start_beside(leader: &Self, account: &'a ServiceAccount<'a>, name: &str, timing: Timing) -> Self {
        let follower = Self::start(account, name, timing);
        follower.await_watch_on(leader, account);
        follower
    }

    fn await_watch_on(&self, leader: &Self, account: &ServiceAccount<'_>) {
        self.candidate.process().await_text(&format!("held by {}", leader.pod.name()));
        eventually("a watch on the leader's pod", || {
            (watches_of(account, leader.pod.name()) > 0).then_some(())
        });
        assert_eq!(self.candidate.terms(), []);
    }

    /// Kills the process, and reports it as its kubelet does. Returns the moment before that.
    fn kill_and_report(&self) -> Moment {
        self.candidate.process().kill();
        let reported = Moment::now();
        self.pod.report_container(&terminated(&self.log.message()), &json!({}));
        reported
    }
}

/// How often this account has asked to watch this pod.
fn watches_of(account: &ServiceAccount<'_>, pod: &str) -> usize {
    let requests = account.namespace().server().audit().of_user(&account.user());
    requests
        .iter()
        .filter(|request| {
            request.verb == "watch" && request.resource == "pods" && request.name.as_deref() == Some(pod)
        })
        .count()
}

/// When it said yes for the first time.
fn first_yes(candidate: &Candidate) -> Moment {
    eventually("a yes", || candidate.reigns().first().map(|reign| reign.from))
}

/// The leader dies, its kubelet says so, and the next one leads.
#[test]
fn g5_g8_a_leader_whose_container_has_ended_is_replaced_at_once() {
    const ROUNDS: usize = 30;
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("ended");
    let account = watcher(&namespace);
    let mut leader = Replica::start(&account, "replica-0", Candidate::slow());
    let mut token = leader.candidate.await_term_after(0).token;
    let mut waits = Vec::new();
    let mut all = Vec::new();
    for round in 1..=ROUNDS {
        let name = format!("replica-{round}");
        let follower = Replica::start_beside(&leader, &account, &name, Candidate::slow());
        let reported = leader.kill_and_report();
        token = follower.candidate.await_term_after(token).token;
        waits.push(first_yes(&follower.candidate).since(reported));
        assert_eq!(watches_of(&account, leader.pod.name()), 1);
        all.push(leader.candidate.reigns());
        leader = follower;
    }
    all.push(leader.candidate.reigns());
    assert_one_at_a_time(&reigns(all));
    waits.sort();
    let (least, median, most) = (waits[0], waits[ROUNDS / 2], waits[ROUNDS - 1]);
    measured(
        "from the report of a leader's end to the next yes",
        format_args!("{least:?} {median:?} {most:?} (least, median, most of {ROUNDS})"),
    );
    assert!(most <= AT_ONCE, "{waits:?}");
    let lines = leader.log.message();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(lines.starts_with(&format!("cluster-leader holder {}_", leader.pod.name())), "{lines}");
}

/// A container that is started again takes over from its own past.
#[test]
fn g5_g8_a_restarted_container_takes_over_from_its_predecessor() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("restarted");
    let account = watcher(&namespace);
    for reported_before in [true, false] {
        let election = format!("jobs-{reported_before}");
        account.allow_also(&election);
        let pod = namespace.pod(&format!("replica-{reported_before}"), json!({}));
        let past = Replica::start_in(pod, &account, &election, Candidate::slow());
        let term = past.candidate.await_term_after(0);
        past.candidate.process().kill();
        let ended = terminated(&past.log.message());
        if reported_before {
            past.pod.report_container(&ended, &json!({}));
        }
        let Replica { pod, candidate: predecessor, .. } = past;
        let present = Replica::start_in(pod, &account, &election, Candidate::slow());
        present.candidate.process().await_text("held by replica");
        if !reported_before {
            sleep(TIME_ENOUGH);
            assert_eq!(present.candidate.terms(), []);
        }
        let reported = Moment::now();
        present.pod.report_container(&running(), &ended);
        let next = present.candidate.await_term_after(term.token);
        assert!(first_yes(&present.candidate).since(reported) <= AT_ONCE);

        // The predecessor's end is still reported. It says nothing of whoever leads now.
        let follower_pod = namespace.pod(&format!("follower-{reported_before}"), json!({}));
        let follower = Replica::start_in(follower_pod, &account, &election, Candidate::slow());
        follower.await_watch_on(&present, &account);
        present.pod.report_container(&running(), &ended);
        sleep(TIME_ENOUGH);
        assert_eq!((present.candidate.current_term(), follower.candidate.terms()), (Some(next), vec![]));
        assert_one_at_a_time(&reigns([predecessor.reigns(), present.candidate.reigns()]));
    }
}

/// While the leader lives, its pod may look as bad as it will.
#[test]
fn g2_g5_a_leader_is_not_replaced_for_what_is_no_proof_of_its_death() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("no-proof");
    let account = watcher(&namespace);
    let mut leader = Replica::start(&account, "leader", Candidate::slow());
    let term = leader.candidate.await_term_after(0);
    let follower = Replica::start_beside(&leader, &account, "follower", Candidate::slow());
    let line = eventually("its line", || Some(leader.log.message()).filter(|line| line.ends_with('\n')));
    let nothing = json!({});
    let ended = terminated(&line);
    let without_time = {
        let mut ended = ended.clone();
        ended["terminated"]["finishedAt"] = Value::Null;
        ended
    };
    let elsewhere = |container: &str| json!([container_status(container, &ended, &nothing)]);
    let states = [
        ("another identity", terminated("cluster-leader holder leader_another\n"), nothing.clone()),
        ("a predecessor", running(), terminated("cluster-leader holder leader_another\n")),
        ("no message", terminated(""), nothing.clone()),
        ("overwritten", terminated("out of luck\n"), nothing.clone()),
        ("cut at the end", terminated(line.trim_end()), nothing.clone()),
        ("cut at the beginning", terminated(&line[1..]), nothing.clone()),
        ("glued to other words", terminated(&format!("out of luck: {line}")), nothing.clone()),
        ("no time of the end", without_time.clone(), nothing.clone()),
        ("no time of the end of the last one", running(), without_time),
        ("waiting", json!({ "waiting": { "reason": "CrashLoopBackOff" } }), nothing.clone()),
    ];
    let unmoved = |what: &str| {
        sleep(TIME_ENOUGH);
        assert_eq!(follower.candidate.terms(), [], "{what}");
    };
    for (what, state, last_state) in &states {
        leader.pod.report_container(state, last_state);
        unmoved(what);
    }
    leader.pod.report_container(&running(), &nothing);
    leader.pod.report(&json!({ "initContainerStatuses": elsewhere("first") }));
    unmoved("an init container");
    leader.pod.report(&json!({ "ephemeralContainerStatuses": elsewhere("look") }));
    unmoved("an ephemeral container");
    leader.pod.report(&json!({ "containerStatuses": elsewhere("other") }));
    unmoved("a container that the pod does not have");
    leader.pod.report_container(&running(), &nothing);
    leader.pod.report(&json!({ "phase": "Failed", "reason": "NodeLost" }));
    unmoved("Failed");
    leader.pod.delete_at_once();
    unmoved("deleted, and it runs all the same");
    leader.pod = namespace.pod("leader", json!({}));
    leader.pod.report_container(&running(), &terminated("cluster-leader holder leader_another\n"));
    unmoved("another pod of the same name");
    assert_eq!(leader.candidate.terms(), [term]);

    // It would have seen a proof all the time.
    let reported = leader.kill_and_report();
    follower.candidate.await_term_after(term.token);
    assert!(first_yes(&follower.candidate).since(reported) <= AT_ONCE);
    assert_one_at_a_time(&reigns([leader.candidate.reigns(), follower.candidate.reigns()]));
}

/// Where the pod itself allows no proof, or there is none any more, the lease is waited out.
#[test]
fn g2_g5_where_there_is_no_proof_the_lease_is_waited_out() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("waited-out");
    let account = watcher(&namespace);
    type Afterwards = fn(&Replica<'_>);
    let report: Afterwards = |leader| {
        leader.pod.report_container(&terminated(&leader.log.message()), &json!({}));
    };
    let cases: [(&str, Value, Afterwards); 4] = [
        ("host", json!({ "hostPID": true }), report),
        ("shared", json!({ "shareProcessNamespace": true }), report),
        ("deleted", json!({}), |leader| leader.pod.delete_at_once()),
        ("lost", json!({}), |leader| leader.pod.report(&json!({ "phase": "Failed", "reason": "NodeLost" }))),
    ];
    let pairs = cases.map(|(election, spec, afterwards)| {
        account.allow_also(election);
        let timing = Candidate::quick();
        let leader = Replica::start_in(namespace.pod(election, spec), &account, election, timing);
        let term = leader.candidate.await_term_after(0);
        let pod = namespace.pod(&format!("{election}-follower"), json!({}));
        let follower = Replica::start_in(pod, &account, election, timing);
        follower.await_watch_on(&leader, &account);
        (election, leader, term, follower, afterwards)
    });
    // Or later: it still lives.
    let renewed = pairs.each_ref().map(|(election, ..)| renewal(&namespace.lease(election)));
    for (_, leader, ..) in &pairs {
        leader.candidate.process().kill();
    }
    for (_, leader, .., afterwards) in &pairs {
        afterwards(leader);
    }
    for ((election, leader, term, follower, _), renewed) in pairs.iter().zip(renewed) {
        follower.candidate.await_term_after(term.token);
        let waited = first_yes(&follower.candidate).since(renewed);
        measured(
            &format!("{election}: from the last renewal to the next leader"),
            format_args!("{waited:?}"),
        );
        let lease_duration = Candidate::quick().lease_duration();
        // Two clocks were compared.
        assert!(waited >= lease_duration - Duration::from_millis(50), "{election}: {waited:?}");
        assert_one_at_a_time(&reigns([leader.candidate.reigns(), follower.candidate.reigns()]));
    }
}

/// When its holder renewed it, by the holder's wall clock.
fn renewal(lease: &Lease<'_>) -> Moment {
    let time = lease.get()["spec"]["renewTime"].clone();
    Moment::at(time.as_str().and_then(|time| time.parse().ok()).expect("a time"))
}

/// Who may not watch pods says so once, and how to allow it; and asks again, less and less often.
#[test]
fn g8_g10_where_pods_may_not_be_watched_it_is_said_once_and_elections_go_on() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("no-pods");
    let account = elector(&namespace, "jobs", "jobs");
    let leader = Replica::start(&account, "leader", Candidate::slow());
    let term = leader.candidate.await_term_after(0);
    let begun = Instant::now();
    let follower = Replica::start_beside(&leader, &account, "follower", Candidate::slow());
    let said = follower.candidate.process().await_text("cannot watch pods").text;
    for word in [namespace.name(), "403", "ServiceAccount"] {
        assert!(said.contains(word), "{word:?} is missing: {said}");
    }
    for line in ["- apiGroups: [\"\"]", "resources: [\"pods\"]", "verbs: [\"watch\"]"] {
        follower.candidate.process().await_text(line);
    }
    eventually("three refusals", || (watches_of(&account, "leader") >= 3).then_some(()));
    assert!(begun.elapsed() >= Duration::from_secs(2), "it asks again too soon");
    let times = follower
        .candidate
        .process()
        .with_lines(|lines| lines.iter().filter(|line| line.text.contains("cannot watch pods")).count());
    assert_eq!(times, 1);

    account.allow_pods();
    let reported = leader.kill_and_report();
    follower.candidate.await_term_after(term.token);
    measured(
        "from the report of a leader's end to the next yes, once pods may be watched",
        format_args!("{:?}", first_yes(&follower.candidate).since(reported)),
    );
}

/// A process that cannot leave a proof of its death says so once, and leads all the same.
#[test]
fn g8_without_a_termination_log_there_is_a_warning_and_a_leader() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("no-log");
    let account = watcher(&namespace);
    let log = TerminationLog::new();
    std::fs::remove_file(log.path()).expect("it was there");
    let leader = Candidate::start_watching_pods(&account, "leader", "jobs", Candidate::quick(), &log);
    leader.await_term_after(0);
    let said = leader.process().await_text("WARN").text;
    for word in [&*log.path().to_string_lossy(), "CLUSTER_LEADER_TERMINATION_LOG", "lease to run out"] {
        assert!(said.contains(word), "{word:?} is missing: {said}");
    }
    assert!(!log.path().exists());
}
