//! The commands in README.md and docs/, run as they stand there, and what they are said to print.
//!
//! Each `console` block is run in a shell of its own, in an empty directory with an empty store. Where it looks at
//! elections, two pods stand in `billing-jobs`. What it shows of the output must be printed, line after line; a number, a
//! duration or a time may be another. `watch`, `serve` and `run` are ended after a while, by Ctrl-C. What is not there is
//! played: `kubectl` takes what exists, `docker` builds by what exists, and `make` only says what it would do.

#[path = "../../../../tests/tidy/src/blocks.rs"]
mod blocks;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use cluster_leader_tests_kubernetes::{Process, eventually, skipped};

use crate::world::{World, bare};
use blocks::{Block, blocks};

const LEADER: &str = "billing-7d9f8c6b5-x2x4z";
const FOLLOWER: &str = "billing-7d9f8c6b5-tq4lm";

/// What is found before everything else on the path.
const PLAYED: [(&str, &str); 5] = [
    (
        "cluster-leader",
        r#"case " $* " in *" watch "*|*" serve "*|*" run "*)
            exec timeout --foreground --preserve-status -k 30 -s INT "$SECONDS_EACH" "$REAL" "$@" ;;
        esac
        exec "$REAL" "$@""#,
    ),
    // Of what it is asked for, only this is known; and a file that it is given must be there.
    (
        "kubectl",
        r#"what=$1; shift
        given=$*
        case $what in
        apply|delete)
            while [ $# -gt 0 ]; do case $1 in
                -f) if [ "$2" = - ]; then grep -q '^kind: ' || exit 9; else test -e "$2" || exit 8; fi; shift ;;
            esac; shift; done ;;
        patch) case $given in *--patch?spec:*) ;; *) exit 7 ;; esac ;;
        exec) while [ "$1" != -- ]; do shift; done; shift; exec "${1#/}" "${@:2}" ;;
        logs) ;;
        *) exit 6 ;;
        esac"#,
    ),
    ("docker", r#"while [ $# -gt 0 ]; do case $1 in -f) test -e "$2" || exit 8 ;; esac; shift; done"#),
    (
        "make",
        r#"exec /usr/bin/env PATH="$REAL_PATH" make --no-print-directory -C "$ROOT" -n "$@" >/dev/null"#,
    ),
    ("jobs.sh", "echo works as $CLUSTER_LEADER_ELECTION, term $CLUSTER_LEADER_TERM"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// A command of a block, and what is shown below it.
#[derive(Debug, Default)]
struct Step<'a> {
    command: &'a str,
    shown: Vec<&'a str>,
}

fn steps(text: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command, shown: Vec::new() }),
            (None, Some(step)) => step.shown.push(line),
            (None, None) => panic!("a block begins with a command: {text}"),
        }
    }
    steps
}

/// The exit code that a comment announces, as in `# exit code 3: ...`.
fn announced(command: &str) -> i32 {
    let code = command.split_once("# exit code ").and_then(|(_, rest)| rest.split(':').next());
    code.map_or(0, |code| code.trim().parse().unwrap_or_else(|_| panic!("{command}: a number")))
}

/// Each word that begins with a digit is as good as any other.
fn leveled(line: &str) -> String {
    let mut leveled = String::new();
    let mut last = ' ';
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        if character.is_ascii_digit() && !(last.is_ascii_alphanumeric() || last == '-') {
            while characters.next_if(|c| c.is_ascii_alphanumeric() || "-.:".contains(*c)).is_some() {}
            leveled.push('#');
        } else if !(character == ' ' && last == ' ') {
            leveled.push(character);
        }
        last = character;
    }
    leveled.trim().to_owned()
}

/// Whether what is shown was printed, in this order, perhaps among more.
fn missing<'a>(shown: &[&'a str], printed: &str) -> Option<&'a str> {
    let mut printed = printed.lines().map(leveled);
    shown.iter().copied().filter(|line| *line != "...").find(|line| {
        let line = leveled(line);
        !printed.any(|it| it == line)
    })
}

/// Runs a block; what is wrong with it.
fn run(block: &Block) -> Result<(), String> {
    let world = World::new();
    let steps = steps(&block.text);
    let looks = ["status", "watch", "step-down", "doctor"];
    let looks =
        |step: &Step<'_>| looks.iter().any(|look| step.command.contains(&format!("cluster-leader {look}")));
    let mut pods: Vec<Process> = Vec::new();
    if steps.iter().any(looks) {
        for pod in [LEADER, FOLLOWER] {
            let process = world.start(pod, &["serve", "--election=billing-jobs", "--http=localhost:0"]);
            process.await_text(&format!("held by {LEADER}"));
            pods.push(process);
        }
        // Its first renewal tells its token.
        eventually("a record", || world.store().join("billing-jobs.json").exists().then_some(()));
    }
    let bin = world.path("bin");
    let home = world.path("home");
    for directory in [&bin, &home] {
        fs::create_dir_all(directory).unwrap();
    }
    for (name, script) in PLAYED {
        let directory = if name == "jobs.sh" { &home } else { &bin };
        let file = directory.join(name);
        fs::write(&file, format!("#!/bin/bash\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for directory in ["examples", "crates", "docs"] {
        symlink(root().join(directory), home.join(directory)).unwrap();
    }
    // Each command's output goes to a file, so that one in the background does not keep ours open.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut script = String::from("cd \"$HOME\"\n");
    for (n, step) in steps.iter().enumerate() {
        let command = step.command.replace(":4040", &format!(":{port}"));
        let code = announced(&command);
        script += &format!(
            "{{ {command}\n}} >\"$HOME/../out.{n}\" 2>&1; code=$?\n\
             [ $code = {code} ] || {{ echo '{n}:' \"exit code $code\"; exit 1; }}\n"
        );
        if command.trim_end().ends_with('&') {
            script += &format!(
                "for _ in {{1..300}}; do grep -q 'this process leads' \"$HOME/../out.{n}\" && break; sleep 0.1; done\n"
            );
        }
    }
    script += "kill $(jobs -p) 2>/dev/null; wait; exit 0\n";
    let real_path = std::env::var("PATH").unwrap();
    let mut shell = Command::new("bash");
    shell
        .args(["-c", &script])
        .env_clear()
        .env("PATH", format!("{}:{real_path}", bin.display()))
        .env("REAL_PATH", &real_path)
        .env("REAL", bare().get_program())
        .env("ROOT", root())
        .env("SECONDS_EACH", "3")
        .env("HOME", &home)
        .env("HOSTNAME", LEADER)
        .env("CLUSTER_LEADER_STORE", format!("file:{}", world.store().display()));
    let output = shell.output().unwrap();
    let printed = |n: usize| fs::read_to_string(world.path(&format!("out.{n}"))).unwrap_or_default();
    let all = || -> String { (0..steps.len()).map(printed).collect() };
    if !output.status.success() {
        return Err(format!("{}{}", String::from_utf8_lossy(&output.stdout), all()));
    }
    for (n, step) in steps.iter().enumerate() {
        if let Some(line) = missing(&step.shown, &printed(n)) {
            return Err(format!("`{}` does not print\n{line}\nbut\n{}", step.command, printed(n)));
        }
    }
    Ok(())
}

fn check(documents: &[String]) {
    if Command::new("curl").arg("--version").output().is_err() {
        return skipped("no curl");
    }
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in documents {
        let text = fs::read_to_string(root().join(document)).unwrap();
        for block in blocks(&text).iter().filter(|block| block.language == "console") {
            count += 1;
            let outcome = match &block.run_by {
                None => run(block),
                Some(file) => runs_elsewhere(document, block, file),
            };
            wrong.extend(outcome.err().map(|why| format!("{document}:{}: {why}", block.line)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count > 0, "no commands in {documents:?}");
}

/// Another test runs it: one that takes the block from the document, or at least runs the same programs.
fn runs_elsewhere(document: &str, block: &Block, file: &str) -> Result<(), String> {
    let script = fs::read_to_string(root().join(file)).map_err(|error| format!("{file}: {error}"))?;
    if script.contains(document) {
        return Ok(());
    }
    let program = |step: &Step<'_>| -> String {
        let words = step.command.split(" #").next().unwrap_or_default();
        let last = words.split_whitespace().rfind(|word| !word.contains('='));
        last.unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned()
    };
    let unknown = steps(&block.text).iter().map(program).find(|program| !script.contains(&**program));
    unknown.map_or(Ok(()), |program| Err(format!("{file} does not know {program}")))
}

#[test]
fn the_commands_of_the_readme_do_what_it_says() {
    check(&["README.md".to_owned(), "examples/kubernetes/README.md".to_owned()]);
}

#[test]
fn the_commands_of_the_guides_do_what_they_say() {
    let guides = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let guides = guides.map(|name| format!("docs/{}", name.to_string_lossy()));
    check(&guides.filter(|name| name.ends_with(".md")).collect::<Vec<_>>());
}

#[test]
fn what_is_shown_is_found_whatever_its_numbers() {
    let printed = "NAME   SINCE\na-7d9f  3m12s\nb  2026-11-30T23:18:02Z\n{\"x\":9120}\n";
    assert_eq!(missing(&["a-7d9f  1s", "{\"x\":1}"], printed), None);
    for shown in [&["a-7d9e  1s"][..], &["b 1", "NAME SINCE"], &["c"]] {
        assert!(missing(shown, printed).is_some(), "{shown:?}");
    }
    assert_eq!(announced("x   # exit code 3: nobody"), 3);
}
