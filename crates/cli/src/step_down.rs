//! Asks a leader to hand over.

use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use cluster_leader::surface::parse_duration;
use cluster_leader::{Observed, Observer};
use serde::Serialize;

use crate::args::{Format, Output, Settings};
use crate::exit::{self, Failure};
use crate::print::{milliseconds, print, print_json, short, tell};

/// Asks whoever leads to hand over, and waits until another leads
///
/// The request is an annotation of the record, cluster-leader.io/step-down, which names the holder that it is meant
/// for: nobody else heeds it, and it goes with the term. It is written only if nobody has written the record
/// since it was read. Whoever may update the Lease may ask.
///
/// A command under `cluster-leader run` is ended first, which may take its grace.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The election; otherwise that of --election or CLUSTER_LEADER_ELECTION
    #[arg(value_name = "ELECTION")]
    name: Option<String>,
    /// How long to wait for another to lead; 0: not at all
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse_duration)]
    timeout: Duration,
}

#[derive(Debug, Serialize)]
struct Done<'a> {
    election: &'a str,
    /// Who was asked.
    from: Option<&'a str>,
    /// Who leads since.
    to: Option<&'a str>,
    took_ms: u64,
}

pub(crate) fn step_down(settings: &Settings, output: Output, arguments: &Arguments) -> Result<u8, Failure> {
    let observer = Observer::new(settings.options()?)?;
    let election = arguments.name.as_deref().or(observer.election()).ok_or_else(|| {
        Failure::wrong("no election is named: write its name after step-down, or set CLUSTER_LEADER_ELECTION")
    })?;
    let begun = Instant::now();
    let Some(asked) = ask(&observer, election)? else {
        return report(output, &Done { election, from: None, to: None, took_ms: 0 }, exit::OK);
    };
    let from = asked.leader.as_deref();
    tell(&format!("{}: {} is asked to step down", asked.place, from.unwrap_or_default()));
    if arguments.timeout.is_zero() {
        return report(output, &Done { election, from, to: None, took_ms: 0 }, exit::OK);
    }
    let next = await_another(&observer, &asked, begun + arguments.timeout)?;
    let took_ms = milliseconds(begun.elapsed());
    match next {
        Outcome::Another(to) => report(output, &Done { election, from, to: Some(&to), took_ms }, exit::OK),
        Outcome::Same(why) => {
            report(output, &Done { election, from, to: None, took_ms }, exit::IN_VAIN)?;
            Err(Failure { code: exit::IN_VAIN, message: format!("{}: {why}", asked.place) })
        }
    }
}

/// Asks; who was asked. `None`: nobody holds it.
fn ask(observer: &Observer, election: &str) -> Result<Option<Observed>, Failure> {
    /// A leader writes once in half a renew deadline: it cannot be in the way for long.
    const TRIES: usize = 10;
    for _ in 0..TRIES {
        let seen = observer.look_at(election)?.ok_or_else(|| {
            Failure::new(format!(
                "there is no election {election:?} in the {}: `cluster-leader status --all` shows those there are",
                observer.place()
            ))
        })?;
        if seen.leader.is_none() {
            tell(&format!("{}: nobody holds it", seen.place));
            return Ok(None);
        }
        if !seen.is_ours {
            return Err(Failure::new(format!(
                "{}: {} has written it with another elector, which does not know how to be asked: restart that \
                 process instead",
                seen.place,
                seen.leader.as_deref().unwrap_or_default()
            )));
        }
        if observer.ask_to_step_down(&seen)? {
            return Ok(Some(seen));
        }
    }
    Err(Failure::new(format!(
        "{election}: the record was written by others each time between its being read and the request. Try again"
    )))
}

enum Outcome {
    /// The shown name of who leads now.
    Another(String),
    /// With the reason, as far as it can be seen.
    Same(String),
}

fn await_another(observer: &Observer, asked: &Observed, deadline: Instant) -> Result<Outcome, Failure> {
    const BETWEEN: Duration = Duration::from_millis(100);
    const TELL_EVERY: Duration = Duration::from_secs(5);
    let begun = Instant::now();
    let (mut released, mut told) = (false, Instant::now());
    loop {
        match observer.look_at(&asked.election)? {
            Some(Observed { leader: Some(leader), leader_identity, .. })
                if leader_identity != asked.leader_identity =>
            {
                return Ok(Outcome::Another(leader));
            }
            Some(now) if now.leader.is_some() && now.term != asked.term => {
                return Ok(Outcome::Same(format!(
                    "{} leads again: nobody else stood in the meantime",
                    now.leader.unwrap_or_default()
                )));
            }
            Some(now) if now.leader.is_some() => {}
            _ if released => {}
            _ => {
                tell("released; nobody has taken over yet");
                released = true;
            }
        }
        if Instant::now() >= deadline {
            let leader = asked.leader.as_deref().unwrap_or_default();
            return Ok(Outcome::Same(if released {
                format!("{leader} has released it, and nobody else has taken over: does anybody stand?")
            } else {
                format!(
                    "{leader} has not handed over: is it frozen or cut off, or does its command under \
                     `cluster-leader run` need its grace?"
                )
            }));
        }
        if told.elapsed() >= TELL_EVERY {
            tell(&format!("waiting for another to lead ({})", short(begun.elapsed())));
            told = Instant::now();
        }
        thread::sleep(BETWEEN);
    }
}

fn report(output: Output, done: &Done<'_>, code: u8) -> Result<u8, Failure> {
    match (output.output, done.to) {
        (Format::Json, _) => print_json(done)?,
        (_, Some(to)) => print(&format!(
            "{to} leads, {} after {} was asked\n",
            short(Duration::from_millis(done.took_ms)),
            done.from.unwrap_or("nobody")
        ))?,
        (_, None) => {}
    }
    Ok(code)
}
