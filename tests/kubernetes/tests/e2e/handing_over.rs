//! Leadership moves on: by request, and after a crash or a pause.

use std::thread::sleep;
use std::time::Duration;

use cluster_leader_tests_kubernetes::{Candidate, Moment, Turn, assert_one_at_a_time, measured, reigns};
use rustix::process::Signal;

use crate::{SERVER, elector, follower};

/// A leader that was frozen for longer than its lease wakes up to a no.
#[test]
fn g1_g2_a_frozen_leader_wakes_up_as_a_follower() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("frozen");
    let account = elector(&namespace, "jobs", "jobs");
    let first = Candidate::start(&account, "first", "jobs", Candidate::quick());
    let frozen_term = first.await_term_after(0);
    let second = follower(&account, "second", &first, Candidate::quick());

    let frozen = Moment::now();
    first.process().signal(Signal::STOP);
    let next_term = second.await_term_after(frozen_term.token);
    // Both would answer yes at one time now, if the first were to believe what it knew.
    sleep(Duration::from_millis(200));
    let thawed = Moment::now();
    first.process().signal(Signal::CONT);
    assert_eq!(first.await_loss(frozen_term.token), "Expired");
    first.process().await_text("held by second");

    let last_yes = first.reigns().last().expect("it led").until;
    assert!(last_yes < thawed, "it said yes after the pause: {:?}", first.reigns());
    assert_eq!(first.terms(), [frozen_term]);
    assert_eq!(second.current_term(), Some(next_term));
    let all = reigns([first.reigns(), second.reigns()]);
    assert_one_at_a_time(&all);
    measured("from the pause of a leader to the next", format_args!("{:?}", all[1].from.since(frozen)));
}

/// One after the other stops, is killed, steps down: there is always a next one, and only one.
#[test]
fn g2_g6_g7_g8_leadership_moves_on() {
    let _turn = Turn::beside_another();
    let Some(server) = SERVER.get() else { return };
    let namespace = server.namespace("moves-on");
    let account = elector(&namespace, "jobs", "jobs");

    // Who hands over has a lease that nobody could wait for: that it has run out is not how the next
    // one came to lead.
    let stopped = Candidate::start(&account, "stopped", "jobs", Candidate::slow());
    let first = stopped.await_term_after(0);
    let killed = follower(&account, "killed", &stopped, Candidate::quick());
    stopped.stop();
    let second = killed.await_term_after(first.token);

    let stepping_down = follower(&account, "stepping-down", &killed, Candidate::slow());
    killed.process().kill();
    let third = stepping_down.await_term_after(second.token);

    let last = follower(&account, "last", &stepping_down, Candidate::quick());
    stepping_down.step_down();
    let fourth = last.await_term_after(third.token);
    assert_eq!(stepping_down.await_loss(third.token), "SteppedDown");
    stepping_down.process().await_text("held by last");

    assert_eq!([first.term, second.term, third.term, fourth.term], [0, 1, 2, 3]);
    let all = reigns([stopped.reigns(), killed.reigns(), stepping_down.reigns(), last.reigns()]);
    let gaps = assert_one_at_a_time(&all);
    let [after_stop, after_kill, after_step_down] = gaps[..] else { panic!("{all:#?}") };
    measured("from the stop of a leader to the next", format_args!("{after_stop:?}"));
    measured("from the death of a leader to the next", format_args!("{after_kill:?}"));
    measured("from the step-down of a leader to the next", format_args!("{after_step_down:?}"));
}
