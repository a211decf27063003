//! How the command ends.

use std::process::ExitCode;

/// All went well.
pub(crate) const OK: u8 = 0;
/// It could not be done: the store does not answer, or refuses.
pub(crate) const FAILED: u8 = 1;
/// The command line or the configuration is wrong.
pub(crate) const WRONG: u8 = 2;
/// What was looked at is not well.
pub(crate) const NOT_WELL: u8 = 3;
/// What was awaited did not happen in time.
pub(crate) const IN_VAIN: u8 = 4;
/// `run` could not start the command, for another reason than the next two.
pub(crate) const NOT_STARTED: u8 = 125;
/// The command cannot be executed.
pub(crate) const NOT_EXECUTABLE: u8 = 126;
/// There is no such command.
pub(crate) const NOT_FOUND: u8 = 127;

/// As `--help` and the man page show them.
pub(crate) const CODES: &str = "\
Exit codes:
  0    all went well
  1    it could not be done: the store does not answer, or refuses
  2    the command line or the configuration is wrong
  3    status: an election that was named is not held; doctor: something is to be done
  4    step-down: nobody else took over in time
  125  run: the command could not be started
  126  run: the command cannot be executed
  127  run: there is no such command
  run else ends as its command does: with its exit code, or 128 and the number of the signal that ended it.";

/// Why the command ends otherwise than well.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    /// The thing, its value, the rule and the fix.
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { code: FAILED, message: message.into() }
    }

    pub(crate) fn wrong(message: impl Into<String>) -> Self {
        Self { code: WRONG, message: message.into() }
    }
}

impl From<cluster_leader::Error> for Failure {
    fn from(error: cluster_leader::Error) -> Self {
        use cluster_leader::Error;
        let code = match error {
            Error::Configuration { .. } | Error::Store(_) | Error::NeverLeft { .. } => WRONG,
            _ => FAILED,
        };
        Self { code, message: error.to_string() }
    }
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        Self::from(failure.code)
    }
}
