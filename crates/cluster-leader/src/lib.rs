//! Leader election inside your process, on a Kubernetes Lease or on files.
//!
//! ```no_run
//! let elector = cluster_leader::Elector::start(cluster_leader::Options::from_env()?.election("billing-jobs"))?;
//! if elector.is_leader() {
//!     // one replica runs this
//! }
//! # Ok::<(), cluster_leader::Error>(())
//! ```
//!
//! [`Elector::is_leader`] costs about one clock read: no lock, no I/O. It is true only while a
//! claim acknowledged by the store has time left, by a clock read inside the call; a paused,
//! partitioned or starved process answers no. All elections of a process share one thread.
//!
//! The decision itself is the crate `cluster-leader-election`, a state machine without I/O.

mod bell;
mod claim;
mod default;
mod driver;
mod elector;
mod error;
mod identity;
mod ledger;
mod observer;
mod options;
mod os;
mod shared;
mod status;
mod store;

/// What the surfaces for other languages share with this library. Nothing here is promised to anybody else.
#[doc(hidden)]
pub mod surface {
    pub use crate::options::{Explained, explain, parse_duration};
    pub use crate::os::signals::block_all_in_this_thread;
    pub use crate::os::{PerProcess, Pin};
}

pub use bell::{wait_for_any_change, wake_waiters};
pub use default::{default_elector, is_this_instance_leader};
pub use driver::shutdown;
pub use election::{LostReason, Timing};
pub use elector::Elector;
pub use error::Error;
pub use ledger::{Entry, Ledger, LedgerState};
pub use observer::{Observed, Observer};
pub use options::{Options, Setting, StoreChoice};
pub use status::{Change, ChangeKind, Renewals, State, Status};

/// The example in it compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
#[cfg(doctest)]
#[doc = include_str!("../../../docs/rust.md")]
struct Guide;
