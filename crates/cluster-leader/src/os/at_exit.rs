//! A last word at the end of the process.
#![allow(unsafe_code)]

use std::sync::OnceLock;

static HANDLER: OnceLock<fn()> = OnceLock::new();

/// Runs `handler` once when the process exits, after everything that the host registered later,
/// and after all shutdown hooks where the host is a JVM. Only the first call registers.
///
/// `handler` must not panic. It does not run if the process is killed or calls `_exit`.
pub(crate) fn run(handler: fn()) {
    let mut first = false;
    HANDLER.get_or_init(|| {
        first = true;
        handler
    });
    // SAFETY: `call` is a plain function that does not unwind. In a shared library glibc ties it
    // to this library and runs it before the code is unmapped.
    if first && unsafe { libc::atexit(call) } != 0 {
        tracing::warn!("no exit handler could be registered: a lease held at exit will run out instead");
    }
}

extern "C" fn call() {
    if let Some(handler) = HANDLER.get() {
        // A panic here would abort a process that is ending anyway; it must not.
        drop(std::panic::catch_unwind(handler));
    }
}
