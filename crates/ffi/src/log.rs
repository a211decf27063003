//! Where log lines go: to standard error, or to Java once it has asked for them.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

static FOR_JAVA: AtomicBool = AtomicBool::new(false);
static WAITING: Mutex<Waiting> = Mutex::new(Waiting { lines: VecDeque::new(), lost: 0 });

/// Sees to it that log lines go somewhere. Needed once, before the first of them.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // It fails only if there is a subscriber already, and that one is as good.
        drop(tracing::subscriber::set_global_default(Lines));
    });
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
    waiting().take()
}

fn waiting() -> MutexGuard<'static, Waiting> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn deliver(level: Level, message: &str) {
    if FOR_JAVA.load(Ordering::Relaxed) {
        waiting().put(format!("{level}\t{message}"));
        cluster_leader::wake_waiters();
    } else {
        // Where standard error is closed there is nobody left to tell.
        drop(writeln!(io::stderr(), "cluster-leader {level} {message}"));
    }
}

/// Lines that nobody has taken yet: the newest ones, if there are too many.
struct Waiting {
    lines: VecDeque<String>,
    lost: u64,
}

impl Waiting {
    const MOST: usize = 1000;

    fn put(&mut self, line: String) {
        if self.lines.len() >= Self::MOST {
            self.lines.pop_front();
            self.lost += 1;
        }
        self.lines.push_back(line);
    }

    fn take(&mut self) -> Option<String> {
        match std::mem::take(&mut self.lost) {
            0 => self.lines.pop_front(),
            lost => Some(format!("WARN\t{lost} older log lines were lost, because nobody took them in time")),
        }
    }

    fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
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
        *metadata.level() <= Level::INFO && metadata.is_event() && (of(library) || of(election))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
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

    #[test]
    fn only_the_newest_lines_are_kept_and_the_loss_is_told() {
        let mut waiting = Waiting { lines: VecDeque::new(), lost: 0 };
        assert_eq!(waiting.take(), None);
        for number in 0..Waiting::MOST + 3 {
            waiting.put(number.to_string());
        }
        assert_eq!(
            waiting.take().unwrap(),
            "WARN\t3 older log lines were lost, because nobody took them in time"
        );
        for number in 3..Waiting::MOST + 3 {
            assert_eq!(waiting.take().unwrap(), number.to_string());
        }
        assert!(waiting.is_empty());
        assert_eq!(waiting.take(), None);
    }

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
    }
}
