use sim::coverage::Fault;
use sim::script::Focus;

use crate::hold;

/// The shipped load, clock, load, held up anywhere while claims are withdrawn or run out.
#[test]
fn g1_no_reader_that_is_held_up_is_told_yes_for_a_claim_withdrawn_before_its_clock_was_read() {
    hold(Focus::HeldUpReaders, &[Fault::ReadYes, Fault::ReadOverWithdrawal, Fault::SteppedDown]);
}

#[test]
fn g1_a_claim_ends_one_renew_deadline_after_its_write_was_decided_on_however_slow_the_reply() {
    hold(Focus::ClockEdges, &[Fault::Slow, Fault::Term, Fault::TakeOver]);
}
