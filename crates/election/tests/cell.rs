//! The claim as readers see it.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use election::{ClaimCell, Instant, Word};

/// A word that any of one thread's readers may change meanwhile.
struct Plain<'a>(&'a Cell<u64>);

thread_local! {
    /// What a reader does, in order.
    static DONE: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

fn does(what: &'static str) {
    DONE.with_borrow_mut(|done| done.push(what));
}

impl Word for Plain<'_> {
    fn load(&self) -> u64 {
        does("load");
        self.0.get()
    }
    fn store(&self, value: u64) {
        self.0.set(value);
    }
    fn fence() {
        does("fence");
    }
}

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

#[test]
fn g1_the_answer_is_yes_before_the_deadline_and_no_at_it() {
    let word = Cell::new(0);
    let cell = ClaimCell::over(Plain(&word));
    assert!(!cell.is_leading(|| at(0)), "nothing was claimed yet");
    for (deadline, now, remaining) in
        [(None, 0, 0), (Some(100), 0, 100), (Some(100), 99, 1), (Some(100), 100, 0), (Some(100), 101, 0)]
    {
        cell.store(deadline.map(at));
        assert_eq!(cell.remaining(|| at(now)), Duration::from_nanos(remaining), "{deadline:?} at {now}");
        assert_eq!(cell.is_leading(|| at(now)), remaining > 0, "{deadline:?} at {now}");
    }
}

#[test]
fn g1_a_reader_held_up_at_its_clock_answers_by_what_stands_when_it_goes_on() {
    for (meanwhile, remaining) in [(None, 0), (Some(40), 0), (Some(90), 40), (Some(110), 60)] {
        let word = Cell::new(0);
        let cell = ClaimCell::over(Plain(&word));
        let held_up = || {
            let times = Cell::new(0);
            let cell = &cell;
            move || {
                cell.store(meanwhile.map(at)); // it is held up the first time; nothing changes later
                at([1, 50][times.replace(1)])
            }
        };
        cell.store(Some(at(100)));
        assert_eq!(cell.is_leading(held_up()), remaining > 0, "{meanwhile:?}");
        cell.store(Some(at(100)));
        assert_eq!(cell.remaining(held_up()), Duration::from_nanos(remaining), "{meanwhile:?}");
    }
}

#[test]
fn g1_the_second_load_comes_after_the_clock_was_read() {
    let word = Cell::new(100);
    let clock = || {
        does("clock");
        at(1)
    };
    ClaimCell::over(Plain(&word)).is_leading(clock);
    assert_eq!(DONE.take(), ["load", "clock", "fence", "load"]);
    word.set(0);
    ClaimCell::over(Plain(&word)).is_leading(clock);
    assert_eq!(DONE.take(), ["load"], "a follower needs no clock");
}
