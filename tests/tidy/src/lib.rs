//! What must be true of the sources as text.
#![cfg(test)]

mod blocks;
mod snippets;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// More than this nobody holds in the head.
const MOST_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// The text of every file with one of these endings, by its path in the repository.
fn texts(endings: &[&str]) -> BTreeMap<String, String> {
    let made = ["target", ".git", "results", "node_modules"];
    let (root, mut texts) = (root(), BTreeMap::new());
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_symlink() || made.contains(&name) {
                continue;
            } else if path.is_dir() {
                folders.push(path);
            } else if endings.iter().any(|ending| name == *ending || name.ends_with(&format!(".{ending}"))) {
                let shown = path.strip_prefix(&root).unwrap().display().to_string();
                texts.insert(shown, fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(!texts.is_empty(), "{}: no files end in {endings:?}", root.display());
    texts
}

/// The names of all tests that bear a guarantee's id, as in `g2_two_readers_never_overlap`.
fn tests_by_guarantee() -> BTreeMap<usize, BTreeSet<String>> {
    let mut tests: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for text in texts(&["rs", "java", "go", "c"]).values() {
        let names = ["fn ", "void "].iter().flat_map(|keyword| text.split(keyword).skip(1));
        for name in names.filter_map(|rest| rest.split(['(', '<', ' ']).next()) {
            if let Some(guarantee) = guarantee_of(name) {
                tests.entry(guarantee).or_default().insert(name.to_owned());
            }
        }
    }
    tests
}

fn guarantee_of(test: &str) -> Option<usize> {
    test.strip_prefix('g')?.split_once('_')?.0.parse().ok()
}

/// The ids in `GUARANTEES.md`: each begins a paragraph in bold.
fn guarantees() -> BTreeSet<usize> {
    let text = fs::read_to_string(root().join("GUARANTEES.md")).unwrap();
    let ids = text.lines().filter_map(|line| line.strip_prefix("**G")?.split_once(' ')?.0.parse().ok());
    let ids: BTreeSet<usize> = ids.collect();
    assert!(ids.len() >= 12, "GUARANTEES.md: only {ids:?}");
    ids
}

#[test]
fn every_guarantee_has_a_test_that_bears_its_id_and_every_such_test_a_guarantee() {
    let tested: BTreeSet<usize> = tests_by_guarantee().into_keys().collect();
    assert_eq!(guarantees(), tested, "left: GUARANTEES.md; right: the ids in names of tests");
}

#[test]
fn every_test_that_the_guarantees_name_exists() {
    let text = fs::read_to_string(root().join("GUARANTEES.md")).unwrap();
    let tests: BTreeSet<String> = tests_by_guarantee().into_values().flatten().collect();
    let named = text.split('`').skip(1).step_by(2).filter_map(|code| code.split(' ').next_back());
    let gone: Vec<_> = named
        .filter(|name| guarantee_of(name).is_some() && name.len() > 8 && !tests.contains(*name))
        .collect();
    assert!(gone.is_empty(), "GUARANTEES.md names tests that do not exist: {gone:?}");
}

#[test]
fn no_link_between_documents_is_broken() {
    let mut broken = Vec::new();
    for (path, text) in texts(&["md"]) {
        let folder = root().join(&path).parent().unwrap().to_owned();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#', ' ']).next());
        for link in links.filter(|link| !link.is_empty() && !link.contains("://")) {
            if !folder.join(link).exists() {
                broken.push(format!("{path}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "broken links: {broken:#?}");
}

#[test]
fn every_source_file_can_be_held_in_the_head() {
    let sources = texts(&["rs", "java", "go", "c", "sh"]);
    let long: Vec<_> = sources
        .iter()
        .map(|(path, text)| (text.lines().count(), path))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .collect();
    assert!(long.is_empty(), "more than {MOST_LINES} lines, find the second room: {long:?}");
}

#[test]
fn every_breakage_applies_to_the_code_as_it_is() {
    let folder = root().join("crates/sim/mutants");
    let patches = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let patches: Vec<_> = patches.filter(|path| path.extension().is_some_and(|it| it == "patch")).collect();
    assert!(patches.len() > 50, "only {} patches", patches.len());
    let applies = |patch: &&PathBuf| {
        let checked = Command::new("git").args(["apply", "--check"]).arg(patch).current_dir(root()).output();
        checked.unwrap().status.success()
    };
    let stale: Vec<_> = patches.iter().filter(|patch| !applies(patch)).collect();
    assert!(stale.is_empty(), "to be made anew: {stale:?}");
}
