//! What only the operating system can tell or do. The crate's `unsafe` is here and nowhere else.

pub(crate) mod at_exit;
mod clock;
mod fork;
mod page;
mod pin;
pub(crate) mod signals;

#[cfg(test)]
pub(crate) use clock::WALL_STEPPED;
pub(crate) use clock::{now, wall_now};
pub use fork::PerProcess;
pub(crate) use fork::this_process;
pub(crate) use page::Slot;
pub use pin::Pin;
