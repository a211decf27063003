//! The end of the library where a JVM loaded it.

use std::ffi::c_void;
use std::time::Duration;

use super::apart;
use crate::{handles, problem};

/// How long unloading may take.
const LONGEST: Duration = Duration::from_secs(5);

/// A JVM calls this before it unloads the library, when the class loader that loaded it is
/// collected: nothing of Java uses it any more.
#[unsafe(no_mangle)]
pub extern "system" fn JNI_OnUnload(_vm: *mut c_void, _reserved: *mut c_void) {
    if let Err(problem) = problem::catching(|| apart(|| handles::shutdown(LONGEST))).flatten() {
        tracing::warn!("the library is being unloaded: {problem}");
    }
}
