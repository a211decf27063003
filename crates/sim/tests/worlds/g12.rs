use sim::coverage::Fault;
use sim::script::Focus;

use crate::hold;

#[test]
fn g12_one_leads_among_ours_and_those_that_follow_client_gos_rules() {
    let happened = [Fault::ForeignTerm, Fault::ForeignRelease, Fault::TakeOver, Fault::TakenReleased];
    hold(Focus::MixedFleet, &happened);
}
