//! What a process grows by when it loads the library and stands in one election.

use std::path::Path;
use std::process::Command;

use cluster_leader_tests_kubernetes::{ApiServer, Namespace, Pod, Process};

use crate::election::NAME;
use crate::here;
use crate::results::Growth;

/// For two renewals.
const STANDS_FOR_S: &str = "12";

/// Of so many pairs of a leader and a follower.
pub(crate) fn growth(library: &Path, server: &ApiServer, pairs: usize) -> Result<Vec<Growth>, String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let program = directory.path().join("growth");
    let mut compile = Command::new("cc");
    compile
        .args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(here("../include"))
        .arg("-o")
        .arg(&program)
        .arg(here("growth/growth.c"))
        .arg("-ldl");
    let compiled = compile.output().map_err(|error| format!("{compile:?}: {error}"))?;
    if !compiled.status.success() {
        return Err(format!("{compile:?}: {}", String::from_utf8_lossy(&compiled.stderr)));
    }
    let namespaces: Vec<Namespace<'_>> = (0..pairs).map(|_| server.namespace("growth")).collect();
    let pods: Vec<_> = namespaces
        .iter()
        .flat_map(|namespace| {
            let account = namespace.account("candidate");
            account.allow(&["get", "update", "watch"], NAME);
            let start = |name: &str| {
                Pod::new(server, name, Some(account.files()), &program)
                    .arg(library)
                    .arg(STANDS_FOR_S)
                    .env("ELECTION_NAME", NAME)
                    .env("ELECTION_NAMESPACE", namespace.name())
                    .env("ELECTION_IDENTITY", name)
                    .start()
            };
            [start("one"), start("other")]
        })
        .collect();
    Ok(pods.iter().map(|pod| growth_of(&pod.process)).collect())
}

fn growth_of(process: &Process) -> Growth {
    let leads = process.await_line("its role", 0, |line| match line.text.strip_prefix("role ")? {
        "leader" => Some(true),
        _ => Some(false),
    });
    let size = |when: &str| -> Vec<i64> {
        process.await_line(when, 0, |line| {
            let rest = line.text.strip_prefix("size ")?.strip_prefix(when)?.strip_prefix(' ')?;
            rest.split(' ').map(|number| number.parse().ok()).collect()
        })
    };
    let (before, stands) = (size("before"), size("stands"));
    let by = |i: usize| stands[i] - before[i];
    Growth { leads, rss_kib: by(0), anonymous_kib: by(1), threads: by(2) }
}
