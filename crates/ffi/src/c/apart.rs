//! Work that leaves nothing behind on the thread that asks for it.

use std::any::Any;
use std::ffi::c_void;
use std::panic::{self, AssertUnwindSafe};
use std::{mem, ptr};

use cluster_leader::surface::block_all_in_this_thread;

/// What the thread is given to do, and what came of it.
struct Order<F, T> {
    work: Option<F>,
    done: Option<Result<T, Box<dyn Any + Send>>>,
}

/// Does this work on a thread of its own, and waits for it.
///
/// Starting a thread, waking one and waiting for an answer leave values on the thread that does it which
/// are dropped when it ends. Until then the dynamic linker keeps this library mapped, whoever closed it;
/// and the threads of a JVM that loads an application anew may live for ever. (So this must not be done
/// by `std::thread`, which would leave such a value itself.)
pub(crate) fn apart<F, T>(work: F) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let mut order = Order { work: Some(work), done: None };
    let mut thread = mem::MaybeUninit::uninit();
    // SAFETY: `obey` is told the types of the order, which outlives the thread: it is joined below.
    let made = unsafe {
        let order: *mut Order<F, T> = &raw mut order;
        libc::pthread_create(thread.as_mut_ptr(), ptr::null(), obey::<F, T>, order.cast())
    };
    if made == 0 {
        // SAFETY: it was created, and is joined once.
        unsafe { libc::pthread_join(thread.assume_init(), ptr::null_mut()) };
    } else {
        order.obey(); // Where there is no room for a thread, what is left behind is the lesser evil.
    }
    match order.done {
        Some(Ok(value)) => value,
        Some(Err(panic)) => panic::resume_unwind(panic),
        None => panic::resume_unwind(Box::new("the thread that was to do it did not")),
    }
}

extern "C" fn obey<F: FnOnce() -> T, T>(order: *mut c_void) -> *mut c_void {
    // The host's signals are for the host's threads. If they cannot be kept away, no harm is done.
    drop(block_all_in_this_thread());
    // SAFETY: `apart` gives an order of these types, and does not touch it before this thread has ended.
    let order = unsafe { &mut *order.cast::<Order<F, T>>() };
    order.obey();
    ptr::null_mut()
}

impl<F: FnOnce() -> T, T> Order<F, T> {
    fn obey(&mut self) {
        self.done = self.work.take().map(|work| panic::catch_unwind(AssertUnwindSafe(work)));
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_comes_of_it_comes_back_from_another_thread() {
        let here = thread::current().id();
        let text = "borrowed".to_owned();
        let (there, length) = apart(|| (thread::current().id(), text.len()));
        assert_ne!(here, there);
        assert_eq!(length, 8);
    }

    #[test]
    fn g11_a_panic_comes_back_too() {
        let panic = panic::catch_unwind(|| apart(|| panic!("there"))).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"there"));
    }
}
