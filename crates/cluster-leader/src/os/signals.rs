//! Signals stay with the host's own threads.
#![allow(unsafe_code)]

use std::io;

/// Blocks every signal in the calling thread.
///
/// hyper with TLS writes vectored, without `MSG_NOSIGNAL`: a connection closed by the peer raises
/// SIGPIPE, and its default action would kill the host.
///
/// # Errors
/// The kernel refused, which `pthread_sigmask(3)` does only for a malformed call.
pub fn block_all_in_this_thread() -> io::Result<()> {
    let mut all = std::mem::MaybeUninit::uninit();
    // SAFETY: `sigfillset` initialises the set it is given, and the mask is applied only to the
    // calling thread.
    let error = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), std::ptr::null_mut())
    };
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}
