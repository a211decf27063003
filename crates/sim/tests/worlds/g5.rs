use sim::coverage::Fault;
use sim::script::Focus;

use crate::hold;

#[test]
fn g5_the_deletion_of_a_live_record_is_waited_out() {
    hold(Focus::Deletions, &[Fault::DeletedLive, Fault::DeletedIdle, Fault::Created, Fault::TakeOver]);
}

#[test]
fn g5_a_record_is_waited_out_for_its_own_duration() {
    hold(Focus::MixedTimings, &[Fault::TakeOver, Fault::OddRecord]);
}
