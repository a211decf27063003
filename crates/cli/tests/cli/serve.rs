//! `serve`: what the retired sidecar answered, and more.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use cluster_leader_tests_kubernetes::{Process, eventually, skipped};
use rustix::process::Signal;
use serde_json::Value;

use crate::world::World;

/// A sidecar that answers.
pub(crate) struct Sidecar {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Sidecar {
    pub(crate) fn start(world: &World, name: &str, options: &[&str]) -> Self {
        let process = world.start(name, &[&["serve", "--election=jobs"], options].concat());
        let address = process.await_line("where it listens", 0, |line| {
            line.text.strip_prefix("listening at http://")?.parse().ok()
        });
        Self { process, address }
    }

    pub(crate) fn at_any_port(world: &World, name: &str) -> Self {
        Self::start(world, name, &["--http=localhost:0"])
    }

    /// The status and the body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        ask(self.address, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn json(&self, path: &str) -> (u16, Value) {
        let (status, body) = self.get(path);
        (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}")))
    }

    pub(crate) fn await_leading(&self) {
        eventually("it leads", || (self.get("/is-leader").0 == 200).then_some(()));
    }
}

/// Sends this, and reads until the end.
pub(crate) fn ask(address: SocketAddr, request: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.write_all(request.as_bytes())?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    let status = reply.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = reply.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    status.zip(body).ok_or_else(|| std::io::Error::other(format!("no reply: {reply:?}")))
}

#[test]
fn the_leader_and_the_others_answer_who_leads() {
    let world = World::new();
    let leader = Sidecar::at_any_port(&world, "app-0");
    leader.await_leading();
    let follower = Sidecar::at_any_port(&world, "app-1");
    eventually("the follower knows", || (follower.json("/").1["name"] == "app-0").then_some(()));

    let (status, said) = leader.json("/");
    assert_eq!((status, &said["name"]), (200, &Value::from("app-0")));
    assert!(said["remaining_ms"].as_u64().unwrap() > 0, "{said}");
    assert!(said["last_update"].as_str().unwrap().ends_with('Z'), "{said}");
    let (status, said) = leader.json("/is-leader");
    assert_eq!((status, &said["leader"]), (200, &Value::from(true)));
    assert!(said["remaining_ms"].as_u64().unwrap() > 0 && said["fencing_token"].is_u64(), "{said}");

    let (status, said) = follower.json("/is-leader");
    assert_eq!((status, &said["leader"], &said["remaining_ms"]), (404, &false.into(), &0.into()), "{said}");
    assert_eq!(follower.json("/").1["remaining_ms"], 0);
    for sidecar in [&leader, &follower] {
        assert_eq!(sidecar.get("/healthz").0, 200);
        assert_eq!(sidecar.get("/readyz").0, 200);
        assert_eq!(sidecar.get("/nothing").0, 404);
    }
    let post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(ask(leader.address, post).unwrap().0, 405);

    leader.process.signal(Signal::TERM);
    assert_eq!(leader.process.await_exit().code(), Some(0));
    follower.await_leading();
    let (_, metrics) = follower.get("/metrics");
    for line in [
        "cluster_leader_is_leader{election=\"jobs\"} 1",
        "cluster_leader_term{election=\"jobs\"} 1",
        "cluster_leader_terms_acquired_total{election=\"jobs\"} 1",
        "cluster_leader_leader_info{election=\"jobs\",leader=\"app-1\"} 1",
        "# TYPE cluster_leader_remaining_seconds gauge",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line:?} is missing in\n{metrics}");
    }
}

/// Whoever compares the name with its own would take the other for itself.
#[test]
fn two_of_one_name_are_told_apart() {
    let world = World::new();
    let leader = Sidecar::at_any_port(&world, "twin");
    leader.await_leading();
    let follower = Sidecar::at_any_port(&world, "twin");
    let name = eventually("the follower knows", || {
        let name = follower.json("/").1["name"].as_str().unwrap().to_owned();
        (!name.is_empty()).then_some(name)
    });
    assert!(name.starts_with("twin_"), "{name}");
    assert_eq!(leader.json("/").1["name"], "twin");
}

#[test]
fn a_leader_that_cannot_renew_does_not_name_itself() {
    let world = World::new();
    let options = ["--http=localhost:0", "--ttl=3s"];
    let only = Sidecar::start(&world, "app-0", &options);
    only.await_leading();
    let _locked = world.lock();
    eventually("it names nobody", || (only.json("/").1["name"] == "").then_some(()));
    let record = std::fs::read_to_string(world.store().join("jobs.json")).unwrap();
    assert!(record.contains("\"app-0_"), "though the record still does: {record}");
    assert_ne!(only.get("/is-leader").0, 200);
    assert_eq!(only.get("/healthz").0, 200, "it is no fault of this process");
}

#[test]
fn the_options_of_the_retired_leader_elector_are_taken() {
    let world = World::new();
    let options = [
        "--id=app-7",
        "--election-namespace=team",
        "--ttl",
        "10s",
        "--http",
        ":0",
        "--use-cluster-credentials=true",
    ];
    let sidecar = Sidecar::start(&world, "unused", &options);
    sidecar.await_leading();
    assert!(sidecar.address.ip().is_loopback());
    assert_eq!(sidecar.json("/").1["name"], "app-7");
    let lease: Value =
        serde_json::from_slice(&std::fs::read(world.store().join("jobs.json")).unwrap()).unwrap();
    assert_eq!(lease["spec"]["leaseDurationSeconds"], 10);
}

#[test]
fn mistakes_are_named() {
    let world = World::new();
    for (options, parts) in [
        (&["--http=4040"][..], &["--http", "\"4040\"", "HOST:PORT"][..]),
        (&["--ttl=10"], &["--ttl", "\"10\"", "10s"]),
        (&["--ttl=1s"], &["--ttl", "1s"]),
        (&["--election=Bad_Name"], &["--election", "Bad_Name", "bad-name"]),
        (&["--store=disk"], &["--store", "disk", "file:DIR"]),
    ] {
        let said = world.output(&[&["serve"], options].concat());
        assert_eq!((said.code, &*said.out), (2, ""), "{said:?}");
        for part in parts {
            assert!(said.err.contains(part), "{part:?} is missing: {said:?}");
        }
    }
}

/// `new URL("http://localhost:4040")`, JSON, and a comparison with `HOSTNAME`.
#[test]
fn the_java_code_that_asked_the_sidecar_gets_the_right_answer() {
    let world = World::new();
    if Command::new("java").arg("-version").output().is_err() {
        return skipped("no java");
    }
    if std::net::TcpListener::bind("127.0.0.1:4040").is_err() {
        return skipped("another process listens at port 4040");
    }
    let leader = Sidecar::start(&world, "app-0", &[]);
    assert_eq!(leader.address.port(), 4040, "by default");
    leader.await_leading();
    let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/java/Seed.java");
    for (host_name, answer) in [("app-0", "true\n"), ("app-1", "false\n")] {
        let output = Command::new("java").arg(seed).env("HOSTNAME", host_name).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), answer, "{output:?}");
    }
}
