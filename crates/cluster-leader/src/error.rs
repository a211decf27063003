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
    /// Only the leader writes the ledger.
    #[error("this process does not lead, and only the leader writes the ledger")]
    NotLeading,
    /// An entry of the ledger has too many bytes.
    #[error(
        "{name:?}: an entry of the ledger has {most} bytes at most, not {bytes}. Keep elsewhere what is larger",
        most = crate::Entry::MOST_BYTES
    )]
    LedgerEntry {
        /// Whose entry.
        name: String,
        /// How many bytes it was to have.
        bytes: usize,
    },
    /// The ledger would be too large.
    #[error(
        "with {name:?} the ledger would have {bytes} bytes, where {most} are the most: {largest}. Remove what is no longer needed",
        most = election::Ledger::MOST_BYTES
    )]
    LedgerFull {
        /// The entry that does not fit.
        name: String,
        /// How large the ledger would be with it.
        bytes: usize,
        /// What takes most of it.
        largest: String,
    },
    /// A question to the store was not answered.
    #[error("{0}")]
    Unanswered(String),
}
