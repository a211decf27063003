//! What can go wrong at the boundary.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use cluster_leader::Error;

use crate::handles::Handle;

/// What a call from the host comes to.
pub(crate) type Outcome<T> = Result<T, Box<Problem>>;

/// Why a call from the host failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error(transparent)]
    Election(Error),
    #[error("{0}")]
    Argument(String),
    #[error(
        "{0:#x} is not the handle of an election of this process: that was stopped, or never started, or is \
         another copy's of this library. Pass what starting it answered, and do not use it after stopping it"
    )]
    Handle(Handle),
    #[error(
        "the election of this process (the one that the environment names) was stopped, and is not started \
         again. Start one of your own"
    )]
    DefaultStopped,
    #[error(
        "not everything ended within {0:?}. All claims are withdrawn; what was not released yet is released \
         later, or runs out"
    )]
    Timeout(Duration),
    #[error(
        "all elections have ended, but the log callback has not taken the last lines within {0:?}: it is given \
         them when it returns. Let it return sooner, or wait for longer"
    )]
    LogCallback(Duration),
    #[error("this is a bug in cluster-leader, please report it (panic: {0})")]
    Panic(String),
}

/// Runs what the host asked for. A panic becomes an error: unwinding into the host would abort it.
#[inline]
pub(crate) fn catching<T>(body: impl FnOnce() -> T) -> Outcome<T> {
    panic::catch_unwind(AssertUnwindSafe(body)).map_err(Problem::of_panic)
}

impl Problem {
    #[cold]
    pub(crate) fn of_panic(payload: Box<dyn Any + Send>) -> Box<Self> {
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("without a message")
            .to_owned();
        // Dropping what somebody else threw may panic again.
        std::mem::forget(payload);
        Box::new(Self::Panic(text))
    }
}

impl From<Error> for Box<Problem> {
    fn from(error: Error) -> Self {
        Self::new(Problem::Election(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g11_a_panic_becomes_an_error_with_its_text() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("while dropping");
            }
        }
        for (text, body) in [
            ("with a literal", (|| panic!("with a literal")) as fn() -> Outcome<()>),
            ("with a number: 7", || panic!("with a number: {}", 7)),
            ("without a message", || panic::panic_any(7)),
            ("without a message", || panic::panic_any(Bomb)),
        ] {
            let problem = catching(body).flatten().unwrap_err();
            assert!(matches!(&*problem, Problem::Panic(message) if message == text), "{problem}");
            assert!(problem.to_string().contains(text), "{problem}");
        }
        assert_eq!(catching(|| 7).unwrap(), 7);
    }
}
