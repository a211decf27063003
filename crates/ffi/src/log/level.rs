//! Which log lines are wanted. Others are not even made.

use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::level_filters::LevelFilter;

/// By how many levels, the most severe one first, are wanted.
const FINEST: [LevelFilter; 6] = [
    LevelFilter::OFF,
    LevelFilter::ERROR,
    LevelFilter::WARN,
    LevelFilter::INFO,
    LevelFilter::DEBUG,
    LevelFilter::TRACE,
];

static WANTED: AtomicUsize = AtomicUsize::new(3);

/// The finest level that is wanted: at first [`LevelFilter::INFO`].
pub(super) fn finest() -> LevelFilter {
    FINEST.get(WANTED.load(Ordering::Relaxed)).copied().unwrap_or(LevelFilter::INFO)
}

/// From here on, lines of this level and more severe ones are wanted.
pub(crate) fn set_finest(level: LevelFilter) {
    if let Some(wanted) = FINEST.iter().position(|finest| *finest == level) {
        WANTED.store(wanted, Ordering::Relaxed);
        tracing::callsite::rebuild_interest_cache();
    }
}
