use sim::coverage::Fault;
use sim::script::Focus;

use crate::hold;

#[test]
fn g8_an_outage_shorter_than_half_the_renew_deadline_less_half_a_retry_costs_no_leadership() {
    let totals = hold(Focus::ShortOutages, &[Fault::Outage, Fault::TimedOut]);
    assert_eq!(totals.coverage.of(Fault::Expired), 0);
}

/// At the end of every world, whatever happened in it.
#[test]
fn g8_exactly_one_leads_soon_after_the_last_fault() {
    hold(Focus::Everything, &[Fault::Outage, Fault::Suspended, Fault::DriverFailed, Fault::WatchSilent]);
}

#[test]
fn g8_the_election_survives_whoever_breaks_its_rules() {
    hold(Focus::BrokenRules, &[Fault::Overwritten, Fault::DeletedLive]);
}
