//! Where log lines go: to a function of the host, else to Java once it has asked for them, else to
//! standard error.

mod callback;
mod level;
mod waiting;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cluster_leader::surface::PerProcess;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

pub(crate) use callback::{Callback, close, set};
pub(crate) use level::set_finest;
use waiting::Waiting;

static FOR_JAVA: AtomicBool = AtomicBool::new(false);
static WAITING: PerProcess<Mutex<Waiting>> = PerProcess::new(Mutex::default);

/// Sees to it that log lines go somewhere. Needed once, before the first of them.
pub(crate) fn install() {
    // Not a Once: a child forked while its parent is in here would wait for ever.
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    if !INSTALLED.swap(true, Ordering::Relaxed) {
        // It fails only if there is a subscriber already, and that one is as good.
        drop(tracing::subscriber::set_global_default(Lines));
    }
}

/// From here on, lines wait for Java.
pub(crate) fn keep_for_java() {
    FOR_JAVA.store(true, Ordering::Relaxed);
}

/// Whether a line waits for Java.
pub(crate) fn is_waiting() -> bool {
    !waiting().is_empty()
}

/// The oldest line that waits for Java: its level, a tab, its message.
pub(crate) fn take() -> Option<String> {
    waiting().take().map(|line| format!("{}\t{}", line.level, line.message))
}

fn waiting() -> MutexGuard<'static, Waiting> {
    WAITING.get().lock().unwrap_or_else(PoisonError::into_inner)
}

fn deliver(level: Level, message: &str) {
    if callback::take_in(level, message) {
        return;
    }
    if FOR_JAVA.load(Ordering::Relaxed) {
        waiting().put(level, message);
        cluster_leader::wake_waiters();
    } else {
        print(level, message);
    }
}

/// In one piece, and past the lock of Rust's standard error: lines of several processes do not mix,
/// and a child forked while its parent writes one does not wait for ever.
fn print(level: Level, message: &str) {
    let line = format!("cluster-leader {level} {message}\n");
    // Where standard error is closed there is nobody left to tell.
    let _ = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
}

/// Turns what this project logs into lines. What its dependencies log is for their developers.
struct Lines;

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let (library, election) = ("cluster_leader", "election");
        let of = |name: &str| {
            let rest = metadata.target().strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        *metadata.level() <= level::finest() && metadata.is_event() && (of(library) || of(election))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(level::finest())
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        deliver(*event.metadata().level(), &message.0);
    }

    // Spans are never enabled.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// An event's message, on one line, then its other fields.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = match field.name() {
            "message" => format!("{value:?}"),
            name => format!(" {name}={value:?}"),
        };
        // A server's answer may be quoted in it: nothing in it begins a line of its own.
        for character in text.chars() {
            if character.is_control() {
                self.0.extend(character.escape_default());
            } else {
                self.0.push(character);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test for all that is global.
    #[test]
    fn our_lines_go_to_java_once_it_asked_and_nobody_elses() {
        install();
        keep_for_java();
        tracing::info!("{} and {}\nlines\tof it", 1, "more");
        tracing::warn!(target: "cluster_leader::driver", place = "here", "told");
        tracing::error!(target: "election", "told too");
        tracing::debug!("too fine");
        tracing::error!(target: "cluster_leaders", "not ours");
        tracing::error!(target: "kube_client::client", "not ours");
        tracing::error_span!("a span").in_scope(|| tracing::info!("in a span"));
        assert!(is_waiting());
        let lines: Vec<_> = std::iter::from_fn(take).collect();
        assert_eq!(
            lines,
            [
                "INFO\t1 and more\\nlines\\tof it",
                "WARN\ttold place=\"here\"",
                "ERROR\ttold too",
                "INFO\tin a span"
            ]
        );
        assert!(!is_waiting());
        for (finest, expected) in [
            (LevelFilter::DEBUG, vec!["ERROR\tsevere", "DEBUG\tfine"]),
            (LevelFilter::ERROR, vec!["ERROR\tsevere"]),
            (LevelFilter::OFF, vec![]),
            (LevelFilter::INFO, vec!["ERROR\tsevere"]),
        ] {
            set_finest(finest);
            tracing::error!("severe");
            tracing::debug!("{}", if finest == LevelFilter::DEBUG { "fine" } else { panic!("made in vain") });
            assert_eq!(std::iter::from_fn(take).collect::<Vec<_>>(), expected, "{finest}");
        }
    }
}
