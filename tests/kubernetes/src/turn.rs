//! So many processes at a time, and no more: timings mean something on an unhurried machine only.

use std::sync::{Condvar, Mutex, PoisonError};

const PLACES: usize = 2;

static FREE: Mutex<usize> = Mutex::new(PLACES);
static FREED: Condvar = Condvar::new();

/// The right to keep the machine busy, until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Turn {
    places: usize,
}

impl Turn {
    /// Waits for one's turn beside one other.
    pub fn beside_another() -> Self {
        Self::take(1)
    }

    /// Waits for one's turn alone.
    pub fn alone() -> Self {
        Self::take(PLACES)
    }

    fn take(places: usize) -> Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = FREED.wait_while(free, |free| *free < places).unwrap_or_else(PoisonError::into_inner);
        *free -= places;
        Self { places }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *FREE.lock().unwrap_or_else(PoisonError::into_inner) += self.places;
        FREED.notify_all();
    }
}
