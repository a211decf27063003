//! The shared library as the dynamic linker sees it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Builds the library, as it is not built for tests, and answers where it is.
fn library() -> PathBuf {
    let built = Command::new(env!("CARGO")).args(["build", "--quiet", "-p", "cluster-leader-ffi"]).status();
    assert!(built.unwrap().success());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    target.join("debug/libcluster_leader.so")
}

/// What a tool prints about the library; `None`, after saying so, where there is no such tool.
fn printed(tool: &str, option: &str) -> Option<String> {
    match Command::new(tool).arg(option).arg(library()).env("LC_ALL", "C").output() {
        Ok(output) => {
            assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) => {
            assert!(env::var_os("CI").is_none(), "{tool} is missing: {error}");
            println!("SKIPPED: {tool} (of binutils) is missing: {error}");
            None
        }
    }
}

fn header() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../include/cluster_leader.h")).unwrap()
}

/// The functions that the header declares: the word before the parenthesis.
fn declared(header: &str) -> impl Iterator<Item = String> {
    header
        .lines()
        .filter(|line| !line.starts_with(['/', ' ', '#']) && !line.starts_with("typedef "))
        .filter_map(|line| line.split_once('('))
        .filter_map(|(before, _)| before.rsplit([' ', '*']).next())
        .map(str::to_owned)
}

/// The native methods of `io.clusterleader.Native`, with their parameters as the JVM writes them.
const OF_JAVA: [&str; 25] = [
    "abiVersion__",
    "await__JJ",
    "beat__JZ",
    "changes__JJ",
    "isLeaderFor__JJ",
    "isLeader__J",
    "ledgerEntries__J",
    "ledgerFlush__JJ",
    "ledgerGet__JLjava_lang_String_2",
    "ledgerIsHandedOver__J",
    "ledgerJson__J",
    "ledgerPut__JLjava_lang_String_2JJ_3B",
    "ledgerRemove__JLjava_lang_String_2",
    "ledgerState__J",
    "ready__J",
    "remainingNanos__J",
    "setLogLevel__Ljava_lang_String_2",
    "startDefault___3Ljava_lang_String_2",
    "start___3Ljava_lang_String_2",
    "status__J",
    "stepDown__J",
    "stop__J",
    "takeLog__",
    "verify__J",
    "version__",
];

#[test]
fn nothing_is_exported_but_what_the_header_declares_and_java_calls() {
    let Some(symbols) = printed("nm", "-D") else { return };
    let exported: BTreeSet<_> = symbols
        .lines()
        .filter_map(|line| match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            [_address, _kind, name] => Some((*name).to_owned()),
            _ => None, // what the library needs of others has no address
        })
        .collect();
    let of_java = OF_JAVA.map(|method| format!("Java_io_clusterleader_Native_{method}"));
    let unload = ["JNI_OnUnload".to_owned()];
    let expected: BTreeSet<_> = declared(&header()).chain(of_java).chain(unload).collect();
    assert!(expected.contains("cluster_leader_is_leader"), "{expected:?}");
    assert_eq!(exported, expected);
}

#[test]
fn the_library_says_which_abi_programs_must_ask_for() {
    let Some(dynamic) = printed("readelf", "-d") else { return };
    assert!(dynamic.contains("Library soname: [libcluster_leader.so.1]"), "{dynamic}");
    assert!(header().contains("#define CLUSTER_LEADER_ABI_VERSION 1\n"));
}
