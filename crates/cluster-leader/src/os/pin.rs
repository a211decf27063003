//! Code that runs must not be unmapped.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ptr::NonNull;

/// Keeps the shared library that this code is in loaded, although the host calls `dlclose`.
///
/// Where the code is part of the program itself there is nothing to keep.
#[derive(Debug)]
pub struct Pin(Option<NonNull<c_void>>);

// SAFETY: a handle of the dynamic linker may be closed by any thread.
unsafe impl Send for Pin {}
// SAFETY: nothing can be done with a shared one.
unsafe impl Sync for Pin {}

impl Pin {
    /// Counts one more user of the library, until this is dropped.
    ///
    /// Who drops it must have been called by somebody who has the library loaded: else the code that
    /// drops it would be gone before it is done.
    #[must_use]
    pub fn hold() -> Self {
        let mut found = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
        // SAFETY: asks in which library this function is; `found` is a valid place, and zeroes are
        // what it holds where nothing is found.
        let found = unsafe {
            libc::dladdr(Self::hold as *const c_void, found.as_mut_ptr());
            found.assume_init()
        };
        if found.dli_fname.is_null() {
            return Self(None);
        }
        // SAFETY: the name is the dynamic linker's own. What is not loaded yet is not loaded now.
        let handle = unsafe { libc::dlopen(found.dli_fname, libc::RTLD_LAZY | libc::RTLD_NOLOAD) };
        Self(NonNull::new(handle))
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        if let Some(handle) = self.0 {
            // SAFETY: opened in `hold`, and closed only here.
            unsafe { libc::dlclose(handle.as_ptr()) };
        }
    }
}
