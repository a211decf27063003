//! `status`, `watch` and `step-down`, on files and on a cluster.

use cluster_leader_tests_kubernetes::{Process, eventually};
use jiff::{SignedDuration, Timestamp};
use rustix::process::Signal;
use serde_json::{Value, json};
use testkit::api::Fault;

use crate::serve::Sidecar;
use crate::world::{Said, World};

fn json_of(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// What `status` says of the one election `jobs`.
fn jobs(world: &World) -> Value {
    let said = world.output(&["status", "jobs", "-o", "json"]);
    json_of(&said)["elections"][0].clone()
}

#[test]
fn status_shows_who_holds_it_and_its_exit_code_whether_anybody_does() {
    for world in World::both() {
        let none = world.output(&["status", "jobs"]);
        assert_eq!(none.code, 3, "{none:?}");
        assert!(none.out.contains("absent"), "{none:?}");
        assert_eq!(world.output(&["status", "--all"]).code, 0, "nothing was named");

        let leader = Sidecar::at_any_port(&world, "app-0");
        leader.await_leading();
        let token = leader.json("/is-leader").1["fencing_token"].clone();
        let seen = jobs(&world);
        assert_eq!(seen["state"], "held");
        assert_eq!(seen["holder"], "app-0");
        assert!(seen["holder_identity"].as_str().unwrap().starts_with("app-0_"), "{seen}");
        assert_eq!(
            (&seen["lease_duration_ms"], &seen["term"], &seen["ours"]),
            (&json!(15_000), &json!(0), &json!(true))
        );
        let remaining = seen["remaining_ms"].as_u64().unwrap();
        assert!(remaining > 0 && remaining <= 15_000, "{seen}");
        for time in ["since", "renewed"] {
            assert!(seen[time].as_str().unwrap().ends_with('Z'), "{seen}");
        }
        // The first renewal tells it.
        eventually("the token", || (jobs(&world)["fencing_token"] == token).then_some(()));

        for arguments in
            [&["status", "jobs"][..], &["status", "--all"], &["status", "--election=jobs", "-o", "wide"]]
        {
            let said = world.output(arguments);
            assert_eq!(said.code, 0, "{said:?}");
            let row =
                said.out.lines().find(|line| line.starts_with("jobs ")).unwrap_or_else(|| panic!("{said:?}"));
            assert!(row.contains("held") && row.contains("app-0"), "{said:?}");
            assert!(!said.out.contains('\u{1b}'), "no colours but on a terminal: {said:?}");
        }
        leader.process.signal(Signal::TERM);
        leader.process.await_exit();
        assert_eq!(jobs(&world)["state"], "released");
        assert_eq!(world.output(&["status", "jobs"]).code, 3);
    }
}

#[test]
fn status_tells_the_dead_from_the_living() {
    let world = World::new();
    let leader = Sidecar::at_any_port(&world, "app-0");
    leader.await_leading();
    leader.process.kill();
    assert_eq!(jobs(&world)["state"], "dead", "the kernel knows");

    let world = World::cluster();
    add_lease(&world, 0);
    let seen = jobs(&world);
    assert_eq!(
        (&seen["state"], &seen["remaining_ms"], &seen["ours"]),
        (&json!("expired"), &json!(0), &json!(false))
    );
}

/// Another elector's, made two hours ago and not renewed for years, of this many terms.
fn add_lease(world: &World, transitions: i32) {
    let long_ago = "2020-01-01T00:00:00.000000Z";
    let made = Timestamp::now() - SignedDuration::from_hours(2);
    world.server().add(
        "team",
        "jobs",
        json!({
            "kind": "Lease", "apiVersion": "coordination.k8s.io/v1",
            "metadata": {"creationTimestamp": made.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()},
            "spec": {"holderIdentity": "somebody", "leaseDurationSeconds": 15, "renewTime": long_ago,
                     "acquireTime": long_ago, "leaseTransitions": transitions},
        }),
    );
}

#[test]
fn status_shows_how_often_terms_begin() {
    let world = World::cluster();
    add_lease(&world, 6);
    let rate = jobs(&world)["transitions_per_hour"].as_f64().unwrap();
    assert!((2.8..=3.0).contains(&rate), "6 in two hours: {rate}");
    let wide = world.output(&["status", "jobs", "-o", "wide"]);
    assert!(wide.out.contains("AN HOUR") && wide.out.contains(&format!("  {rate}  ")), "{wide:?}");
}

#[test]
fn a_leader_that_is_asked_steps_down_and_another_takes_over() {
    for world in World::both() {
        let leader = Sidecar::at_any_port(&world, "app-0");
        leader.await_leading();
        let follower = Sidecar::at_any_port(&world, "app-1");
        eventually("the follower knows", || (follower.json("/").1["name"] == "app-0").then_some(()));
        let said = world.output(&["step-down", "jobs", "-o", "json"]);
        assert_eq!(said.code, 0, "{said:?}");
        let done = json_of(&said);
        assert_eq!(
            (&done["election"], &done["from"], &done["to"]),
            (&json!("jobs"), &json!("app-0"), &json!("app-1"))
        );
        assert!(said.err.contains("app-0 is asked to step down"), "{said:?}");
        assert_eq!(jobs(&world)["step_down_requested"], false, "the request went with the term");
        assert_eq!(leader.get("/is-leader").0, 404);
    }
}

#[test]
fn nobody_else_or_nobody_at_all_is_said() {
    for world in World::both() {
        let none = world.output(&["step-down", "jobs"]);
        assert_eq!(none.code, 1, "{none:?}");
        assert!(none.err.contains("no election \"jobs\"") && none.err.contains("status --all"), "{none:?}");

        let only = Sidecar::start(&world, "app-0", &["--http=localhost:0", "--ttl=3s"]);
        only.await_leading();
        let said = world.output(&["step-down", "jobs"]);
        assert_eq!(said.code, 4, "{said:?}");
        assert!(said.err.contains("app-0 leads again: nobody else stood"), "{said:?}");
        let said = world.output(&["step-down", "jobs", "--timeout=0"]);
        assert_eq!(said.code, 0, "{said:?}");
        eventually("it is released", || (jobs(&world)["state"] == "released").then_some(()));
        let said = world.output(&["step-down", "jobs"]);
        assert!(said.err.contains("nobody holds it") || said.code == 4, "{said:?}");
    }
}

#[test]
fn another_elector_is_not_asked_what_it_would_not_understand() {
    let world = World::cluster();
    let spec = json!({"holderIdentity": "client-go", "leaseDurationSeconds": 15, "renewTime": "2099-01-01T00:00:00.000000Z"});
    world.server().add(
        "team",
        "jobs",
        json!({"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "spec": spec}),
    );
    let said = world.output(&["step-down", "jobs"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("client-go has written it with another elector"), "{said:?}");
    assert!(world.server().asked().iter().all(|request| !request.writes()));
}

#[test]
fn a_store_that_refuses_is_named_with_what_would_help() {
    let world = World::cluster();
    let _refuses = world.server().inject(Fault::refused(403, "Forbidden"), |_| true);
    for (arguments, part) in [
        (&["status", "jobs"][..], "resourceNames: [\"jobs\"]"),
        (&["status", "--all"], "verbs: [\"list\"]"),
        (&["step-down", "jobs"], "cannot get Lease team/jobs"),
    ] {
        let said = world.output(arguments);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains(part), "{part:?} is missing: {said:?}");
    }
}

#[test]
fn watch_shows_changes_and_sums_up() {
    for world in World::both() {
        let mut command = world.command("watcher", &["watch", "jobs", "--interval=20ms"]);
        let watcher = Process::start("watcher", &mut command);
        watcher.await_text("jobs  no record");
        let leader = Sidecar::at_any_port(&world, "app-0");
        watcher.await_text("jobs  held by app-0 (term 0)");
        leader.process.signal(Signal::TERM);
        leader.process.await_exit();
        watcher.await_text("jobs  released (term 0)");
        let _next = Sidecar::at_any_port(&world, "app-1");
        watcher.await_text("jobs  held by app-1 (term 1)");
        watcher.signal(Signal::INT);
        assert_eq!(watcher.await_exit().code(), Some(0));
        let summary = watcher.with_lines(|lines| lines.last().unwrap().text.clone());
        assert!(
            summary.starts_with("jobs: watched for ")
                && summary.contains(", 1 hand-overs, ")
                && summary.ends_with("A app-0, B app-1"),
            "{summary}"
        );
    }
}

#[test]
fn watch_counts_the_hand_overs_that_it_did_not_see() {
    let world = World::cluster();
    add_lease(&world, 2);
    let watcher =
        Process::start("watcher", &mut world.command("watcher", &["watch", "jobs", "--interval=20ms"]));
    watcher.await_text("(term 2)");
    world.server().edit("team", "jobs", |lease| lease["spec"]["leaseTransitions"] = json!(5));
    watcher.await_text("(term 5)");
    watcher.signal(Signal::INT);
    assert_eq!(watcher.await_exit().code(), Some(0));
    let summary = watcher.with_lines(|lines| lines.last().unwrap().text.clone());
    assert!(summary.contains(", 3 hand-overs, "), "{summary}");
}

#[test]
fn watch_for_programs_is_an_object_a_line() {
    let world = World::new();
    let leader = Sidecar::at_any_port(&world, "app-0");
    leader.await_leading();
    let said = world.output(&["watch", "jobs", "--for=200ms", "--interval=50ms", "-o", "json"]);
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["election"], &lines[0]["holder"]), (&json!("jobs"), &json!("app-0")), "{said:?}");
    assert_eq!(lines.last().unwrap()["summary"]["holders"], json!(["app-0"]), "{said:?}");
}
