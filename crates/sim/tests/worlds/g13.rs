use sim::coverage::Fault;
use sim::script::Focus;

use crate::hold;

#[test]
fn g13_what_was_noted_stays_noted_and_only_the_leader_notes() {
    let happened = [
        Fault::Noted,
        Fault::NotNoted,
        Fault::Flushed,
        Fault::LedgerHandedOn,
        Fault::LedgerDropped,
        Fault::ForeignTerm,
        Fault::LandedLate,
        Fault::Adopted,
        Fault::TakeOver,
        Fault::TakenReleased,
        Fault::TakenFromDead,
        Fault::Killed,
        Fault::DriverFailed,
        Fault::DeletedIdle,
    ];
    hold(Focus::Ledgers, &happened);
}
