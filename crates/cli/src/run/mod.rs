//! Runs a command while this process leads.

mod child;
mod rule;
mod supervisor;

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use cluster_leader::surface::parse_duration;
use cluster_leader::{Elector, State};
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;

use crate::args::Settings;
use crate::exit::Failure;
pub(crate) use child::exec;
use supervisor::Supervisor;

/// The hidden subcommand by which the command is started.
pub(crate) const EXEC: &str = "exec-while-parent-lives";

/// Runs a command while this process leads, in one place of all that do the same
///
/// When leadership ends the command is ended, and is gone before the claim is: with SIGTERM, and after the grace
/// with SIGKILL. Whoever asks for it to end (SIGTERM to this process, `cluster-leader step-down`) leaves it the
/// whole grace, as leadership is kept until the command is gone. A claim that cannot be renewed ends by itself:
/// SIGTERM is then sent when a quarter of the renew deadline is left (or the grace, if that is less) and a
/// reserve of a twentieth, SIGKILL when the reserve is. A command that needs G to end well wants a renew deadline of
/// 4 G.
///
/// The command is told CLUSTER_LEADER_ELECTION, CLUSTER_LEADER_TERM and CLUSTER_LEADER_FENCING_TOKEN. It is a
/// process group of its own, and gets the signals that this process gets. Once it has ended, what it has started
/// and left behind is killed. Should this process be killed, the command is too.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// How long the command may take to end
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    grace: Duration,
    /// Whether the command is started again when it has ended by itself while this process leads
    #[arg(long, value_enum, default_value = "never", value_name = "WHEN")]
    restart: Restart,
    /// The command and its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Whether a command that ended by itself is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Restart {
    /// This process ends as the command did
    Never,
    /// If its exit code is not 0, after a pause
    OnFailure,
    /// After a pause
    Always,
}

/// What wakes the supervisor.
enum News {
    /// This process got a signal.
    Signal(i32),
    /// The election has news.
    Election,
}

/// Runs the command until it, or a signal, ends this.
pub(crate) fn run(settings: &Settings, arguments: &Arguments) -> Result<u8, Failure> {
    child::adopt_orphans()?;
    let (tell, news) = mpsc::channel();
    // Before the election: from here on no signal ends this process without a release.
    forward_signals(tell.clone())?;
    let options = settings.options_to_stand()?.defer_step_down().works_in_children();
    let elector = Arc::new(Elector::start(options)?);
    forward_changes(Arc::clone(&elector), tell)?;
    let code = Supervisor::new(&elector, arguments).supervise(&news);
    child::take_terminal_back();
    cluster_leader::shutdown(Duration::from_secs(1));
    Ok(code)
}

fn forward_signals(tell: Sender<News>) -> Result<(), Failure> {
    let wanted = [SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH];
    let mut signals =
        Signals::new(wanted).map_err(|error| Failure::new(format!("signals cannot be awaited: {error}")))?;
    in_a_thread("signals", move || {
        for signal in &mut signals {
            if tell.send(News::Signal(signal)).is_err() {
                return;
            }
        }
    })
}

fn forward_changes(elector: Arc<Elector>, tell: Sender<News>) -> Result<(), Failure> {
    const NOW_AND_THEN: Duration = Duration::from_secs(3600);
    in_a_thread("changes", move || {
        let mut seen = 0;
        loop {
            let status = elector.wait_for_change(seen, NOW_AND_THEN);
            seen = status.version;
            if tell.send(News::Election).is_err() || status.state == State::Stopped {
                return;
            }
        }
    })
}

fn in_a_thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| Failure::new(format!("no thread for {name}: {error}")))
}
