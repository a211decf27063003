use sim::coverage::Fault;
use sim::script::Focus;

use crate::hold;

#[test]
fn g2_one_leads_where_clocks_are_as_far_apart_as_they_may_be() {
    hold(Focus::ClockEdges, &[Fault::TakeOver, Fault::Slow, Fault::DriverStalled, Fault::Killed]);
}

#[test]
fn g2_one_leads_whatever_lawful_happens() {
    hold(Focus::Everything, &[Fault::TakeOver, Fault::LandedLate, Fault::Frozen, Fault::OddRecord]);
}

#[test]
fn g2_one_leads_while_configurations_differ() {
    hold(Focus::MixedTimings, &[Fault::TakeOver]);
}

#[test]
fn g2_one_leads_on_files_where_deaths_are_proven() {
    hold(Focus::Files, &[Fault::TakenFromDead, Fault::TakeOver, Fault::Killed, Fault::WatchSkipped]);
}
