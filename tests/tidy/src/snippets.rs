//! What documents show of code is code that is compiled, and what they name exists.

use std::collections::BTreeMap;
use std::fs;

use super::{root, texts};
use crate::blocks::{Block, blocks};

/// By language, the endings of files that are compiled, run or applied by a test. Commands: `crates/cli/tests/cli/docs.rs`.
/// What is `rust,no_run` is compiled as a doctest of `cluster-leader`, and `text` is no code.
const COMPILED: [(&str, &[&str]); 8] = [
    ("java", &["java"]),
    ("c", &["c", "h"]),
    ("cpp", &["cpp"]),
    ("rust", &["rs"]),
    ("xml", &["xml"]),
    ("yaml", &["yaml"]),
    ("properties", &["properties"]),
    ("cmake", &["CMakeLists.txt"]),
];

/// The documents that users read.
fn documents() -> BTreeMap<String, String> {
    let shown =
        |path: &str| path == "README.md" || path.starts_with("docs/") || path.starts_with("examples/");
    texts(&["md"]).into_iter().filter(|(path, _)| shown(path)).collect()
}

/// What counts of code: its lines, without their indentation and without empty ones.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// Whether the lines of `part` follow one another in `whole`; those that `...` stands for may be anything.
fn is_within(part: &str, whole: &[&str]) -> bool {
    let part = lines(part);
    let pieces = part.split(|line| matches!(*line, "..." | "// ..." | "# ..." | "---"));
    let mut rest = whole;
    pieces.filter(|piece| !piece.is_empty()).all(|piece| {
        let at = rest.windows(piece.len()).position(|window| window == piece);
        at.is_some_and(|at| {
            rest = &rest[at + piece.len()..];
            true
        })
    })
}

/// The dependencies that do not ask for this version.
fn outdated(toml: &str) -> impl Iterator<Item = &str> {
    let version = |line: &str| line.split_once(" = \"")?.1.strip_suffix('"').map(str::to_owned);
    toml.lines()
        .filter(move |line| version(line).is_some_and(|asked| !env!("CARGO_PKG_VERSION").starts_with(&asked)))
}

/// Each document of a block of YAML may stand in a file of its own.
fn parts(block: &Block) -> Vec<&str> {
    if block.language == "yaml" { block.text.split("---\n").collect() } else { vec![&*block.text] }
}

#[test]
fn every_snippet_of_a_document_stands_in_a_file_that_is_compiled() {
    let mut wrong = Vec::new();
    for (path, text) in documents() {
        for block in blocks(&text) {
            let place = format!("{path}:{}", block.line);
            if matches!(&*block.language, "console" | "text" | "rust,no_run") {
                continue;
            }
            if block.language == "toml" {
                wrong.extend(outdated(&block.text).map(|line| format!("{place}: not this version: {line}")));
                continue;
            }
            let Some((_, endings)) = COMPILED.iter().find(|(language, _)| *language == block.language) else {
                wrong.push(format!("{place}: no test knows the language {:?}", block.language));
                continue;
            };
            let sources = texts(endings);
            let stands = |part: &&str| sources.values().any(|source| is_within(part, &lines(source)));
            if !parts(&block).iter().all(stands) {
                wrong.push(format!("{place}: no {endings:?} has these lines:\n{}", block.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn documents_with_rust_are_doctests() {
    let library = fs::read_to_string(root().join("crates/cluster-leader/src/lib.rs")).unwrap();
    for (path, text) in documents() {
        let is_rust = |block: &Block| block.language.starts_with("rust,");
        if blocks(&text).iter().any(is_rust) {
            assert!(library.contains(&format!("../{path}\")")), "{path}: not included in {}", "lib.rs");
        }
    }
}

/// Settings, properties, meters and metrics are named as they are.
#[test]
fn every_name_that_a_document_mentions_exists() {
    let sources = texts(&["rs", "java", "h", "yaml", "json"]);
    // A metric of the command is put together there.
    let metrics = &sources["crates/cli/src/serve/answers.rs"];
    let exists = |name: &str| {
        let metric = name.strip_prefix("cluster_leader_").map(|rest| format!("\"{rest}\""));
        metric.is_some_and(|metric| metrics.contains(&metric))
            || sources.values().any(|text| text.contains(name))
    };
    let mut unknown = Vec::new();
    for (path, text) in documents() {
        for code in text.split('`').skip(1).step_by(2) {
            let beginnings = ["CLUSTER_LEADER_", "cluster-leader.", "cluster.leader.", "cluster_leader_"];
            let end = |c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c));
            let name = code.split(end).next().unwrap_or_default().trim_end_matches(['.', '-']);
            if beginnings.iter().any(|beginning| name.starts_with(beginning)) && !exists(name) {
                unknown.push(format!("{path}: {name}"));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

/// In the table of failures, code with a space in it is what a log says, but for what `…` stands for.
#[test]
fn every_line_of_the_log_in_the_table_of_failures_is_said_so() {
    let text = fs::read_to_string(root().join("docs/failure-modes.md")).unwrap();
    // As one text without comments, in which a literal that goes on in the next line does so without a break.
    let joined = |source: &String| {
        let mut joined = String::new();
        for line in source.lines().filter(|line| !line.trim_start().starts_with(['/', '*'])) {
            match line.strip_suffix('\\') {
                Some(begun) => joined += begun.trim_start(),
                None => joined.extend([line.trim_start(), "\n"]),
            }
        }
        joined
    };
    let shipped = |path: &str| path.contains("/src/") && !path.contains("test");
    let sources = texts(&["rs", "java"]).into_iter().filter(|(path, _)| shipped(path));
    let sources: Vec<_> = sources.map(|(_, source)| joined(&source)).collect();
    let said = |piece: &str| sources.iter().any(|source| source.contains(piece.trim()));
    let quoted = text.split('`').skip(1).step_by(2).filter(|code| code.contains(' ') && !code.contains('\n'));
    let mut count = 0;
    for line in quoted {
        count += 1;
        assert!(line.split('…').all(said), "docs/failure-modes.md: nothing says {line:?}");
    }
    assert!(count > 10, "only {count} lines");
}

#[test]
fn snippets_are_found_where_they_are_and_nowhere_else() {
    let whole = lines("class A {\n    int a;\n\n    int b;\n    int c;\n}\n");
    for (part, expected) in [
        ("int a;\nint b;\n", true),
        ("  int a;\n  ...\n  int c;\n", true),
        ("int b;\nint a;\n", false),
        ("int a;\nint c;\n", false),
        ("int c;\n...\nint a;\n", false),
        ("int d;\n", false),
    ] {
        assert_eq!(is_within(part, &whole), expected, "{part}");
    }
    let document = "a\n```java\nint a;\n```\n<!-- run by x.sh -->\n```console\n$ b\n```\n";
    let found = blocks(document);
    assert_eq!((found.len(), &*found[0].text, found[0].line), (2, "int a;\n", 3));
    assert_eq!((&*found[1].language, found[1].run_by.as_deref()), ("console", Some("x.sh")));
}
