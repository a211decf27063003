//! The election of this process, configured by the environment alone.

use once_cell::sync::OnceCell;

use crate::elector::Elector;
use crate::error::Error;
use crate::options::Options;
use crate::os::PerProcess;

static DEFAULT: PerProcess<OnceCell<Elector>> = PerProcess::new(OnceCell::new);

/// The process-wide elector, started on first use.
///
/// `options` is asked only by the call that starts it. Process-wide means per loaded copy of this
/// library; a forked child starts its own.
///
/// # Errors
/// The configuration is wrong (see [`Elector::start`]); the next call tries again.
pub fn default_elector(options: impl FnOnce() -> Result<Options, Error>) -> Result<&'static Elector, Error> {
    DEFAULT.get().get_or_try_init(|| Elector::start(options()?))
}

/// Whether this process leads the election that its environment names
/// (`CLUSTER_LEADER_ELECTION` and the other variables of [`Options::from_env`]).
///
/// The first call starts the election and answers `Ok(false)` without waiting for it; later calls
/// cost about one clock read.
///
/// # Errors
/// The configuration is wrong; the next call tries again.
pub fn is_this_instance_leader() -> Result<bool, Error> {
    Ok(default_elector(Options::from_env)?.is_leader())
}
