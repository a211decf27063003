use sim::coverage::Fault;
use sim::script::Focus;

use crate::hold;

#[test]
fn g10_no_trouble_makes_anybody_hurry_and_in_quiet_times_followers_are_silent() {
    hold(Focus::UnknownOutcomes, &[Fault::Outage, Fault::Refused, Fault::Conflict, Fault::TimedOut]);
}
