//! A process that stands in an election, and says what it answers and what it is told.
//!
//! Configured as any program that uses the library, by the environment. On standard output:
//!
//! | line | meaning |
//! |---|---|
//! | `answers ...` | a run of equal answers: see `answers.rs` |
//! | `acquired TOKEN TERM`, `lost TOKEN REASON` | as listeners are told |
//! | `identity NAME` | it stands with this identity from now on |
//! | `problem TEXT` | what went wrong last |
//! | `error TEXT` | it could not start |
//! | `pid NUMBER` | its process id |
//! | `went through` | the step that its argument names is over |
//!
//! The log goes to standard error. The lines `stop`, `step-down` and `go` on standard input are
//! obeyed, and SIGTERM stops it. The argument names a step between two marks, a mark being a system
//! call without effect; `go` begins it. It asks every `CONTENDER_PAUSE` microseconds.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use cluster_leader::{ChangeKind, Elector, Options, State};
use tests_files::Recorder;

/// Unless the environment says something else.
const PAUSE: Duration = Duration::from_micros(500);

fn pause() -> Duration {
    let given = std::env::var("CONTENDER_PAUSE").ok();
    given.and_then(|micros| micros.parse().ok()).map_or(PAUSE, Duration::from_micros)
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).without_time().with_writer(io::stderr).init();
    let step = std::env::args().nth(1);
    // An error is a broken pipe: nobody listens any more.
    match stand(step.as_deref()) {
        Ok(code) => code,
        Err(_) => ExitCode::FAILURE,
    }
}

fn stand(step: Option<&str>) -> io::Result<ExitCode> {
    let terminated = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::clone(&terminated))?;
    let commands = commands();
    let mut out = io::stdout();
    let pause = pause();
    writeln!(out, "pid {}", std::process::id())?;
    if step == Some("start") {
        mark();
    }
    let elector = match Options::from_env().and_then(Elector::start) {
        Ok(elector) => elector,
        Err(error) => {
            writeln!(out, "error {error}")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let mut recorder = Recorder::default();
    let mut told = Told::default();
    let mut step = step.map(|name| Stepping { name, begun: name == "start", remaining: Duration::MAX });
    loop {
        recorder.ask(|| elector.is_leader(), &mut out)?;
        told.tell(&elector, &mut out)?;
        match commands.try_recv().as_deref() {
            Ok("stop") => break,
            Ok("step-down") => elector.step_down(),
            Ok("go") => {
                if let Some(step) = &mut step {
                    step.begin(&elector);
                }
            }
            _ => {}
        }
        if terminated.load(Ordering::Relaxed) {
            break;
        }
        if step.as_mut().is_some_and(|step| step.is_over(&elector)) {
            mark();
            step = None;
            told.tell(&elector, &mut out)?;
            writeln!(out, "went through")?;
        }
        thread::sleep(pause);
    }
    recorder.finish(&mut out)?;
    elector.stop();
    recorder.ask(|| elector.is_leader(), &mut out)?;
    recorder.finish(&mut out)?;
    told.tell(&elector, &mut out)?;
    Ok(ExitCode::SUCCESS)
}

/// What was said of the election so far.
#[derive(Default)]
struct Told {
    change: u64,
    version: u64,
    identity: String,
    problem: Option<String>,
}

impl Told {
    fn tell(&mut self, elector: &Elector, out: &mut impl Write) -> io::Result<()> {
        for change in elector.changes(self.change) {
            self.change = change.number;
            match change.kind {
                ChangeKind::Acquired { token, term } => writeln!(out, "acquired {token} {term}")?,
                ChangeKind::Lost { token, reason } => writeln!(out, "lost {token} {reason:?}")?,
                _ => {}
            }
        }
        let status = elector.status();
        if status.version != self.version {
            self.version = status.version;
            if status.identity != self.identity {
                writeln!(out, "identity {}", status.identity)?;
                self.identity = status.identity;
            }
            if status.last_problem != self.problem {
                writeln!(out, "problem {}", status.last_problem.as_deref().unwrap_or("none"))?;
                self.problem = status.last_problem;
            }
        }
        Ok(())
    }
}

/// A step on its way.
struct Stepping<'a> {
    name: &'a str,
    begun: bool,
    /// How long we led at least, when last looked at.
    remaining: Duration,
}

impl Stepping<'_> {
    fn begin(&mut self, elector: &Elector) {
        self.begun = true;
        mark();
        match self.name {
            "step-down" => elector.step_down(),
            "stop" => elector.stop(),
            _ => {}
        }
    }

    fn is_over(&mut self, elector: &Elector) -> bool {
        if !self.begun {
            return false;
        }
        match self.name {
            "start" => elector.is_leader(),
            "renew" => {
                let remaining = elector.remaining();
                let before = std::mem::replace(&mut self.remaining, remaining);
                remaining > before
            }
            "step-down" => {
                let status = elector.status();
                status.leader_identity.as_ref() != Some(&status.identity)
            }
            _ => elector.status().state == State::Stopped,
        }
    }
}

/// A system call without effect, which whoever traces us takes for a mark.
fn mark() {
    // It cannot fail: we are there.
    let _ = rustix::process::test_kill_process(rustix::process::getpid());
}

fn commands() -> Receiver<String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}
