use sim::coverage::Fault;
use sim::script::Focus;

use crate::hold;

#[test]
fn g9_a_term_is_acquired_once_and_lost_once_and_not_too_late_however_the_driver_is_held_up() {
    let happened = [Fault::PausedOverDeadline, Fault::StalledMidway, Fault::Expired, Fault::DriverFailed];
    hold(Focus::Pauses, &happened);
}
