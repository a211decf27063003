//! Errors as C sees them: a code, and a text that each thread keeps of its last call.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char};

use cluster_leader::{Elector, Error};

use super::types::ResultCode;
use crate::handles::{self, Handle};
use crate::problem::{Outcome, Problem, catching};

thread_local! {
    static CODE: Cell<ResultCode> = const { Cell::new(ResultCode::Ok) };
    static MESSAGE: RefCell<CString> = RefCell::new(CString::default());
}

/// Carries out a call from C: notes how it ended, and answers `otherwise` if it failed.
#[inline]
pub(super) fn answer<T>(otherwise: T, body: impl FnOnce() -> Outcome<T>) -> T {
    conclude(otherwise, catching(body).flatten())
}

/// Asks an election something that takes no time. This is the hot path: no more than the answer
/// is handed out of the frame that catches panics.
#[inline]
pub(super) fn ask<T>(handle: Handle, otherwise: T, question: impl FnOnce(&Elector) -> T) -> T {
    let found = catching(|| handles::ask(handle, question));
    conclude(otherwise, found.and_then(|found| Ok(found.ok_or(Problem::Handle(handle))?)))
}

#[inline]
fn conclude<T>(otherwise: T, outcome: Outcome<T>) -> T {
    match outcome {
        Ok(value) => {
            CODE.set(ResultCode::Ok);
            value
        }
        Err(problem) => {
            note(&problem);
            otherwise
        }
    }
}

/// Carries out a call from C whose answer is how it ended.
pub(super) fn carry_out(body: impl FnOnce() -> Outcome<()>) -> ResultCode {
    answer((), body);
    CODE.get()
}

#[cold]
fn note(problem: &Problem) {
    CODE.set(ResultCode::from(problem));
    let text: Vec<u8> = problem.to_string().bytes().map(|byte| if byte == 0 { b'?' } else { byte }).collect();
    // A thread that is ending keeps no text: the code must do.
    let _ = MESSAGE.try_with(|message| *message.borrow_mut() = CString::new(text).unwrap_or_default());
}

pub(super) fn last_code() -> ResultCode {
    CODE.get()
}

/// Valid until this thread's next call that fails.
pub(super) fn last_message() -> *const c_char {
    const NOTHING: &CStr = c"";
    if CODE.get() == ResultCode::Ok {
        return NOTHING.as_ptr();
    }
    MESSAGE.try_with(|message| message.borrow().as_ptr()).unwrap_or_else(|_| NOTHING.as_ptr())
}

impl From<&Problem> for ResultCode {
    fn from(problem: &Problem) -> Self {
        match problem {
            Problem::Election(error) => Self::from(error),
            Problem::Argument(_) => Self::ErrorArgument,
            Problem::Handle(_) => Self::ErrorHandle,
            Problem::DefaultStopped => Self::ErrorStopped,
            Problem::Timeout(_) | Problem::LogCallback(_) => Self::ErrorTimeout,
            Problem::Panic(_) => Self::ErrorInternal,
        }
    }
}

impl From<&Error> for ResultCode {
    fn from(error: &Error) -> Self {
        match error {
            Error::Configuration { .. } => Self::ErrorConfiguration,
            Error::Store(_) => Self::ErrorStore,
            Error::NeverLeft { .. } => Self::ErrorDuration,
            Error::System { .. } => Self::ErrorSystem,
            Error::Stopped => Self::ErrorStopped,
            Error::Unanswered(_) => Self::ErrorUnanswered,
            Error::NotLeading => Self::ErrorNotLeading,
            Error::LedgerEntry { .. } | Error::LedgerFull { .. } => Self::ErrorFull,
            _ => Self::ErrorInternal,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn text() -> String {
        // SAFETY: `last_message` answers a C string that lives until this thread's next error.
        unsafe { CStr::from_ptr(last_message()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn each_call_notes_how_it_ended() {
        assert_eq!((last_code(), text().as_str()), (ResultCode::Ok, ""));
        let code = carry_out(|| Err(Problem::Argument("no\0thing".to_owned()).into()));
        assert_eq!(code, ResultCode::ErrorArgument);
        assert_eq!((last_code(), text().as_str()), (ResultCode::ErrorArgument, "no?thing"));
        assert_eq!(answer(7, || Err(Error::Stopped.into())), 7);
        assert_eq!((last_code(), text().as_str()), (ResultCode::ErrorStopped, "this election was stopped"));
        std::thread::spawn(|| assert_eq!((last_code(), text().as_str()), (ResultCode::Ok, "")))
            .join()
            .unwrap();
        assert!(answer(false, || Ok(true)));
        assert_eq!((last_code(), text().as_str()), (ResultCode::Ok, ""));
    }

    #[test]
    fn g11_a_panic_is_an_error_code() {
        assert_eq!(carry_out(|| panic!("oh no, {}", 7)), ResultCode::ErrorInternal);
        assert!(text().contains("panic: oh no, 7"), "{}", text());
        assert_eq!(answer(3, || panic!("again")), 3);
    }

    #[test]
    fn every_problem_has_a_code_of_its_own_kind() {
        let system = Error::System { what: "x", source: std::io::Error::other("y") };
        let never =
            Error::NeverLeft { asked: Duration::from_secs(2), renew_deadline: Duration::from_secs(1) };
        for (problem, code) in [
            (
                Error::Configuration { name: "x".into(), problem: "y".into() }.into(),
                ResultCode::ErrorConfiguration,
            ),
            (Error::Store("x".into()).into(), ResultCode::ErrorStore),
            (never.into(), ResultCode::ErrorDuration),
            (system.into(), ResultCode::ErrorSystem),
            (Error::Stopped.into(), ResultCode::ErrorStopped),
            (Error::Unanswered("x".into()).into(), ResultCode::ErrorUnanswered),
            (Error::NotLeading.into(), ResultCode::ErrorNotLeading),
            (Error::LedgerEntry { name: "x".into(), bytes: 65 }.into(), ResultCode::ErrorFull),
            (Problem::Argument("x".into()).into(), ResultCode::ErrorArgument),
            (Problem::Handle(7).into(), ResultCode::ErrorHandle),
            (Problem::DefaultStopped.into(), ResultCode::ErrorStopped),
            (Problem::Timeout(Duration::ZERO).into(), ResultCode::ErrorTimeout),
            (Problem::LogCallback(Duration::ZERO).into(), ResultCode::ErrorTimeout),
            (Problem::Panic("x".into()).into(), ResultCode::ErrorInternal),
        ] {
            let problem: Box<Problem> = problem;
            assert_eq!(ResultCode::from(&*problem), code, "{problem}");
            assert!(!problem.to_string().is_empty());
        }
    }
}
