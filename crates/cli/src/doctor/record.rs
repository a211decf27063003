//! The record, and whoever wrote it.

use std::time::Duration;

use cluster_leader::{Observed, Setting};

use super::{Configuration, Report};
use crate::print::short;
use crate::seen::{Seen, State};

pub(super) fn check(seen: &Seen, configuration: &Configuration, report: &mut Report) {
    let Some(record) = &seen.record else {
        return report
            .note(format!("there is no record of {} yet: whoever stands first makes it", seen.election));
    };
    if let Some(strategy) = &record.strategy {
        report.find(
            format!("{}: coordinated election ({strategy}) is in charge of it: this library only follows", record.place),
            format!(
                "if that is not meant: kubectl patch lease {} --type=json -p '[{{\"op\":\"remove\",\"path\":\"/spec/strategy\"}}]'",
                record.election
            ),
        );
    }
    let Some(leader) = &record.leader else {
        return report.note(format!("{} is released: nobody leads, or stands", seen.election));
    };
    match seen.state() {
        State::Dead => report.find(
            format!("{}: its holder {leader} is dead, and nobody has taken over: nobody stands", record.place),
            "start the program, and see what it logs",
        ),
        State::Expired => report.find(
            format!(
                "{}: its holder {leader} has not renewed it for {}, and nobody has taken over: nobody stands, or \
                 nobody who does can write it",
                record.place,
                seen.ago(record.renewed_at).map_or_else(|| "ever".to_owned(), short)
            ),
            "see that the program runs (`kubectl get pods`), and what it logs; run this command in one of its pods",
        ),
        _ => check_holder(seen, record, leader, report),
    }
    if !record.is_ours {
        check_other_elector(record, leader, report);
    } else if let Some(duration) = record.lease_duration {
        let ours = configuration.duration(Setting::LeaseDuration);
        if duration != ours {
            report.find(
                format!(
                    "{}: {leader} has a lease duration of {}, and this configuration one of {}",
                    record.place,
                    short(duration),
                    short(ours)
                ),
                "give all replicas the same timings (CLUSTER_LEADER_LEASE_DURATION and its like)",
            );
        }
    }
}

fn check_holder(seen: &Seen, record: &Observed, leader: &str, report: &mut Report) {
    const MOST_AHEAD: Duration = Duration::from_secs(3);
    if let Some(ahead) = seen.renewed_in_the_future().filter(|ahead| *ahead > MOST_AHEAD) {
        report.find(
            format!(
                "{}: {leader} renewed it {} in the future: its clock is ahead of ours",
                record.place,
                short(ahead)
            ),
            "set the clocks of both hosts by NTP or chrony",
        );
    }
    if record.asked_to_step_down {
        report.note(format!("{leader} is asked to step down"));
    }
    report.note(format!("{} is held by {leader} (term {})", seen.election, record.term));
}

/// Electors that can share a Lease with us, as far as they keep their own side.
fn check_other_elector(record: &Observed, leader: &str, report: &mut Report) {
    report.find(
        format!(
            "{}: {leader} has written it with another elector, which may answer yes on an expired claim after a pause",
            record.place
        ),
        "let all candidates elect with this library, or give the other workload a Lease of its own",
    );
    let mut missing = Vec::new();
    if record.lease_duration.is_none() {
        missing.push("leaseDurationSeconds");
    }
    if record.renewed_at.is_none() {
        missing.push("renewTime");
    }
    if !missing.is_empty() {
        report.find(
            format!("{}: {} has left out {}", record.place, leader, missing.join(" and ")),
            "correct the other elector: without them nobody can tell for how long its claim lasts",
        );
    }
}
