//! What a question costs, by JMH.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cluster_leader_tests_kubernetes::Process;
use serde_json::Value;

use crate::here;
use crate::results::{Read, Versions, round};
use crate::say;

/// How long each is asked, in the manner of JMH.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Questions {
    /// Rounds of all questions: each is asked by a JVM of its own in each of them, so that a moment in
    /// which the machine is busy meets what is compared alike.
    pub(crate) rounds: usize,
    pub(crate) warm_up_seconds: u32,
    pub(crate) seconds: u32,
}

/// The methods of the benchmark, and what they ask.
const QUESTIONS: [(&str, &str); 4] = [
    ("nanoTime", "System.nanoTime()"),
    ("atomicBoolean", "AtomicBoolean.get()"),
    ("isThisInstanceLeader", "isThisInstanceLeader()"),
    ("sidecar", "the sidecar"),
];

/// The costs, and the versions of what measured them.
pub(crate) fn read(questions: Questions) -> Result<(Vec<Read>, Versions), String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let jar = here("java/target/is-leader.jar");
    if !jar.exists() {
        return Err("bench/java/target/is-leader.jar is missing: `make bench` builds it".to_owned());
    }
    let sidecar = directory.path().join("sidecar");
    must(Command::new("go").args(["build", "-o"]).arg(&sidecar).arg(here("sidecar/main.go")))?;
    let sidecar = Process::start("sidecar", &mut Command::new(&sidecar));
    let url = sidecar
        .await_line("where it listens", 0, |line| line.text.strip_prefix("listening ").map(str::to_owned));
    let file = directory.path().join("jmh.json");
    let mut reads: Vec<Read> = Vec::new();
    let mut versions = Versions::new();
    for round in 0..questions.rounds {
        for entry in ask(&jar, &url, questions, &file)? {
            note(&mut reads, &entry).ok_or_else(|| format!("JMH wrote {entry}"))?;
            for (name, what) in [("JMH", "jmhVersion"), ("JVM", "vmName"), ("JDK", "jdkVersion")] {
                let version = format!("{name} {}", entry[what].as_str().unwrap_or_default());
                versions.insert(name.to_owned(), version);
            }
        }
        say(format_args!("questions: {} of {} rounds", round + 1, questions.rounds));
    }
    reads.sort_by_key(|read| QUESTIONS.iter().position(|(_, what)| *what == read.what));
    Ok((reads, versions))
}

fn ask(jar: &Path, url: &str, questions: Questions, file: &PathBuf) -> Result<Vec<Value>, String> {
    must(
        Command::new("java")
            .arg("-jar")
            .arg(jar)
            .args(["-f", "1", "-w", "1s", "-r", "1s", "-prof", "gc", "-rf", "json", "-rff"])
            .arg(file)
            .args(["-wi", &questions.warm_up_seconds.to_string(), "-i", &questions.seconds.to_string()])
            .args(["-jvmArgs", &format!("-Dsidecar.url={url}")]),
    )?;
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| format!("JMH wrote no JSON: {error}"))
}

/// Adds a value of a fork.
fn note(reads: &mut Vec<Read>, entry: &Value) -> Option<()> {
    let method = entry["benchmark"].as_str()?.rsplit('.').next()?;
    let (_, what) = QUESTIONS.iter().find(|(name, _)| *name == method)?;
    let role = entry["params"]["role"].as_str();
    let known = reads.iter().position(|read| read.what == *what && read.role.as_deref() == role);
    let place = known.unwrap_or_else(|| {
        reads.push(Read {
            what: (*what).to_owned(),
            role: role.map(str::to_owned),
            ns: Vec::new(),
            bytes: Vec::new(),
        });
        reads.len() - 1
    });
    let metrics = &entry["secondaryMetrics"];
    // JMH puts a dot before its own since some version.
    let bytes = ["gc.alloc.rate.norm", "·gc.alloc.rate.norm"].iter().find_map(|name| metrics.get(name));
    reads[place].ns.push(round(entry["primaryMetric"]["score"].as_f64()?));
    reads[place].bytes.push(round(bytes?["score"].as_f64()?));
    Some(())
}

fn must(command: &mut Command) -> Result<(), String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command:?} does not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}
