//! The host's function that takes log lines.

use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;

use tracing::Level;

use super::types::LogLevel;
use crate::log::Callback;

/// What the host wants to be given: never looked into.
struct UserData(*mut c_void);

// SAFETY: the library only hands it back; the header says that another thread does so.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    const fn get(&self) -> *mut c_void {
        self.0
    }
}

/// The function, as the log knows it.
///
/// # Safety
/// It may be called on any thread, with `user_data`, until it is set no more.
pub(super) unsafe fn of(
    function: unsafe extern "C" fn(*mut c_void, LogLevel, *const c_char),
    user_data: *mut c_void,
) -> Callback {
    let user_data = UserData(user_data);
    Arc::new(move |level, message| {
        // Control characters are written out in lines, so there is no NUL.
        let message = CString::new(message).unwrap_or_default();
        // SAFETY: the caller of `of` promises it; the text lives for as long as the call.
        unsafe { function(user_data.get(), LogLevel::from(level), message.as_ptr()) };
    })
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::ERROR => Self::Error,
            Level::WARN => Self::Warning,
            _ => Self::Info,
        }
    }
}
