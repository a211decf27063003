//! `serve` among clients that are slow, mad or many.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cluster_leader_tests_kubernetes::measured;

use crate::serve::{Sidecar, ask};
use crate::world::World;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost:4040\r\n\r\n";

/// More than are ever open at a time, each with half a request, which goes on a byte a time.
#[test]
fn slow_clients_keep_nobody_waiting() {
    let world = World::new();
    let sidecar = Sidecar::at_any_port(&world, "app-0");
    sidecar.await_leading();
    let mut slow = Vec::new();
    for round in 0..3 {
        for _ in 0..300 {
            let mut stream = TcpStream::connect(sidecar.address).unwrap();
            stream.write_all(b"GET / HT").unwrap();
            slow.push(stream);
        }
        for stream in &mut slow {
            // It may have been closed by now.
            drop(stream.write_all(b"T"));
        }
        let asked = Instant::now();
        assert_eq!(sidecar.get("/is-leader").0, 200, "round {round}");
        measured("an answer among 300 slow clients", format!("{:?}", asked.elapsed()));
    }
    let open = std::fs::read_dir(format!("/proc/{}/fd", sidecar.process.id())).unwrap().count();
    assert!(open < 600, "{open} descriptors are open, with {} clients", slow.len());
}

#[test]
fn garbage_is_refused_and_harms_nobody() {
    let world = World::new();
    let sidecar = Sidecar::at_any_port(&world, "app-0");
    sidecar.await_leading();
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1 << 20));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(10_000));
    let bytes: String = (1..=255_u8).map(char::from).collect();
    for garbage in [
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}",
        "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\n",
        "GET http://[::1 HTTP/1.1\r\n\r\n",
        &long,
        &many,
        &bytes,
    ] {
        let mut stream = TcpStream::connect(sidecar.address).unwrap();
        // It may be refused before it has been sent.
        drop(stream.write_all(garbage.as_bytes()));
        drop(stream);
        assert_eq!(sidecar.get("/").0, 200, "after {:?}", garbage.chars().take(40).collect::<String>());
    }
    let (status, _) =
        ask(sidecar.address, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(status, 200);
}

/// Whoever asks without end and never reads is let go, and holds nobody up.
#[test]
fn whoever_does_not_read_holds_nobody_up() {
    let world = World::new();
    let sidecar = Sidecar::at_any_port(&world, "app-0");
    sidecar.await_leading();
    let flood: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = TcpStream::connect(sidecar.address).unwrap();
            stream.set_nonblocking(true).unwrap();
            let requests = REQUEST.repeat(10_000);
            // As much as fits.
            drop(stream.write(&requests));
            stream
        })
        .collect();
    assert_eq!(sidecar.get("/is-leader").0, 200);
    drop(flood);
}

/// Printed, not judged: the machine may be busy, and the build unoptimised.
#[test]
fn how_many_requests_a_second() {
    let world = World::new();
    let sidecar = Sidecar::at_any_port(&world, "app-0");
    sidecar.await_leading();
    let over = AtomicBool::new(false);
    let begun = Instant::now();
    let mut latencies: Vec<Duration> = thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(|| ask_until(sidecar.address, &over))).collect();
        thread::sleep(Duration::from_secs(2));
        over.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let took = begun.elapsed();
    latencies.sort_unstable();
    let per_second = latencies.len() as f64 / took.as_secs_f64();
    let at = |share: usize| latencies[(latencies.len() - 1) * share / 1000];
    measured("requests a second, 8 connections", format!("{per_second:.0}"));
    measured("latency", format!("p50 {:?}, p99 {:?}, p99.9 {:?}", at(500), at(990), at(999)));
    assert!(per_second > 100.0);
}

fn ask_until(address: SocketAddr, over: &AtomicBool) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut reply = [0; 1024];
    let mut latencies = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let asked = Instant::now();
        stream.write_all(REQUEST).unwrap();
        let length = stream.read(&mut reply).unwrap();
        assert!(reply[..length].ends_with(b"}\n"), "{:?}", String::from_utf8_lossy(&reply[..length]));
        latencies.push(asked.elapsed());
    }
    latencies
}
