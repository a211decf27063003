//! The helpers in C.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use tempfile::TempDir;

/// Compiles `helpers/<name>.c`, once, into a program, or with `shared` into a library to preload.
///
/// # Panics
/// There is no C compiler `cc`, or it fails.
#[must_use]
pub fn helper(name: &str, shared: bool) -> PathBuf {
    static DIRECTORY: OnceLock<TempDir> = OnceLock::new();
    static COMPILING: Mutex<()> = Mutex::new(());
    // Outside of target, where another user might not be allowed to look.
    let directory = DIRECTORY.get_or_init(|| tempfile::tempdir().expect("a directory for helpers"));
    let _one_at_a_time = COMPILING.lock().unwrap_or_else(PoisonError::into_inner);
    let compiled = directory.path().join(if shared { format!("{name}.so") } else { name.to_owned() });
    if !compiled.exists() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("helpers/{name}.c"));
        let kind: &[&str] = if shared { &["-shared", "-fPIC"] } else { &[] };
        let done = Command::new("cc")
            .args(["-O1", "-Wall", "-Wextra", "-Werror"])
            .args(kind)
            .arg("-o")
            .args([&compiled, &source])
            .arg("-ldl")
            .output()
            .expect("cc: install a C compiler");
        assert!(done.status.success(), "{}: {}", source.display(), String::from_utf8_lossy(&done.stderr));
    }
    compiled
}
