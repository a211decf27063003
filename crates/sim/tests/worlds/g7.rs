use sim::coverage::Fault;
use sim::script::Focus;

use crate::hold;

#[test]
fn g7_readers_are_told_no_before_the_release_is_sent_and_a_standby_takes_over_at_once() {
    hold(
        Focus::HandOvers,
        &[Fault::Released, Fault::TakenReleased, Fault::SteppedDown, Fault::StoppedInOrder],
    );
}
