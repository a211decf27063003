use sim::coverage::Fault;
use sim::script::Focus;

use crate::hold;

/// Others write between every look and its write.
#[test]
fn g3_nobody_blanks_or_overwrites_what_others_wrote_meanwhile() {
    hold(Focus::BrokenRules, &[Fault::Overwritten, Fault::DeletedLive, Fault::Conflict, Fault::Released]);
}
