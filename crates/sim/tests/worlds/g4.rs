use sim::coverage::Fault;
use sim::script::Focus;

use crate::hold;

#[test]
fn g4_what_became_of_a_write_is_believed_only_when_it_is_known() {
    let happened = [
        Fault::RequestLost,
        Fault::ReplyLost,
        Fault::Reset,
        Fault::LandedLate,
        Fault::Adopted,
        Fault::Repeated,
    ];
    hold(Focus::UnknownOutcomes, &happened);
}
