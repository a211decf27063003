//! Memory that a forked child finds wiped.
#![allow(unsafe_code)]

use std::io;
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU64;

/// An atomic word in a page of its own with `MADV_WIPEONFORK`: a forked child, in which no thread
/// renews anything, reads zero from it.
pub(crate) struct Slot {
    page: NonNull<AtomicU64>,
}

// SAFETY: the page is owned by the slot alone and reached only through `&AtomicU64`.
unsafe impl Send for Slot {}
// SAFETY: as above; an atomic may be shared between threads.
unsafe impl Sync for Slot {}

impl Slot {
    /// The kernel rounds up to whole pages.
    const LENGTH: usize = size_of::<AtomicU64>();

    /// A slot that reads zero.
    ///
    /// # Errors
    /// The kernel has no memory left, or is older than 4.14 and cannot wipe on fork.
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: a new private anonymous mapping, at an address of the kernel's choice, aliases
        // nothing.
        let address = unsafe {
            libc::mmap(
                ptr::null_mut(),
                Self::LENGTH,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let page = NonNull::new(address.cast())
            .ok_or_else(|| io::Error::other("the kernel mapped a page at address zero"))?;
        let slot = Self { page };
        // SAFETY: `address` is the start of the mapping made above, owned by `slot` from here on.
        if unsafe { libc::madvise(address, Self::LENGTH, libc::MADV_WIPEONFORK) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(slot)
    }

    /// The word.
    #[inline]
    pub(crate) fn word(&self) -> &AtomicU64 {
        // SAFETY: the mapping is page-aligned, zero-initialised by the kernel (a valid AtomicU64)
        // and lives as long as `self`.
        unsafe { self.page.as_ref() }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // SAFETY: unmaps exactly what `new` mapped; no reference outlives `self`. A failure would
        // only leave the page mapped.
        let _ = unsafe { libc::munmap(self.page.as_ptr().cast(), Self::LENGTH) };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn g11_a_forked_child_reads_zero() {
        let slot = Slot::new().unwrap();
        slot.word().store(42, Ordering::Release);
        // SAFETY: the child calls only async-signal-safe functions before it exits.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let wiped = slot.word().load(Ordering::Acquire) == 0;
            // SAFETY: ends the child without running this process's exit handlers.
            unsafe { libc::_exit(i32::from(!wiped)) };
        }
        assert!(child > 0, "fork failed: {}", io::Error::last_os_error());
        let mut status = 0;
        // SAFETY: waits for the child forked above; `status` is a valid place.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "the child read the claim");
        assert_eq!(slot.word().load(Ordering::Acquire), 42, "the parent's stays");
    }
}
