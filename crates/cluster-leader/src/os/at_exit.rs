//! A last word at the end of the process.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

/// What is to be done when the process exits.
pub(crate) trait LastWord {
    /// Must not panic. It does not run if the process is killed or calls `_exit`.
    fn say();
}

/// Has it said once when the process exits, after everything that the host registered later, and
/// after all shutdown hooks where the host is a JVM. Only the first call registers.
pub(crate) fn register<Word: LastWord>() {
    // Not a Once: a child forked while its parent is in here would wait for ever.
    static REGISTERED: AtomicBool = AtomicBool::new(false);
    // SAFETY: `call` is a plain function that does not unwind. In a shared library glibc ties it
    // to this library and runs it before the code is unmapped.
    if !REGISTERED.swap(true, Ordering::Relaxed) && unsafe { libc::atexit(call::<Word>) } != 0 {
        tracing::warn!("no exit handler could be registered: a lease held at exit will run out instead");
    }
}

extern "C" fn call<Word: LastWord>() {
    // A panic here would abort a process that is ending anyway; it must not.
    drop(std::panic::catch_unwind(Word::say));
}
