//! A candidate that is asked all the time whether it leads, and says what it answers.
//!
//! Configured as any program that uses the library, by the environment. On standard output:
//!
//! | line | meaning |
//! |---|---|
//! | `yes T` | it answered yes at the instant T; the first and the last time, and often between |
//! | `no T` | it answered no at the instant T, after a yes |
//! | `acquired TOKEN TERM`, `lost TOKEN REASON` | as listeners are told |
//! | `ledger STATE AGE` | asked by the line `ledger`: its state, and how many milliseconds ago `job` has started |
//!
//! T is in nanoseconds of `CLOCK_MONOTONIC`. The log goes to standard error. The lines `stop` and
//! `step-down` on standard input are obeyed; `note` notes in the ledger that `job` has started.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use cluster_leader::{ChangeKind, Elector, Entry, Options};
use cluster_leader_tests_kubernetes::Moment;

const PAUSE: Duration = Duration::from_millis(1);
const REMINDER: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).without_time().with_writer(io::stderr).init();
    let elector = match Options::from_env().and_then(Elector::start) {
        Ok(elector) => elector,
        Err(error) => {
            drop(writeln!(io::stderr(), "ERROR {error}"));
            return ExitCode::FAILURE;
        }
    };
    // An error is a broken pipe: nobody listens any more.
    match stand(&elector, &commands()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn stand(elector: &Elector, commands: &Receiver<String>) -> io::Result<()> {
    let mut out = io::stdout();
    let mut last_yes: Option<Moment> = None;
    let mut last_said = Moment::now();
    let mut last_change = 0;
    loop {
        // A reign is not judged longer than it was: it begins after the first yes and ends before
        // the last.
        let before = Moment::now();
        let leads = elector.is_leader();
        let after = Moment::now();
        match (leads, last_yes) {
            (true, None) => {
                writeln!(out, "yes {after}")?;
                (last_yes, last_said) = (Some(after), after);
            }
            (true, Some(_)) => {
                last_yes = Some(before);
                if before.since(last_said) >= REMINDER {
                    writeln!(out, "yes {before}")?;
                    last_said = before;
                }
            }
            (false, Some(last)) => {
                writeln!(out, "yes {last}\nno {after}")?;
                last_yes = None;
            }
            (false, None) => {}
        }
        for change in elector.changes(last_change) {
            last_change = change.number;
            match change.kind {
                ChangeKind::Acquired { token, term } => writeln!(out, "acquired {token} {term}")?,
                ChangeKind::Lost { token, reason } => writeln!(out, "lost {token} {reason:?}")?,
                _ => {}
            }
        }
        match commands.try_recv().as_deref() {
            Ok("stop") => {
                if let Some(last) = last_yes {
                    writeln!(out, "yes {last}")?;
                }
                elector.stop();
                return Ok(());
            }
            Ok("step-down") => elector.step_down(),
            Ok("note") => note(elector),
            Ok("ledger") => writeln!(out, "ledger {}", known(elector))?,
            _ => {}
        }
        thread::sleep(PAUSE);
    }
}

fn note(elector: &Elector) {
    let now = Entry { started: Some(Duration::ZERO), ..Entry::default() };
    if let Err(error) = elector.ledger().set("job", now) {
        drop(writeln!(io::stderr(), "ERROR {error}"));
    }
}

fn known(elector: &Elector) -> String {
    let started = elector.ledger().get("job").and_then(|entry| entry.started);
    let age = started.map_or_else(|| "-".to_owned(), |age| age.as_millis().to_string());
    format!("{} {age}", elector.ledger().state().name())
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
