//! A program written in C, as it is started everywhere: SIGPIPE would end it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use cluster_leader_tests_kubernetes::{ApiServer, Pod, Process, Turn};
use rustix::process::Signal;

use crate::elector;

/// `programs/host.c`, with the library that `make native` builds.
fn compiled(directory: &Path) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.ancestors().nth(2).unwrap();
    let library = env::var_os("TEST_LIBRARY")
        .map_or_else(|| root.join("target/release/libcluster_leader.so"), PathBuf::from);
    assert!(library.exists(), "{} is missing: make native builds it", library.display());
    std::fs::copy(&library, directory.join("libcluster_leader.so.1")).unwrap();
    let program = directory.join("host");
    let compiled = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-o"])
        .arg(&program)
        .arg("-I")
        .arg(root.join("include"))
        .arg(package.join("programs/host.c"))
        .arg(directory.join("libcluster_leader.so.1"))
        .arg("-Wl,-rpath,$ORIGIN")
        .status();
    assert!(compiled.unwrap().success());
    program
}

/// Does something to it, and waits for what it says afterwards.
fn says(process: &Process, word: &str, after: impl FnOnce()) {
    let lines = process.line_count();
    after();
    process.await_line(word, lines, |line| (line.text == word).then_some(()));
}

#[test]
fn g11_restarts_of_the_api_server_send_no_sigpipe_to_a_c_program() {
    let _turn = Turn::beside_another();
    let Some(server) = ApiServer::start("sigpipe") else { return };
    let namespace = server.namespace("sigpipe");
    let account = elector(&namespace, "host", "host");
    let directory = tempfile::tempdir().unwrap();
    let host = Pod::new(&server, "host", Some(account.files()), compiled(directory.path()))
        .env("CLUSTER_LEADER_ELECTION", "host")
        .env("CLUSTER_LEADER_LEASE_DURATION", "3s")
        .env("CLUSTER_LEADER_RENEW_DEADLINE", "2s")
        .env("CLUSTER_LEADER_RETRY_PERIOD", "500ms")
        .start();
    let host = &host.process;
    host.await_text("leads");
    says(host, "follows", || server.kill());
    says(host, "leads", || server.restart());
    // Requests are on their way to it when it dies: connections are reset, not closed.
    says(host, "follows", || server.freeze());
    server.kill();
    says(host, "leads", || server.restart());
    host.signal(Signal::TERM);
    let status = host.await_exit();
    assert!(status.success(), "{status}");
}
