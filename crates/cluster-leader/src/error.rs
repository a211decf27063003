//! What can go wrong at the boundary.

use std::time::Duration;

/// An error of this library. Each names the thing, its value, the rule and the fix.
///
/// What goes wrong later, while an election runs (a refused request, an unreachable server), is
/// not an error of any call: it is logged, shown in [`Status::last_problem`](crate::Status), and
/// tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting has a value that breaks a rule, or is missing.
    #[error("{name}: {problem}")]
    Configuration {
        /// Where the value comes from: an environment variable or the name of an option.
        name: String,
        /// The value, the rule and the fix.
        problem: String,
    },
    /// The place of the election (files, a token, a CA, a kubeconfig) cannot be used.
    #[error("{0}")]
    Store(String),
    /// A duration asked for can never be left of a claim.
    #[error(
        "no claim ever has {asked:?} left: it lasts {renew_deadline:?} (the renew deadline) at most. Ask for less, or raise the renew deadline"
    )]
    NeverLeft {
        /// What was asked for.
        asked: Duration,
        /// The renew deadline.
        renew_deadline: Duration,
    },
    /// The operating system refused something that an election needs.
    #[error("{what}: {source}")]
    System {
        /// What was refused.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The election was stopped, or the process is shutting down.
    #[error("this election was stopped")]
    Stopped,
    /// A question to the store was not answered.
    #[error("{0}")]
    Unanswered(String),
}
