//! What programs were compiled against stays as it was: the record in `abi`, and what a C compiler
//! makes of the header today. `UPDATE_ABI=1` records what was added.
#![allow(clippy::unwrap_used, reason = "a test")]
#![cfg(target_pointer_width = "64")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn path(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(of)
}

/// The header without its comments and without what is for the preprocessor.
fn declarations() -> String {
    let header = fs::read_to_string(path("../../include/cluster_leader.h")).unwrap();
    let (_, header) = header.split_once("*/").unwrap();
    let lines = header.lines().map(|line| line.split("//").next().unwrap_or_default().trim());
    let lines: Vec<_> = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    lines.join(" ")
}

/// What stands between the braces of each `keyword ... { ... }`, with what follows up to the semicolon.
fn bodies<'text>(text: &'text str, keyword: &str) -> Vec<(&'text str, &'text str, &'text str)> {
    text.split(keyword)
        .skip(1)
        .filter_map(|rest| {
            let (before, rest) = rest.split_once('{')?;
            let (body, rest) = rest.split_once('}')?;
            (!before.contains(';')).then_some((before.trim(), body.trim(), rest.split(';').next()?.trim()))
        })
        .collect()
}

/// A C program that prints the record.
fn program(declarations: &str) -> String {
    let mut prints = String::new();
    for (_, fields, name) in bodies(declarations, "typedef struct ") {
        writeln!(prints, r#"printf("struct {name}: %zu bytes\n", sizeof({name}));"#).unwrap();
        for field in fields.split(';').map(str::trim).filter(|field| !field.is_empty()) {
            let declared = field.split('[').next().unwrap();
            let member = declared.rsplit([' ', '*']).next().unwrap();
            writeln!(
                prints,
                r#"printf("struct {name}, {member}: %zu bytes at %zu, {}\n", sizeof((({name} *)0)->{member}), offsetof({name}, {member}));"#,
                declared.strip_suffix(member).unwrap().trim()
            )
            .unwrap();
        }
    }
    for (name, values, _) in bodies(declarations, "enum ") {
        let name = name.split(' ').next().unwrap();
        writeln!(prints, r#"printf("enum {name}: %zu bytes\n", sizeof({name}));"#).unwrap();
        for value in values.split(',').filter_map(|value| value.split('=').next()).map(str::trim) {
            if !value.is_empty() {
                writeln!(prints, r#"printf("enum {name}, {value}: %d\n", (int){value});"#).unwrap();
            }
        }
    }
    format!("#include <stdio.h>\n#include \"cluster_leader.h\"\nint main(void) {{\n{prints}return 0;\n}}\n")
}

/// The functions, and types of functions, with the types of what they take but not its names.
fn functions(declarations: &str) -> Vec<String> {
    let statements = declarations.split(';').map(|statement| statement.rsplit('}').next().unwrap().trim());
    let functions = statements.filter_map(|statement| {
        let (before, parameters) = statement.strip_suffix(')')?.rsplit_once('(')?;
        let before = before.strip_prefix("extern \"C\" {").unwrap_or(before).trim();
        let types: Vec<_> = parameters
            .split(',')
            .map(|parameter| {
                let parameter = parameter.trim();
                let name = parameter.rsplit([' ', '*']).next().unwrap();
                if name == parameter { parameter } else { parameter.strip_suffix(name).unwrap().trim() }
            })
            .collect();
        let name = before.trim_end_matches(')').rsplit([' ', '*']).next().unwrap();
        Some(format!("function {name}: {before}({})", types.join(", ")))
    });
    functions.collect()
}

fn today() -> String {
    let declarations = declarations();
    let directory = tempfile::tempdir().unwrap();
    let (source, binary) = (directory.path().join("abi.c"), directory.path().join("abi"));
    fs::write(&source, program(&declarations)).unwrap();
    let compiled =
        Command::new("cc").arg("-I").arg(path("../../include")).arg(&source).arg("-o").arg(&binary).output();
    let compiled = compiled.unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let printed = String::from_utf8(Command::new(binary).output().unwrap().stdout).unwrap();
    let mut lines: Vec<_> = printed.lines().map(str::to_owned).chain(functions(&declarations)).collect();
    lines.push("type cluster_leader_handle: uint64_t".to_owned());
    assert!(declarations.contains("typedef uint64_t cluster_leader_handle;"));
    lines.join("\n") + "\n"
}

/// What is not as it was, and what was not there.
fn differences(recorded: &str, today: &str) -> (Vec<String>, Vec<String>) {
    let by_name = |text: &str| -> BTreeMap<String, String> {
        let lines = text.lines().filter_map(|line| line.split_once(": "));
        lines.map(|(name, is)| (name.to_owned(), is.to_owned())).collect()
    };
    let (recorded, today) = (by_name(recorded), by_name(today));
    let size = |is: &str| is.strip_suffix(" bytes").and_then(|size| size.parse::<usize>().ok());
    let (mut broken, mut added) = (Vec::new(), Vec::new());
    for (name, was) in &recorded {
        match today.get(name) {
            Some(is) if is == was => {}
            // Structs tell their size, and may grow.
            Some(is) if name.starts_with("struct ") && size(was).is_some() && size(is) > size(was) => {
                added.push(format!("{name}: {is}, it was {was}"));
            }
            Some(is) => broken.push(format!("{name}: {is}, it was {was}")),
            None => broken.push(format!("{name} is gone, it was: {was}")),
        }
    }
    added.extend(
        today
            .iter()
            .filter(|(name, _)| !recorded.contains_key(*name))
            .map(|(name, is)| format!("{name}: {is}")),
    );
    (broken, added)
}

#[test]
fn what_programs_were_compiled_against_is_as_it_was() {
    let header = fs::read_to_string(path("../../include/cluster_leader.h")).unwrap();
    let version = header.split("#define CLUSTER_LEADER_ABI_VERSION ").nth(1).unwrap().lines().next().unwrap();
    let file = path(&format!("abi/libcluster_leader.so.{version}"));
    let today = today();
    let recorded = fs::read_to_string(&file).unwrap_or_default();
    let (broken, added) = differences(&recorded, &today);
    assert!(
        broken.is_empty(),
        "programs that were compiled against ABI version {version} break: {broken:#?}\nUndo it; add a function, a \
         code or a field at a struct's end instead. Only if it must be, raise CLUSTER_LEADER_ABI_VERSION, and the \
         SONAME in build.rs with it"
    );
    if env::var_os("UPDATE_ABI").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &today).unwrap();
        return;
    }
    assert!(
        added.is_empty(),
        "not in {} yet: {added:#?}\nWhat was published can never be taken back. If that is well considered, record \
         it: UPDATE_ABI=1 cargo test -p cluster-leader-ffi --test abi, and commit it",
        file.display()
    );
    assert!(recorded.lines().count() > 60, "{recorded}");
}

#[test]
fn what_breaks_programs_is_told_from_what_is_added() {
    let recorded = "struct s: 16 bytes\nstruct s, a: 8 bytes at 0, size_t\nenum e: 4 bytes\nenum e, A: 1\nfunction f: bool f(int)\n";
    for (what, old, new, breaks) in [
        ("nothing", "", "", None),
        ("a larger struct", "struct s: 16", "struct s: 24", Some(false)),
        ("a smaller struct", "struct s: 16", "struct s: 8", Some(true)),
        ("a field moved", "at 0", "at 8", Some(true)),
        ("a field of another size", "a: 8 bytes", "a: 4 bytes", Some(true)),
        ("a field of another type", "size_t", "char *", Some(true)),
        ("a field more", "enum e: 4", "struct s, b: 8 bytes at 8, size_t\nenum e: 4", Some(false)),
        ("a code more", "enum e, A: 1", "enum e, A: 1\nenum e, B: 2", Some(false)),
        ("another number", "A: 1", "A: 2", Some(true)),
        ("a larger enum", "enum e: 4", "enum e: 8", Some(true)),
        ("a function gone", "function f: bool f(int)\n", "", Some(true)),
        ("a function's type", "bool f(int)", "bool f(long)", Some(true)),
        ("a function more", "function f", "function g: bool g(int)\nfunction f", Some(false)),
    ] {
        let (broken, added) = differences(recorded, &recorded.replace(old, new));
        assert_eq!(!broken.is_empty(), breaks == Some(true), "{what}: {broken:?}");
        assert_eq!(!added.is_empty(), breaks == Some(false), "{what}: {added:?}");
    }
}
