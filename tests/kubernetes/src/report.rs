//! What a person should see even of tests that pass.

use std::fmt::Display;
use std::io::Write;

/// Says how long something took, or how much there was of something.
pub fn measured(what: &str, value: impl Display) {
    say(&format!("measured: {what}: {value}"));
}

/// Says what one should know of a test that passes.
pub fn noted(what: impl Display) {
    say(&format!("note: {what}"));
}

/// Says that a test cannot run here, and why.
///
/// # Panics
/// In CI, where everything must run.
pub fn skipped(why: impl Display) {
    assert!(std::env::var_os("CI").is_none(), "cannot run, and in CI every test must: {why}");
    say(&format!("SKIPPED: {why}"));
}

/// Straight to standard error: the test runner keeps what is printed by the usual macros to itself.
fn say(line: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let line = format!("{name}: {line}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("standard error can be written");
}
