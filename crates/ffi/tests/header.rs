//! `include/cluster_leader.h` is what the Rust sources say. `UPDATE_HEADER=1` writes it anew.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::PathBuf;
use std::{env, fs};

use cbindgen::{
    Builder, Config, DocumentationStyle, EnumConfig, ExportConfig, FunctionConfig, Language, Layout,
    RenameRule, Style,
};

const INTRODUCTION: &str = include_str!("introduction.h");

/// A macro, so that sizeof is the program's, not the library's.
const INITIALISER: &str = "
// The value that every cluster_leader_options begins with: nothing is set.
#define CLUSTER_LEADER_OPTIONS_INIT { sizeof(cluster_leader_options), NULL, NULL, NULL, NULL, 0, 0, 0, 0, NULL, NULL, NULL }
";

fn path(of: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(of)
}

fn generated() -> String {
    let names = [
        ("Handle", "cluster_leader_handle"),
        ("ResultCode", "cluster_leader_result"),
        ("State", "cluster_leader_state"),
        ("LogLevel", "cluster_leader_log_level"),
        ("LogCallback", "cluster_leader_log_callback"),
        ("OptionsStruct", "cluster_leader_options"),
        ("StatusStruct", "cluster_leader_status_t"),
        ("LedgerEntryStruct", "cluster_leader_ledger_entry"),
    ];
    let config = Config {
        language: Language::C,
        cpp_compat: true,
        style: Style::Type,
        header: Some(INTRODUCTION.trim_end().to_owned()),
        include_guard: Some("CLUSTER_LEADER_H".to_owned()),
        no_includes: true,
        sys_includes: ["stdbool.h", "stddef.h", "stdint.h"].map(str::to_owned).to_vec(),
        usize_is_size_t: true,
        documentation_style: DocumentationStyle::C99,
        line_length: 100,
        tab_width: 4,
        export: ExportConfig {
            rename: names.map(|(rust, c)| (rust.to_owned(), c.to_owned())).into(),
            ..ExportConfig::default()
        },
        function: FunctionConfig { args: Layout::Auto, ..FunctionConfig::default() },
        enumeration: EnumConfig {
            rename_variants: RenameRule::QualifiedScreamingSnakeCase,
            ..EnumConfig::default()
        },
        ..Config::default()
    };
    let bindings = ["types", "functions", "ledger"]
        .into_iter()
        .fold(Builder::new().with_config(config), |builder, file| {
            builder.with_src(path(&format!("src/c/{file}.rs")))
        })
        .generate()
        .unwrap();
    let mut text = Vec::new();
    bindings.write(&mut text);
    let end_of_abi_version = "#define CLUSTER_LEADER_ABI_VERSION 1\n";
    let end_of_options = "} cluster_leader_options;\n";
    // Results are the library's own, so their codes need no second name.
    String::from_utf8(text)
        .unwrap()
        .replace("CLUSTER_LEADER_RESULT_", "CLUSTER_LEADER_")
        .replace(end_of_abi_version, &format!("{end_of_abi_version}{}", version()))
        .replace(end_of_options, &format!("{end_of_options}{INITIALISER}"))
}

/// Macros, so that a program can tell at compile time: with the texts and numbers of this crate.
fn version() -> String {
    let numbers: Vec<_> =
        ["MAJOR", "MINOR", "PATCH"].into_iter().zip(env!("CARGO_PKG_VERSION").split('.')).collect();
    assert_eq!(numbers.len(), 3);
    let numbers: String = numbers
        .iter()
        .map(|(name, number)| format!("#define CLUSTER_LEADER_VERSION_{name} {number}\n"))
        .collect();
    format!(
        "
// The version of the library that this header belongs to: as a text, and in its parts. Which library
// was loaded is another question: cluster_leader_version().
#define CLUSTER_LEADER_VERSION \"{}\"
{numbers}",
        env!("CARGO_PKG_VERSION")
    )
}

#[test]
fn the_header_is_up_to_date() {
    let file = path("../../include/cluster_leader.h");
    let generated = generated();
    if env::var_os("UPDATE_HEADER").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &generated).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    let differing = committed.lines().zip(generated.lines()).position(|(old, new)| old != new);
    assert!(
        committed == generated,
        "{} is not what the sources say, first in line {}: run UPDATE_HEADER=1 cargo test -p cluster-leader-ffi \
         --test header, and commit it",
        file.display(),
        differing.map_or_else(|| committed.lines().count(), |line| line + 1)
    );
}

#[test]
fn the_header_is_written_for_people_who_program_in_c() {
    let header = generated();
    for leak in ["# Safety", "# Errors", "`", "[`", "Option<", "unsafe", "Rust", "&mut", "Result<"] {
        assert!(!header.contains(leak), "{leak:?} leaks into the header");
    }
    let functions: Vec<_> =
        header.split("\n\n").filter(|block| block.ends_with(");") && !block.contains("\ntypedef ")).collect();
    assert!(functions.len() > 15, "{}", functions.len());
    for function in functions {
        for promise in ["\n// Threads: ", " Blocks: ", "Errors: "] {
            assert!(function.contains(promise), "no {promise:?} in:\n{function}");
        }
    }
}
