//! Keeps the command running exactly while this process leads.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use cluster_leader::Elector;
use rustix::process::Signal;
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};

use super::child::{Child, Reaped, Term, kill_orphans};
use super::rule::Rule;
use super::{Arguments, News, Restart};
use crate::exit;

/// The election, the command, and what comes next.
pub(super) struct Supervisor<'a> {
    elector: &'a Elector,
    arguments: &'a Arguments,
    rule: Rule,
    phase: Phase,
    /// A signal asked for the end of it all.
    ending: bool,
    backoff: Backoff,
}

enum Phase {
    /// No command runs; none is started before this instant.
    Idle {
        not_before: Option<Instant>,
    },
    Running(Child),
    Ending(Child, End),
    /// The command has ended; what it left behind is being killed.
    CleaningUp {
        child: Child,
        code: u8,
        why: Option<Why>,
    },
}

/// An end under way.
#[derive(Clone, Copy)]
struct End {
    why: Why,
    kill_at: Instant,
    killed: bool,
}

/// Why the command is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// A signal to this process.
    Asked,
    /// A request to step down.
    StepDown,
    /// The claim is about to end.
    ClaimEnds,
    /// The term is over.
    Lost,
}

/// The pause before the command is started again.
struct Backoff {
    next: Duration,
    started: Option<Instant>,
}

impl Backoff {
    const SHORTEST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(60);

    /// Doubles, unless the command ran for longer than the longest pause.
    fn pause(&mut self) -> Duration {
        if self.started.is_some_and(|started| started.elapsed() >= Self::LONGEST) {
            self.next = Self::SHORTEST;
        }
        let pause = self.next;
        self.next = (pause * 2).min(Self::LONGEST);
        pause
    }
}

impl<'a> Supervisor<'a> {
    /// Nothing is awaited for longer: should a signal get lost, it is only late.
    const LONGEST_WAIT: Duration = Duration::from_secs(1);
    /// What is killed ends soon, and not every end is told by a signal.
    const WAIT_FOR_THE_KILLED: Duration = Duration::from_millis(10);

    pub(super) fn new(elector: &'a Elector, arguments: &'a Arguments) -> Self {
        Self {
            elector,
            arguments,
            rule: Rule::new(arguments.grace, elector.timing().renew_deadline()),
            phase: Phase::Idle { not_before: None },
            ending: false,
            backoff: Backoff { next: Backoff::SHORTEST, started: None },
        }
    }

    /// Returns the exit code. By then the command is gone and the record released.
    pub(super) fn supervise(mut self, news: &Receiver<News>) -> u8 {
        loop {
            if let Some(code) = self.proceed() {
                self.elector.stop();
                return code;
            }
            // Disconnected: there are no more signals, and the clock goes on.
            if let Ok(News::Signal(signal)) = news.recv_timeout(self.patience()) {
                self.signalled(signal);
            }
        }
    }

    /// Does what is due; the exit code, if this is the end.
    fn proceed(&mut self) -> Option<u8> {
        loop {
            let phase = std::mem::replace(&mut self.phase, Phase::Idle { not_before: None });
            let (next, go_on) = match phase {
                Phase::Idle { not_before } => match self.idle(not_before) {
                    Ok(next) => next,
                    Err(code) => return Some(code),
                },
                Phase::Running(child) => self.running(child),
                Phase::Ending(child, end) => self.ending(child, end),
                Phase::CleaningUp { child, code, why } => match Self::clean_up(child, code, why) {
                    Ok(phase) => (phase, false),
                    Err((code, why)) => match self.ended(code, why) {
                        Ok(phase) => (phase, true),
                        Err(code) => return Some(code),
                    },
                },
            };
            self.phase = next;
            if !go_on {
                return None;
            }
        }
    }

    fn idle(&mut self, not_before: Option<Instant>) -> Result<(Phase, bool), u8> {
        if self.ending {
            return Err(exit::OK);
        }
        let status = self.elector.status();
        if status.asked_to_step_down {
            self.elector.step_down();
            return Ok((Phase::Idle { not_before: None }, false));
        }
        let waits = not_before.is_some_and(|instant| Instant::now() < instant);
        let term = status.term.zip(status.fencing_token);
        let (Some((term, token)), false) = (term, waits) else {
            return Ok((Phase::Idle { not_before }, false));
        };
        if self.elector.remaining() <= self.rule.to_work {
            return Ok((Phase::Idle { not_before }, false));
        }
        match Child::start(&self.arguments.command, Term { election: status.election, term, token }) {
            Ok(child) => {
                tracing::info!(
                    "leads (term {term}, fencing token {token}): the command runs as process {}",
                    child.pid()
                );
                self.backoff.started = Some(Instant::now());
                Ok((Phase::Running(child), true))
            }
            Err(error) => {
                tracing::error!("the command cannot be started: {error}");
                Err(exit::NOT_STARTED)
            }
        }
    }

    fn running(&self, child: Child) -> (Phase, bool) {
        if let Some(code) = reap(&child) {
            child.kill();
            return (Phase::CleaningUp { child, code, why: None }, true);
        }
        let status = self.elector.status();
        let why = if status.fencing_token != Some(child.term.token) {
            Why::Lost
        } else if status.remaining <= self.rule.to_work {
            Why::ClaimEnds
        } else if self.ending {
            Why::Asked
        } else if status.asked_to_step_down {
            Why::StepDown
        } else {
            return (Phase::Running(child), false);
        };
        tracing::info!("the command is to end: {}", why.explanation());
        if why != Why::Asked {
            // A signal that asked for the end was forwarded as it came.
            child.signal(Signal::TERM);
        }
        child.signal(Signal::CONT);
        let end = End { why, kill_at: Instant::now() + self.arguments.grace, killed: false };
        (Phase::Ending(child, end), true)
    }

    fn ending(&self, child: Child, end: End) -> (Phase, bool) {
        if let Some(code) = reap(&child) {
            child.kill();
            return (Phase::CleaningUp { child, code, why: Some(end.why) }, true);
        }
        let holds = self.elector.status().fencing_token == Some(child.term.token)
            && self.elector.remaining() > self.rule.to_live;
        if end.killed || (holds && Instant::now() < end.kill_at) {
            return (Phase::Ending(child, end), false);
        }
        tracing::warn!("the command has not ended in time, and is killed");
        child.kill();
        (Phase::Ending(child, End { killed: true, ..end }), false)
    }

    /// # Errors
    /// All is gone: the command's exit code, and why it was ended.
    fn clean_up(child: Child, code: u8, why: Option<Why>) -> Result<Phase, (u8, Option<Why>)> {
        kill_orphans();
        loop {
            match child.reap() {
                Reaped::NoneLeft => {
                    tracing::info!("the command is gone, with all that it had started: exit code {code}");
                    return Err((code, why));
                }
                Reaped::NothingYet => return Ok(Phase::CleaningUp { child, code, why }),
                Reaped::Command(_) | Reaped::Orphan => {}
            }
        }
    }

    /// What follows once the command is gone.
    fn ended(&mut self, code: u8, why: Option<Why>) -> Result<Phase, u8> {
        super::child::take_terminal_back();
        let at_once = Phase::Idle { not_before: None };
        match why {
            Some(Why::Asked) => return Err(code),
            _ if self.ending => return Err(code),
            Some(Why::StepDown) => {
                self.elector.step_down();
                return Ok(at_once);
            }
            Some(Why::ClaimEnds | Why::Lost) => return Ok(at_once),
            None => {}
        }
        let again = match self.arguments.restart {
            Restart::Never => false,
            Restart::OnFailure => code != 0,
            Restart::Always => true,
        };
        if !again {
            return Err(code);
        }
        let pause = self.backoff.pause();
        tracing::info!("it is started again in {pause:?}");
        Ok(Phase::Idle { not_before: Some(Instant::now() + pause) })
    }

    fn signalled(&mut self, signal: i32) {
        if signal == SIGCHLD {
            return;
        }
        let asked_before = self.ending;
        self.ending |= matches!(signal, SIGTERM | SIGINT);
        let (Phase::Running(child) | Phase::Ending(child, _)) = &self.phase else { return };
        if let Some(signal) = Signal::from_named_raw(signal) {
            child.signal(signal);
        }
        if asked_before && self.ending && matches!(signal, SIGTERM | SIGINT) {
            tracing::warn!("asked twice: the command is killed");
            child.kill();
        }
    }

    /// How long nothing need be done if nothing happens.
    fn patience(&self) -> Duration {
        let left = |until: Duration| self.elector.remaining().saturating_sub(until);
        let until = |instant: Instant| instant.saturating_duration_since(Instant::now());
        let patience = match &self.phase {
            Phase::Idle { not_before } => not_before.map_or(Self::LONGEST_WAIT, until),
            Phase::Running(_) => left(self.rule.to_work),
            Phase::Ending(_, end) if end.killed => Self::WAIT_FOR_THE_KILLED,
            Phase::Ending(_, end) => left(self.rule.to_live).min(until(end.kill_at)),
            Phase::CleaningUp { .. } => Self::WAIT_FOR_THE_KILLED,
        };
        // Not below: what is due in less than that has come by then.
        patience.clamp(Duration::from_millis(1), Self::LONGEST_WAIT)
    }
}

impl Why {
    fn explanation(self) -> &'static str {
        match self {
            Self::Asked => "this process was asked to end",
            Self::StepDown => "this process was asked to step down",
            Self::ClaimEnds => "the claim is about to end, as it could not be renewed",
            Self::Lost => "this process leads no more",
        }
    }
}

/// The command's exit code, if it has ended.
fn reap(child: &Child) -> Option<u8> {
    loop {
        match child.reap() {
            Reaped::Command(code) => return Some(code),
            Reaped::Orphan => {}
            Reaped::NothingYet => return None,
            // Somebody else has taken it from us.
            Reaped::NoneLeft => return Some(exit::FAILED),
        }
    }
}
